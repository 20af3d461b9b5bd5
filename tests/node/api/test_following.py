"""Recalls, stricter versions and rules of telling by the API: as their pages show and do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node.exchange.models import StricterFor, TellingRule
from comity.node.parties.actors import Actor
from tests.node.api.test_acts import by_person
from tests.node.exchange.holding import from_far, indicator, own_work
from tests.node.exchange.test_recalls import asked_back, basis, given, recalled
from tests.node.exchange.test_stricter import follow, newer
from tests.node.instruments.agreeing import Sides

pytestmark = pytest.mark.django_db
MINE = indicator("mine", Tlp.GREEN)


def sent(actor: Actor, path: str) -> Any:
    return by_person(actor, f"/api/v1{path}", b"{}", csrf=True)


@pytest.fixture
def having(agreed: Sides) -> Sides:
    """A partner that receipted an object marked TLP:GREEN."""
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    follow()
    return agreed


def test_a_recall_of_ours_is_listed_and_taken_back(having: Sides, analyst, stranger) -> None:
    recalled(having, MINE)
    (row,) = analyst.get("/recalls").json()["items"]
    assert (row["object"], row["source"], row["deleted"]) == (MINE["id"], None, None)
    assert stranger.get("/recalls").json()["items"] == []
    with pytest.raises(Refused):
        sent(having.world.analyst, f"/objects/{MINE['id']}/reopen")
    assert analyst.get("/recalls").json()["items"] == [row]
    assert sent(having.world.approver, f"/objects/{MINE['id']}/reopen").status_code == 204
    assert analyst.get("/recalls").json()["items"] == []
    assert analyst.post(f"/objects/{MINE['id']}/delete").status_code == 404  # nobody asked us


def test_what_its_giver_asked_back_is_deleted(agreed: Sides, analyst) -> None:
    theirs = indicator("theirs")
    from_far(agreed, theirs, basis=(basis(agreed),))[0].require()
    asked_back(agreed, theirs).require()
    (row,) = analyst.get("/recalls").json()["items"]
    assert (row["source"]["ref"], row["deleted"]) == (agreed.party.ref, None)
    assert analyst.post(f"/objects/{theirs['id']}/delete").json() == {"versions": 1}
    (row,) = analyst.get("/recalls").json()["items"]
    assert row["deleted_by"].startswith("A program")
    assert analyst.get(f"/objects/{theirs['id']}").status_code == 404


def test_a_stricter_version_partner_by_partner(having: Sides, analyst, stranger) -> None:
    own_work(having.world, newer(MINE))
    follow()
    (row,) = analyst.get("/stricter").json()["items"]
    assert (row["object"], row["source"]) == (MINE["id"], None)
    assert (row["partners"], row["behind"]) == (1, 1)
    told = analyst.get(f"/stricter/{row['number']}").json()
    (line,) = told.pop("lines")
    assert told == row
    assert (line["party"]["ref"], line["step"]) == (having.party.ref, "sent")
    assert StricterFor.objects.filter(act__ref=line["act"]).count() == 1
    assert analyst.post(f"/stricter/{row['number']}/again").json() == {"partners": 0}
    assert analyst.post(f"/stricter/{row['number']}/recall").status_code == 404  # nobody is to be asked
    assert stranger.get(f"/stricter/{row['number']}").status_code == 404
    assert stranger.post(f"/stricter/{row['number']}/again").status_code == 404


def test_a_rule_of_telling_begins_and_ends(agreed: Sides, analyst) -> None:
    path = f"/telling/{agreed.party.ref}"
    with pytest.raises(Refused):
        sent(agreed.world.analyst, f"{path}/begin")
    begun = json.loads(sent(agreed.world.approver, f"{path}/begin").content)
    assert begun["party"]["ref"] == agreed.party.ref
    assert analyst.get("/telling").json()["items"] == [begun]
    assert sent(agreed.world.approver, f"{path}/begin").status_code == 409
    assert sent(agreed.world.approver, f"{path}/end").status_code == 204
    assert analyst.get("/telling").json()["items"] == []
    assert TellingRule.objects.get().ended_at is not None
    assert sent(agreed.world.approver, "/telling/identity--x/begin").status_code == 404
