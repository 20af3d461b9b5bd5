"""The states and territories of ISO 3166-1; the table and its source are in `data/`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Country:
    """A state or territory; to be listed says nothing about its legal status."""

    alpha2: str
    alpha3: str
    m49: str  # three digits, the number of ISO 3166-1 and of the United Nations' M49
    name: str  # in English


def _read() -> tuple[Country, ...]:
    text = files("comity.base").joinpath("data/countries.csv").read_text(encoding="utf-8")
    return tuple(Country(**row) for row in csv.DictReader(text.splitlines()))


COUNTRIES: Mapping[str, Country] = MappingProxyType({each.alpha2: each for each in _read()})
_BY_ANY_CODE = {code: each for each in COUNTRIES.values() for code in (each.alpha2, each.alpha3, each.m49)}


def find_country(code: str) -> Country | None:
    """The country with this alpha-2, alpha-3 or M49 code in any case; None if there is none."""
    return _BY_ANY_CODE.get(code.strip().upper())
