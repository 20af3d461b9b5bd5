"""Erasing by the API: by people alone, told to readers, and gone from what they read."""

from __future__ import annotations

import json

import pytest

from comity.base.verdict import Refused
from comity.node.acts.models import Act
from comity.node.exchange.models import ErasedObject, StixObject
from comity.node.parties.roles import Role
from tests.node.api.test_acts import by_person
from tests.node.exchange.holding import indicator, own_work

pytestmark = pytest.mark.django_db
WHY = json.dumps({"why": "Decision 7"}).encode()
NO_REASON = json.dumps({"why": ""}).encode()


def test_an_act_is_erased_by_a_person(analyst, note, world):
    ref = analyst.post("/acts", note, key="once").json()["ref"]
    address = f"/api/v1/acts/{ref}/erase"
    assert by_person(world.approver, address, NO_REASON, csrf=True).status_code in (400, 422)
    assert by_person(world.approver, address, WHY, csrf=False).status_code == 403
    assert Act.objects.get(ref=ref).erased_at is None
    told = json.loads(by_person(world.approver, address, WHY, csrf=True).content)
    assert (told["title"], told["body"], told["judgement"], told["contents"]) == ("", {}, None, [])
    assert (told["erased_why"], told["erased_by"]) == ("Decision 7", "Bilal")
    assert told["sha256"]
    assert told["erased_at"].endswith("Z")
    assert analyst.get(f"/acts/{ref}").json() == told
    assert analyst.get(f"/acts/{ref}/wire").status_code == 404
    (row,) = analyst.get("/acts").json()["items"]
    assert (row["title"], row["erased_at"]) == ("", told["erased_at"])
    again = analyst.post("/acts", note, key="once")
    assert again.status_code == 409
    assert "erased by law" in again.json()["detail"]


def test_an_object_is_erased_listed_and_lifted(program, world):
    value = indicator("mine")
    own_work(world, value)
    reader = program(Role.ANALYST)
    address = f"/api/v1/objects/{value['id']}/erase"
    with pytest.raises(Refused):
        by_person(world.analyst, address, WHY, csrf=True)
    assert StixObject.objects.exists()
    told = json.loads(by_person(world.approver, address, WHY, csrf=True).content)
    assert (told["ref"], told["why"], told["by"], told["carried_by"]) == (
        value["id"],
        "Decision 7",
        "Bilal",
        [],
    )
    assert reader.get(f"/objects/{value['id']}").status_code == 404
    del told["carried_by"]
    assert reader.get("/erasures").json() == {"items": [told], "next": None}
    lift = f"/api/v1/erasures/{value['id']}/lift"
    assert by_person(world.approver, lift, WHY, csrf=True).status_code == 204
    assert not ErasedObject.objects.exists()
    assert by_person(world.approver, lift, WHY, csrf=True).status_code == 404


def test_objects_are_listed_by_their_last_day(program, world):
    own_work(world, indicator("mine"))
    reader = program(Role.ANALYST)
    assert reader.get("/objects", until="2099-01-01").json()["items"] == []
    assert reader.get("/objects", until="soon").status_code in (400, 422)
