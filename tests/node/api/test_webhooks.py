"""Webhooks by the API: entered, watched, paused, told again and ended by people who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comity.base.verdict import Refused
from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import HookState, Webhook
from comity.node.parties.actors import Actor
from tests.node.api.test_acts import by_person
from tests.node.exchange.taxii.asking import opened
from tests.node.instruments.agreeing import Sides

pytestmark = pytest.mark.django_db


def sent(actor: Actor, path: str, value: Any = None) -> Any:
    return by_person(actor, f"/api/v1/webhooks{path}", json.dumps(value or {}).encode(), csrf=True)


@pytest.fixture
def wanted(agreed: Sides) -> dict[str, Any]:
    collection = opened(agreed.world)
    return {
        "collection": str(collection.ref),
        "party": agreed.party.ref,
        "address": "https://soc.example/comity",
        "form": "content",
    }


def test_the_life_of_a_webhook(agreed: Sides, wanted, analyst, stranger) -> None:
    answer = sent(agreed.world.approver, "", wanted)
    assert answer.status_code == 201, answer.content
    made = json.loads(answer.content)
    assert (made["state"], made["form"], made["party"]["ref"]) == ("asked", "content", agreed.party.ref)
    key = made["number"]
    assert [each["number"] for each in analyst.get("/webhooks").json()["items"]] == [key]
    assert stranger.get("/webhooks").json()["items"] == []
    assert stranger.get(f"/webhooks/{key}").status_code == 404
    paused = json.loads(sent(agreed.world.administrator, f"/{key}/pause").content)
    assert (paused["state"], paused["next_look"]) == ("paused", None)
    assert json.loads(sent(agreed.world.approver, f"/{key}/resume").content)["state"] == "asked"
    Webhook.objects.update(state=HookState.ACTIVE)
    since = {"since": "2026-11-20T00:00:00Z"}
    again = json.loads(sent(agreed.world.approver, f"/{key}/replay", since).content)
    assert again["told_up_to"] == "2026-11-20T00:00:00.000000Z"
    assert sent(agreed.world.approver, f"/{key}/replay", {"since": "yesterday"}).status_code == 400
    assert sent(agreed.world.approver, f"/{key}/end").status_code == 204
    assert analyst.get(f"/webhooks/{key}").status_code == 404
    assert LogEntry.objects.filter(event="webhook-changed").count() == 5


def test_who_may_not_and_what_cannot_be(agreed: Sides, wanted, program) -> None:
    with pytest.raises(Refused):
        sent(agreed.world.analyst, "", wanted)
    approver = agreed.world.approver
    assert sent(approver, "", wanted | {"address": "http://soc.example/"}).status_code in (400, 201)
    assert sent(approver, "", wanted | {"address": "ftp://soc.example/"}).status_code == 400
    unknown = "identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f9999"
    assert sent(approver, "", wanted | {"party": unknown}).status_code == 404
    assert sent(approver, "", wanted | {"collection": unknown[10:]}).status_code == 404
    assert not Webhook.objects.filter(address="ftp://soc.example/").exists()
