"""The sectors in which bodies work: a table that people extend, read and checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType

import yaml

from comity.base.errors import Malformed


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector, and the text that names it."""

    id: str
    title: str
    source: str
    since: date


def _read() -> tuple[Sector, ...]:
    text = files("comity.node.parties").joinpath("data/sectors.yaml").read_text(encoding="utf-8")
    return tuple(Sector(**row) for row in yaml.safe_load(text))


SECTORS: Mapping[str, Sector] = MappingProxyType({each.id: each for each in _read()})


def read_sectors(given: Iterable[str]) -> tuple[str, ...]:
    """The ids in the order of the table, each once; raises `Malformed` for one that is not in it."""
    wanted = set(given)
    unknown = wanted - SECTORS.keys()
    if unknown:
        raise Malformed("sectors", f"there is no sector {min(unknown)!r}; see data/sectors.yaml")
    return tuple(each for each in SECTORS if each in wanted)
