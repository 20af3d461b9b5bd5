"""Finding a name in a text whatever its case, accents, width, spacing and hidden characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

# Closed up ("acmepower" for "Acme Power"), a shorter name would be found by chance across two words.
SHORTEST_CLOSED_UP = 8


def folded(text: str) -> str:
    """The text as it is compared: no marks, no case, one space for any white space."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())  # the same for these characters, and 20 times as fast
    return "".join(letter for letter, _ in _letters(text)).strip()


def occur(names: Iterable[str], text: str) -> bool:
    """Whether one of the folded `names` is anywhere in `text`, inside words and web addresses too."""
    plain = f"{folded(text)}\n{folded(unquote(text))}"
    closed = closed_up(plain)
    return any(name in plain or _occurs_closed_up(name, closed) for name in names)


def without_words(text: str, names: Iterable[str], mark: str) -> str:
    """The text with every whole-word occurrence of the folded `names` replaced by `mark`."""
    letters = list(_letters(text))
    plain = "".join(letter for letter, _ in letters)
    starts = [start for _, start in letters] + [len(text)]
    spans = _merged(sorted(span for name in names for span in _whole_words(plain, name)))
    pieces, done = [], 0
    for first, last in spans:
        pieces += [text[done : starts[first]], mark]
        done = starts[last]
    return "".join([*pieces, text[done:]])


def _letters(text: str) -> Iterator[tuple[str, int]]:
    """Each compared letter with the place in `text` that it stands for."""
    spaced = False
    for place, character in enumerate(text):
        for letter in _fold(character):
            if letter != " " or not spaced:
                yield letter, place
            spaced = letter == " "


@lru_cache(maxsize=65_536)
def _fold(character: str) -> str:
    """What one character is compared as: nothing for accents and for characters that nobody sees."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(
        " " if letter.isspace() else letter
        for letter in decomposed
        if unicodedata.category(letter) not in {"Mn", "Me", "Cf", "Cc"} or letter.isspace()
    )


def _whole_words(plain: str, name: str) -> Iterator[tuple[int, int]]:
    start = plain.find(name)
    while start >= 0:
        end = start + len(name)
        if not plain[start - 1 : start].isalnum() and not plain[end : end + 1].isalnum():
            yield start, end
        start = plain.find(name, start + 1)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _occurs_closed_up(name: str, closed: str) -> bool:
    wanted = closed_up(name)
    return len(wanted) >= SHORTEST_CLOSED_UP and wanted in closed


def closed_up(plain: str) -> str:
    """The letters and digits of a text, without what stands between them."""
    return "".join(letter for letter in plain if letter.isalnum())
