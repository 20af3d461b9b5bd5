"""Lists of values that are known to be good: what a list of that kind says, in whatever format it came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Manner(Enum):
    """How an entry of a list is compared with a value."""

    EXACT = "string"
    BENEATH = "hostname"  # the name, and all names beneath it
    NETWORK = "cidr"
    PART = "substring"
    EXPRESSION = "regex"


class Sort(Enum):
    """What kinds of values a list speaks of."""

    ADDRESS = "address"
    NAME = "name"
    URL = "url"
    HASH = "hash"
    EMAIL = "email"
    FILE = "file"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KnownList:
    """One list; without `sorts` it speaks of all values."""

    name: str
    version: int
    manner: Manner
    sorts: frozenset[Sort]
    entries: tuple[str, ...]

    def speaks_of(self, sort: Sort) -> bool:
        """Whether an entry can mean a value of this sort."""
        return not self.sorts or sort in self.sorts
