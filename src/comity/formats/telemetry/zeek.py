"""Zeek's own logs: columns by tabs under a header, which may change in the middle of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from comity.base.layouts import ROW
from comity.formats.telemetry.blocks import NEWLINE, Block
from comity.formats.telemetry.cells import Cells
from comity.formats.telemetry.columns import TEXTS
from comity.formats.telemetry.tables import Kind
from comity.formats.telemetry.tally import Tally

MOST_FIELDS = 2_000
_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\\\")


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines that begin with `#` say; of each the last one holds."""

    path: str = ""
    fields: tuple[str, ...] = ()
    separator: str = "\t"
    within: str = ","  # between the items of a set or a vector
    empty: str = "(empty)"
    unset: str = "-"

    def with_line(self, line: str) -> Header:
        """What holds after one more line."""
        name, _, said = (
            line[1:].rstrip("\r\n").partition(" " if line.startswith("#separator") else self.separator)
        )
        if name == "separator":  # a new header begins: what an earlier one said is over
            one = unescaped(said)[:1]
            return Header(separator=one if one and one.isascii() else "\t")
        if name == "fields":
            return replace(self, fields=tuple(said.split(self.separator)))
        changed = _SAID.get(name)
        return changed(self, said) if changed and said else self

    @property
    def text(self) -> str:
        """The lines that say all of it."""
        if not self.fields:
            return ""
        told = {
            "path": self.path,
            "set_separator": self.within,
            "empty_field": self.empty,
            "unset_field": self.unset,
        }
        lines = [f"#separator {escaped(self.separator)}"]
        lines += [self.separator.join((f"#{name}", said)) for name, said in told.items()]
        return "\n".join([*lines, self.separator.join(("#fields", *self.fields))]) + "\n"

    @classmethod
    def of(cls, text: str) -> Header:
        """What such lines say."""
        header = cls()
        for line in text.splitlines():
            header = header.with_line(line)
        return header

    @property
    def usable(self) -> bool:
        """Whether rows can be read under it."""
        return 0 < len(self.fields) == len(set(self.fields)) <= MOST_FIELDS


_SAID: Mapping[str, Callable[[Header, str], Header]] = {
    "path": lambda header, said: replace(header, path=said),
    "set_separator": lambda header, said: replace(header, within=said),
    "empty_field": lambda header, said: replace(header, empty=said),
    "unset_field": lambda header, said: replace(header, unset=said),
}


@dataclass(slots=True)
class ZeekRows:
    """Reads block after block; `header` is what held at the end of the last."""

    source: str
    tally: Tally
    header: Header = field(default_factory=Header)

    def read(
        self, block: Block, kinds: Callable[[Header], Mapping[str, Kind]]
    ) -> Iterator[tuple[Header, pl.DataFrame]]:
        """The rows under each header; `kinds` says which fields are wanted under it."""
        for part in self._parts(block):
            header, wanted = self.header, kinds(self.header)
            if not header.usable:
                for number, line in part.lines():
                    self.tally.note(self.source, number, "stands under no header with names.", line)
                continue
            cells = Cells(header.fields, header.separator, quote="", wanted=frozenset(wanted))
            found = cells.read(part, self.source, self.tally)
            yield (
                header,
                found.select(
                    ROW,
                    *(_field(found[name], wanted[name], header) for name in wanted if name in found.columns),
                ),
            )

    def _parts(self, block: Block) -> Iterator[Block]:
        """The rows between lines that begin with `#`, which are read on the way."""
        body, at, first = block.body, 0, block.first
        while at < len(body):
            if body.startswith(b"#", at):
                end = body.find(NEWLINE, at) + 1 or len(body)
                self.header = self.header.with_line(body[at:end].decode("utf-8", "backslashreplace"))
                at, first = end, first + 1
                continue
            # One byte is looked for many times as fast as two.
            end = (body.find(b"\n#", at) + 1 if body.find(b"#", at) >= 0 else 0) or len(body)
            part = Block(body[at:end], first) if end - at < len(body) else block
            yield part
            at, first = end, first + part.count


def unescaped(text: str) -> str:
    r"""The text that Zeek wrote with `\xHH` for bytes and two backslashes for one."""
    whole = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"\\", text.encode())
    return whole.decode("utf-8", "backslashreplace")


def escaped(text: str) -> str:
    r"""The text with `\xHH` for each byte, as Zeek writes its separator."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _field(column: pl.Series, kind: Kind, header: Header) -> pl.Series:
    column = column.set(column == header.unset, None)
    if kind is not Kind.TEXTS:
        return _plain(column.set(column == header.empty, ""))
    empty = column == header.empty
    items = column.str.split(header.within)
    if column.str.contains("\\", literal=True).any():
        items = items.list.eval(pl.element().map_batches(_plain, return_dtype=pl.String))
    items = items.list.eval(pl.when(pl.element() != header.unset).then(pl.element()))
    return (
        pl.select(pl.when(empty).then(pl.lit([], dtype=TEXTS)).otherwise(items))
        .to_series()
        .alias(column.name)
    )


def _plain(column: pl.Series) -> pl.Series:
    """The column without escapes; few rows have any."""
    escaped = column.str.contains("\\", literal=True).fill_null(value=False)
    if not escaped.any():
        return column
    plain = pl.Series([unescaped(each) for each in column.filter(escaped)], dtype=pl.String)
    return column.scatter(escaped.arg_true(), plain)
