"""Sensors and analysts report by the API what they saw and what is wrong."""

from __future__ import annotations

import pytest

from comity.node.exchange.models import Remark
from comity.node.exchange.services.comparing import compare_new
from comity.node.exchange.services.telling import begin_rule
from comity.node.parties.roles import Role
from tests.node.exchange.holding import from_elsewhere, indicator, own_work
from tests.node.exchange.test_recalls import given
from tests.node.exchange.test_scores import BAD, opinion, sighting
from tests.node.instruments.agreeing import sides_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def test_a_sensor_names_the_value_that_it_met(analyst, world):
    own_work(world, BAD, indicator("other"))
    answer = analyst.post("/reports", {"reports": [{"value": "bad.example", "count": 4}]})
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert len(told["objects"]) == 1
    read = analyst.get(f"/objects/{BAD['id']}/remarks").json()
    assert (read["seen"], read["remarks"][0]["object"]) == (4, told["objects"][0])
    assert sum(part["points"] for part in read["parts"]) == read["score"]
    assert analyst.get(f"/imports/{told['number']}").json()["new"] == 1


def test_an_object_that_nobody_scores_or_speaks_of(analyst, world):
    own_work(world, sighting("s", BAD))
    read = analyst.get(f"/objects/{sighting('s', BAD)['id']}/remarks").json()
    assert (read["score"], read["parts"], read["remarks"]) == (None, [], [])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 400),
        ({"object": BAD["id"], "value": "bad.example"}, 400),
        ({"value": "no value at all"}, 400),
        ({"value": "198.51.100.7"}, 404),
        ({"object": "indicator--nobody"}, 404),
        ({"object": BAD["id"], "what": "false-positive"}, 400),
        ({"object": BAD["id"], "last_seen": "2099-01-01T00:00:00Z"}, 400),
        ({"object": BAD["id"], "last_seen": "yesterday"}, 400),
        ({"object": BAD["id"], "tlp": "clear"}, 400),
        ({"object": BAD["id"], "where": "indicator--x"}, 201),
        ({"object": BAD["id"], "why": "nul \0 here"}, 400),
        ({"object": BAD["id"], "where": "nul \0 here"}, 400),
        ({"object": "nul \0"}, 400),
        ({"object": BAD["id"], "colour": "red"}, 400),
    ],
)
def test_what_cannot_be_reported_is_refused_whole(analyst, world, said, status):
    own_work(world, BAD)
    answer = analyst.post("/reports", {"reports": [{"object": BAD["id"]}, said]})
    assert answer.status_code == status, answer.content
    assert Remark.objects.count() == (2 if status == 201 else 0)


def test_the_giver_is_told_by_hand_or_by_rule(program, world, far):
    analyst = program(Role.ANALYST)
    sides = sides_of(world, far)
    sides.conclude()
    theirs = indicator("theirs")
    from_elsewhere(world, theirs, party=sides.party)
    analyst.post("/reports", {"reports": [{"object": theirs["id"]}]})
    assert analyst.post(f"/objects/{theirs['id']}/tell").status_code == 201
    assert analyst.post(f"/objects/{theirs['id']}/tell").status_code == 409
    begin_rule(actor=world.approver, party=sides.party, now=NOW)
    said = {"object": theirs["id"], "what": "false-positive", "why": "A resolver."}
    [told] = analyst.post("/reports", {"reports": [said]}).json()["told"]
    assert told["party"]["ref"] == sides.party.ref
    assert told["act"] or told["why"]
    [told] = analyst.post("/reports", {"reports": [said | {"tlp": "red"}]}).json()["told"]
    assert (told["act"], told["why"]["answer"]) == (None, "no")


def test_who_may_not_learns_nothing(observer, world):
    own_work(world, BAD, opinion("o", BAD, "agree"))
    assert observer.get(f"/objects/{BAD['id']}/remarks").status_code == 403
    assert observer.post("/reports", {"reports": [{"object": BAD["id"]}]}).status_code == 403
    assert observer.post(f"/objects/{BAD['id']}/tell").status_code == 403


def test_both_sides_of_a_contradiction(analyst, observer, world):
    own_work(world, BAD | {"confidence": 90})
    from_elsewhere(world, theirs := indicator("theirs", confidence=10) | {"pattern": BAD["pattern"]})
    assert analyst.get("/contradictions").json()["items"] == []
    compare_new(NOW)
    found = analyst.get("/contradictions").json()["items"]
    assert {each["object"] for each in found} == {BAD["id"], theirs["id"]}
    assert {each["rule"] for each in found} == {"confidence"}
    assert {side["object"] for side in (found[0]["one"], found[0]["other"])} == {BAD["id"], theirs["id"]}
    assert observer.get("/contradictions").status_code == 403


def test_a_change_of_our_own_work_is_brought_round(analyst, observer, world, far):
    sides = sides_of(world, far)
    sides.conclude()
    own_work(world, BAD)
    given(sides, BAD)
    at = f"/objects/{BAD['id']}"
    assert analyst.post(f"{at}/bring").status_code == 409
    answer = analyst.post(f"{at}/change", {"confidence": 55})
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["stricter"], len(told["brought"])) == (False, 1)
    assert told["brought"][0]["act"] or told["brought"][0]["why"]
    assert analyst.get(at).json()["object"]["confidence"] == 55
    assert analyst.post(f"{at}/change", {}).status_code == 400
    assert analyst.post(f"{at}/change", {"confidence": 101}).status_code == 400
    assert analyst.post(f"{at}/change", {"valid_until": "soon"}).status_code == 400
    assert observer.post(f"{at}/change", {"confidence": 5}).status_code == 403
    own_work(world, BAD | {"confidence": 7, "modified": "2099-01-01T00:00:00.000Z"})
    assert len(analyst.post(f"{at}/bring").json()["brought"]) == 1
    assert analyst.post(f"{at}/change", {"confidence": 5}).status_code == 409
