"""Objects of JSON, one by one: what each holds at the names of a format; exact, and slow.

It is what the fast reading of whole columns falls back to for a block with trouble, and what it is held to.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import polars as pl

from comity.base.layouts import ROW
from comity.formats.telemetry.blocks import Block
from comity.formats.telemetry.columns import TEXTS
from comity.formats.telemetry.tables import Kind
from comity.formats.telemetry.tally import Tally

ITEMS = "[]"  # at the end of a step: a list, of which each item is entered
_MARK = b"\xef\xbb\xbf"  # of UTF-8, before the first character
_STRANGE = "comity.json-bytes"


def _as_text(error: UnicodeError) -> tuple[str, int]:
    r"""A byte that is no UTF-8 stands as the text `\xHH`, whose backslash JSON writes twice."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101  it is only ever named for decoding
    return "".join(f"\\\\x{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_STRANGE, _as_text)


def steps_of(name: str, *, flat: bool) -> tuple[str, ...]:
    """The way to a field: one name where the log writes flat ones, else a name for each object on the way."""
    return (name,) if flat else tuple(name.split("."))


def objects(block: Block, source: str, tally: Tally) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line that is an object, with its number; the others are noted."""
    for number, line in block.lines():
        text = readable(line.removeprefix(_MARK) if number == 1 else line, tally)
        try:
            found = msgspec.json.decode(text)
        except (ValueError, RecursionError) as error:
            tally.note(source, number, f"is no JSON: {str(error).rstrip('.')}.", line)
            continue
        if isinstance(found, dict):
            yield number, found
        else:
            tally.note(source, number, "is no JSON object.", line)


def rows(block: Block, fields: Mapping[str, Kind], source: str, tally: Tally, *, flat: bool) -> pl.DataFrame:
    """The fields of every object, as texts and lists of texts."""
    found = list(objects(block, source, tally))
    columns = [pl.Series(ROW, [number for number, _ in found], dtype=pl.UInt64)]
    for name, kind in fields.items():
        steps = steps_of(name, flat=flat)
        taken = (_reach(one, steps) for _, one in found)
        if kind is Kind.TEXTS:
            columns.append(pl.Series(name, [_texts(each) for each in taken], dtype=TEXTS))
        else:
            columns.append(pl.Series(name, [_text(each) for each in taken], dtype=pl.String))
    return pl.DataFrame(columns)


def readable(line: bytes, tally: Tally) -> bytes:
    """The line as UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        tally.strange += 1
        return line.decode("utf-8", _STRANGE).encode()
    return line


def _reach(value: object, steps: tuple[str, ...]) -> object:
    for at, step in enumerate(steps):
        value = value.get(step.removesuffix(ITEMS)) if isinstance(value, dict) else None
        if step.endswith(ITEMS):
            rest = steps[at + 1 :]
            return [_reach(each, rest) for each in value] if isinstance(value, list) else None
    return value


def _text(value: object) -> str | None:
    """A text as it is, and anything else as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()


def _texts(value: object) -> list[str | None] | None:
    """A list of texts; a single value is a list of one."""
    if value is None:
        return None
    return [_text(each) for each in (value if isinstance(value, list) else [value])]
