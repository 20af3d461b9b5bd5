"""Which format a log is of: by its first bytes, the names in its first rows, and the name of its file."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import PurePath
from typing import Any

import msgspec
import polars as pl

from comity.formats.telemetry.json_array import ArrayLines
from comity.formats.telemetry.tables import Format, Framing
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.zeek import Header

HEAD = 1 << 18  # bytes that are looked at
_MOST_LINES = 100
_DEEPEST = 8
_PARQUET, _ARROW = b"PAR1", b"ARROW1"


class Shape(Enum):
    """What the bytes are."""

    PARQUET = "Parquet"
    ARROW = "Arrow"
    OBJECTS = "lines of JSON"
    ARRAY = "an array of JSON"
    ZEEK = "a log of Zeek"
    TEXT = "lines of text"

    @property
    def is_stored(self) -> bool:
        """Whether it is a table of columns, which is read from its end."""
        return self in {Shape.PARQUET, Shape.ARROW}


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a log, as whole lines, and what it is called."""

    body: bytes
    source: str

    @property
    def shape(self) -> Shape:
        """By the first bytes alone."""
        start = self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:8]
        for mark, shape in _MARKS.items():
            if start.startswith(mark):
                return shape
        return Shape.TEXT

    def lines(self) -> list[bytes]:
        """The first lines that say something."""
        cut = len(self.body) >= HEAD  # within a line
        whole = (self.body[: self.body.rfind(b"\n") + 1] if cut else b"") or self.body
        return [line for line in whole.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()][
            :_MOST_LINES
        ]


_MARKS: Mapping[bytes, Shape] = {
    _PARQUET: Shape.PARQUET,
    _ARROW: Shape.ARROW,
    b"{": Shape.OBJECTS,
    b"[{": Shape.ARRAY,
    b"[\n": Shape.ARRAY,
    b"[\r": Shape.ARRAY,
    b"[ ": Shape.ARRAY,
    b"#separa": Shape.ZEEK,
    b"#fields": Shape.ZEEK,
}


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a log shows of itself."""

    source: str
    names: Collection[str]
    path: str = ""  # of Zeek
    objects: tuple[Mapping[str, Any], ...] = ()


def recognised(head: Head, known: Iterable[Format]) -> Format | None:
    """The format for which most speaks; None where something speaks against each."""
    shown = _shown(head)
    return _best(
        (each, signs) for each in known if each.is_shown and (signs := _signs(each, head, shown)) is not None
    )


def recognised_columns(names: Collection[str], source: str, known: Iterable[Format]) -> Format | None:
    """The same for a table that has columns already."""
    return _best((each, _Signs(source, names)) for each in known if each.marks.keys)


def is_flat(head: Head, format_: Format) -> bool:
    """Whether the objects have names with dots where the table means objects within objects."""
    dotted = {name for name in format_.stored if "." in name}
    return format_.framing is Framing.ZEEK or any(not dotted.isdisjoint(each) for each in _objects(head))


def _best(those: Iterable[tuple[Format, _Signs]]) -> Format | None:
    weights = [(weight, each) for each, signs in those if (weight := _weight(each, signs)) is not None]
    return max(weights, key=lambda pair: pair[0])[1] if weights else None


def _weight(format_: Format, signs: _Signs) -> int | None:
    """How much speaks for it; None where something speaks against it."""
    marks = format_.marks
    called = any(fnmatchcase(PurePath(signs.source).name.lower(), each) for each in marks.names)
    if format_.given and not called:  # nothing else tells a table without a header
        return None
    if marks.path and signs.path and marks.path != signs.path:
        return None
    if not set(signs.names).issuperset(marks.keys):
        return None
    if not all(_has_word(signs.objects, key, words) for key, words in marks.words.items()):
        return None
    by_path = bool(marks.path) and marks.path == signs.path
    return len(marks.keys) + len(format_.expressions) + 10 * len(marks.words) + 100 * called + 1_000 * by_path


def _shown(head: Head) -> _Signs | None:
    """What there is to see without a format in mind."""
    if head.shape is Shape.ZEEK:
        header = Header()
        for line in head.lines():
            header = header.with_line(line.decode("utf-8", "replace")) if line.startswith(b"#") else header
        return _Signs(head.source, header.fields, header.path)
    if head.shape in {Shape.OBJECTS, Shape.ARRAY}:
        objects = _objects(head)
        names = {name for each in objects for name in _names(each)}
        path = next((each["_path"] for each in objects if isinstance(each.get("_path"), str)), "")
        return _Signs(head.source, names, path, objects)
    return None


def _signs(format_: Format, head: Head, shown: _Signs | None) -> _Signs | None:
    """What a log shows to whoever looks for this format; None where it is framed otherwise."""
    match head.shape, format_.framing:
        case (Shape.ZEEK, Framing.ZEEK) | (Shape.OBJECTS | Shape.ARRAY, Framing.ZEEK | Framing.JSON):
            return shown
        case Shape.TEXT, Framing.CSV:
            return _Signs(head.source, names) if (names := header_of(format_, head)) else None
        case Shape.TEXT, Framing.LINES:
            return _Signs(head.source, format_.fields) if _is_matched(format_, head) else None
        case _:
            return None


def header_of(format_: Format, head: Head) -> tuple[str, ...]:
    """The names of its columns, as given or as its first line says; nothing where it has none."""
    if format_.given:
        return format_.given
    for line in head.lines():
        text = line.decode("utf-8", "backslashreplace")
        if format_.comment and text.startswith(format_.comment):
            continue
        return _split(text, format_.separator)
    return ()


def _split(text: str, separator: str) -> tuple[str, ...]:
    """The cells of a line; SiLK and others fill them up with spaces."""
    try:
        cells = next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return ()
    return tuple(cell.strip() for cell in cells)


def _is_matched(format_: Format, head: Head) -> bool:
    """Whether most of its first lines have the form of one of the expressions."""
    lines = [line.decode("utf-8", "backslashreplace") for line in head.lines()]
    texts = pl.Series([each for each in lines if not (format_.comment and each.startswith(format_.comment))])
    if texts.is_empty():
        return False
    holds = [texts.str.contains(each) for each in format_.expressions]
    return 2 * sum(any(each) for each in zip(*holds, strict=True)) > len(texts)


def _objects(head: Head) -> tuple[dict[str, Any], ...]:
    lines = head.lines()
    if head.shape is Shape.ARRAY:
        lines = ArrayLines(BytesIO(head.body), head.source, Tally()).read(HEAD).splitlines()
    return tuple(each for line in lines[:_MOST_LINES] if isinstance(each := _decoded(line), dict))


def _decoded(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return None


def _names(value: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Every name, with those of the objects on the way before it."""
    for name, inner in value.items():
        yield before + name
        if isinstance(inner, dict) and before.count(".") < _DEEPEST:
            yield from _names(inner, f"{before}{name}.")


def _has_word(objects: Iterable[Mapping[str, Any]], key: str, words: Collection[str]) -> bool:
    return any(_at(each, key) in words for each in objects)


def _at(value: object, key: str) -> str:
    """What stands at a name with dots, whether they lead into objects or not."""
    if isinstance(value, dict) and key not in value:
        first, _, rest = key.partition(".")
        return _at(value.get(first), rest) if rest else ""
    return str(value[key]) if isinstance(value, dict) else ""
