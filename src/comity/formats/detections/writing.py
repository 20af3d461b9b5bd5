"""What every kind of file of matches offers: it takes one after the other, and ends."""

from __future__ import annotations

import json
from enum import Enum
from typing import Protocol

import msgspec

from comity.base.matches import Match

_encode = msgspec.json.Encoder().encode


class Kind(Enum):
    """The kinds of files."""

    JSON = "json"  # one object to a line
    CSV = "csv"
    PARQUET = "parquet"
    STIX = "stix"  # a bundle of sightings


class Sink(Protocol):
    """Where bytes go: a file that is open for writing."""

    def write(self, content: bytes, /) -> int:
        """Write the bytes, all of them."""


class Writer(Protocol):
    """Takes matches in any number."""

    def add(self, match: Match) -> None:
        """Write one match, or keep it until others follow."""

    def end(self) -> None:
        """Write what is left; without it a file is not whole."""


def encoded(value: object) -> bytes:
    """The value as JSON; of half a character, which a stranger's text may hold, a question mark is left."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
