"""Plain lists, one value on a line, remarks behind `#`: what nearly every firewall and proxy reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from comity.formats.exports import fitting
from comity.formats.exports.form import About, Row, Written, remarks

Fits = Callable[[Row], str | None]


@dataclass(frozen=True, slots=True)
class PlainList:
    """A list of what fits."""

    fits: Fits
    media: str = "text/plain; charset=utf-8"
    suffix: str = "txt"
    parts: tuple[str, ...] = ("values",)

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """The value on its line."""
        text = self.fits(row)
        return None if text is None else ("values", f"{text}\n".encode())

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """What the list is, and the lines."""
        yield remarks(about, "#")
        yield from written["values"].pieces


def an_address(row: Row) -> str | None:
    """An address, or a network with its length."""
    network = fitting.address(row.kind, row.value)
    return None if network is None else fitting.written_address(network)


def a_name(row: Row) -> str | None:
    """A domain; one that is sought with all beneath it has a dot before it."""
    name = fitting.name(row.kind, row.value)
    return name and (f".{name}" if row.kind == "domain-tree" else name)


def a_url(row: Row) -> str | None:
    """A URL with its scheme."""
    return fitting.url(row.kind, row.value)


def a_digest(kind: str) -> Fits:
    """A digest of this algorithm."""
    return lambda row: fitting.digest(row.kind, row.value) if row.kind == kind else None
