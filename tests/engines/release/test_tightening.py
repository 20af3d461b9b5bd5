"""In which ways a version is stricter than the one before it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.iep import Iep
from comity.engines.release.terms import Category
from comity.engines.release.tightening import Tightening, tightened
from tests.engines.release.given import IEP

POLICY = Iep.from_json(IEP)
MARKING, REVOKED, VALIDITY = Tightening.MARKING, Tightening.REVOKED, Tightening.VALIDITY
MAY, JUNE = date(2026, 5, 3), date(2026, 6, 3)


def handling(**facts: Any) -> Handling:
    told: dict[str, Any] = {
        "category": Category.INDICATOR,
        "ownership": Ownership.OWN,
        "origin": "x",
        "tlp": Tlp.GREEN,
    }
    return Handling(**{**told, **facts})


@pytest.mark.parametrize(
    ("before", "after", "ways"),
    [
        ({}, {}, set()),
        ({}, {"tlp": Tlp.AMBER}, {MARKING}),
        ({"tlp": Tlp.AMBER}, {}, set()),
        ({}, {"tlp": None}, {MARKING}),
        ({"tlp": None}, {"tlp": Tlp.RED}, set()),
        ({"tlp": None}, {"tlp": None}, set()),
        ({}, {"policies": frozenset({POLICY})}, {MARKING}),
        ({"policies": frozenset({POLICY})}, {}, set()),
        ({}, {"unknown_markings": frozenset({"m"})}, {MARKING}),
        ({"named": frozenset({"a", "b"})}, {"named": frozenset({"a"})}, {MARKING}),
        ({"named": frozenset({"a"})}, {"named": frozenset({"a", "b"})}, set()),
        ({}, {"revoked": True}, {REVOKED}),
        ({"revoked": True}, {"revoked": True}, set()),
        ({"revoked": True}, {}, set()),
        ({}, {"expires": MAY}, {VALIDITY}),
        ({"expires": JUNE}, {"expires": MAY}, {VALIDITY}),
        ({"expires": MAY}, {"expires": JUNE}, set()),
        ({"expires": MAY}, {}, set()),
        ({"expires": JUNE}, {"tlp": Tlp.RED, "revoked": True, "expires": MAY}, {MARKING, REVOKED, VALIDITY}),
    ],
)
def test_ways(before, after, ways):
    assert tightened(handling(**before), handling(**after)) == ways


def test_each_way_has_its_words():
    assert len({way.words for way in Tightening}) == len(Tightening)
