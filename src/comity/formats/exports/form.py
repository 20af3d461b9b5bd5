"""What every form takes: rows, and what is said of the whole file; and what a form offers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

MOST_SAID = 200  # characters of one text of others in a line


@dataclass(frozen=True, slots=True)
class Row:
    """One value with the object that seeks it; kinds are named as `comity.engines.patterns.kinds` does."""

    kind: str
    value: str
    ref: str
    name: str = ""
    type: str = "indicator"
    labels: tuple[str, ...] = ()
    confidence: int | None = None
    valid_from: str = ""
    valid_until: str = ""
    tlp: str = ""  # TLP:AMBER
    source: str = ""
    link: str = ""  # a page about it


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself; `left_out` counts by reason."""

    node: str
    body: str
    receiver: str
    at: datetime
    tlp: str
    count: int
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in words, each on one line."""
        out = (f"Left out: {number} {reason}" for reason, number in self.left_out)
        said = (
            f"{self.tlp or 'No label'}; {self.count} values",
            f"Made by {self.body} ({self.node}) for {self.receiver}",
            f"At {self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        return tuple(map(one_line, (*said, *out)))


@dataclass(frozen=True, slots=True)
class Written:
    """The lines of one part: how many bytes, and the bytes in pieces."""

    size: int
    pieces: Iterable[bytes]


class Form(Protocol):
    """A form of file."""

    @property
    def media(self) -> str:
        """Its media type."""
        ...

    @property
    def suffix(self) -> str:
        """How the names of such files end."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts into which lines go, in their order in the file."""
        ...

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """The part that the row belongs to, and its line; None where the form cannot say it."""
        ...

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """The whole file."""
        ...


def one_line(text: str) -> str:
    """The text without anything that ends a line, moves a cursor or is not shown, and not too long."""
    shown = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[: 4 * MOST_SAID])
    return " ".join(shown.split())[:MOST_SAID]


def remarks(about: About, mark: str) -> bytes:
    """What is said of the file, each line behind the sign of a remark."""
    return "".join(f"{mark} {line}\n" for line in about.lines).encode()
