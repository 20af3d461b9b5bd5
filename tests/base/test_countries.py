from __future__ import annotations

import re

import pytest

from comity.base.countries import COUNTRIES, Country, find_country


def test_every_entry_of_iso_3166_1_is_there_once():
    every = list(COUNTRIES.values())
    assert len(every) == 249
    for codes in ({c.alpha2 for c in every}, {c.alpha3 for c in every}, {c.m49 for c in every}):
        assert len(codes) == 249
    assert len({c.name for c in every}) == 249


def test_codes_have_their_shapes():
    for country in COUNTRIES.values():
        assert re.fullmatch("[A-Z]{2}", country.alpha2)
        assert re.fullmatch("[A-Z]{3}", country.alpha3)
        assert re.fullmatch("[0-9]{3}", country.m49)
        assert country.name == country.name.strip() != ""


@pytest.mark.parametrize("code", ["PK", "pk", "PAK", "586", " pk "])
def test_a_country_is_found_by_any_of_its_codes(code):
    assert find_country(code) == Country("PK", "PAK", "586", "Pakistan")


# States that were renamed, divided or united: the code in force is the one that counts.
@pytest.mark.parametrize(
    ("alpha2", "alpha3", "m49"),
    [
        ("DE", "DEU", "276"),
        ("CD", "COD", "180"),
        ("SD", "SDN", "729"),
        ("YE", "YEM", "887"),
        ("ET", "ETH", "231"),
    ],
)
def test_codes_are_those_in_force(alpha2, alpha3, m49):
    country = COUNTRIES[alpha2]
    assert (country.alpha3, country.m49) == (alpha3, m49)


@pytest.mark.parametrize("code", ["", "XX", "XK", "EU", "YUG", "000", "Pakistan"])
def test_what_is_not_in_the_standard_is_not_found(code):
    assert find_country(code) is None
