"""Files for devices hold what is worth acting on now, value by value."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.node.exchange.reports import What
from comity.node.exchange.services.exporting import standing
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.test_exporting import values, written
from tests.node.exchange.test_scores import BAD, opinion, reported, sighting, told_by_far
from tests.node.world import NOW

FALSE = What.FALSE_POSITIVE

pytestmark = pytest.mark.django_db
BOTH = "[domain-name:value = 'two.example' OR file:hashes.MD5 = '44d88612fea8a8f36de82e1278abb02f']"


def later(world, days, name="list-domain", **more):
    return values(world, name, now=NOW + timedelta(days=days), **more)


def test_what_has_grown_old_is_left_out(world):
    own_work(world, BAD, indicator("weak", confidence=20))
    assert values(world, least_score=60) == ["bad.example"]
    assert later(world, 100, least_score=60) == []
    assert later(world, 100) == ["bad.example", "weak.example"]
    assert "values below the score 60" in written(world, least_score=60)


def test_a_sighting_brings_it_back_and_our_own_doubt_takes_it_out(world):
    own_work(world, BAD)
    assert later(world, 100, least_score=60) == []
    reported(world, now=NOW + timedelta(days=99))
    assert later(world, 100, least_score=60) == ["bad.example"]
    reported(world, what=FALSE, why="Ours.", now=NOW + timedelta(days=99))
    assert later(world, 100, least_score=1) == []


def test_each_value_grows_old_as_its_own_kind(world):
    own_work(world, indicator("two") | {"pattern": BOTH})
    assert later(world, 100, least_score=60) == []
    assert later(world, 100, "list-md5", least_score=60) == ["44d88612fea8a8f36de82e1278abb02f"]


def test_a_partner_learns_nothing_of_what_others_reported(agreed):
    own_work(agreed.world, BAD)
    before = written(agreed.world, partner=agreed.party, least_score=60)
    told_by_far(agreed, sighting("s", BAD), opinion("f", BAD, "strongly-disagree", labels=["false-positive"]))
    reported(agreed.world, what=FALSE, why="Ours.")
    assert written(agreed.world, partner=agreed.party, least_score=60) == before
    assert values(agreed.world, least_score=1) == []


def test_whoever_polls_looks_again_in_the_next_hour(world):
    own_work(world, BAD)
    plain = standing("list-domain", actor=world.analyst, now=NOW)
    asked = standing("list-domain", actor=world.analyst, least_score=60, now=NOW)
    assert plain != asked
    reported(world)
    assert standing("list-domain", actor=world.analyst, least_score=60, now=NOW) != asked
