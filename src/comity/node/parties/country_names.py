"""Names of states in the official languages of the United Nations and in Urdu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale

from comity.base.countries import COUNTRIES, Country


@dataclass(frozen=True, slots=True)
class Language:
    """A language in which names are known; `own_name` is what its speakers call it."""

    code: str
    own_name: str
    direction: str  # "ltr" or "rtl", as in HTML


# The six official languages of the United Nations, and Urdu.
_CODES = ("en", "ar", "zh", "fr", "ru", "es", "ur")


def _language(code: str) -> Language:
    locale = Locale(code)
    return Language(code, locale.get_display_name(code) or code, locale.text_direction)


LANGUAGES: Mapping[str, Language] = {code: _language(code) for code in _CODES}


@cache
def _names(language: str) -> Mapping[str, str]:
    ours = {country.alpha2: country.name for country in COUNTRIES.values()}
    if language not in LANGUAGES or language == "en":
        return ours
    theirs = Locale(language).territories
    return {code: theirs.get(code, name) for code, name in ours.items()}


def name_of(alpha2: str, language: str = "en") -> str:
    """The name of a state, in English where the language does not know it; the code itself if it is none."""
    return _names(language).get(alpha2, alpha2)


def countries_named(language: str, search: str = "") -> list[tuple[str, Country]]:
    """The states with their names in a language, by name; `search` looks into names and codes."""
    wanted = search.strip().casefold()
    named = [(name_of(country.alpha2, language), country) for country in COUNTRIES.values()]
    found = [
        (name, country)
        for name, country in named
        if wanted in f"{name}\n{country.name}\n{country.alpha2}\n{country.alpha3}\n{country.m49}".casefold()
    ]
    return sorted(found, key=lambda pair: pair[0].casefold())
