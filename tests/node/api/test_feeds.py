"""Feeds by the API: tried, opened, run, paused and closed by people who may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from comity.base.verdict import Refused
from comity.node.exchange.feeds.running import run_due
from comity.node.exchange.models import Feed, StixObject
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Role
from tests.node.api.conftest import Program
from tests.node.api.test_acts import by_person
from tests.node.world import World

pytestmark = pytest.mark.django_db
HOSTS = {
    "name": "Hosts", "kind": "csv", "address": "file:api.csv", "note": "a team", "label": "green",
    "settings": {"value": "host", "labels": ["botnet"]},
}  # fmt: skip  # one feed


@pytest.fixture(autouse=True)
def listed():
    folder = settings.CONFIG.feeds
    folder.mkdir(exist_ok=True)
    (folder / "api.csv").write_text("host\na.example.net\nnonsense\n")


def sent(actor: Actor, path: str, value: Any = None) -> Any:
    body = json.dumps(value or {}).encode()
    return by_person(actor, f"/api/v1/feeds{path}", body, csrf=True)


def test_the_life_of_a_feed(world: World, program: Program) -> None:
    tried = json.loads(sent(world.approver, "/try", HOSTS).content)
    assert (tried["count"], tried["unmapped"]) == (1, 1)
    assert tried["first"] == [{"value": "a.example.net", "kind": "domain", "said": "botnet"}]
    assert not Feed.objects.exists()
    made = sent(world.approver, "", HOSTS)
    assert made.status_code == 201
    told = json.loads(made.content)
    path = f"/{told['id']}"
    run_due(timezone.now())
    analyst = program(Role.ANALYST)
    (run,) = analyst.get(f"/feeds{path}/runs").json()["items"]
    assert (run["outcome"], run["new"], run["unmapped"]) == ("done", 1, 1)
    assert run["told"] == [["entry 3: nonsense", "is nothing that can be looked for."]]
    assert [each["id"] for each in analyst.get("/feeds").json()["items"]] == [told["id"]]
    changed = json.loads(sent(world.approver, f"{path}/change", HOSTS | {"label": "amber"}).content)
    assert changed["label"] == "amber"
    paused = json.loads(sent(world.analyst, f"{path}/pause", {"why": "wrong"}).content)
    assert (paused["paused_why"], paused["due"]) == ("wrong", None)
    assert json.loads(sent(world.analyst, f"{path}/resume").content)["due"]
    assert json.loads(sent(world.analyst, f"{path}/run").content)["due"]
    assert sent(world.approver, f"{path}/close").status_code == 204
    assert analyst.get("/feeds").json()["items"] == []
    assert StixObject.objects.count() == 1


def test_who_may(world: World) -> None:
    with pytest.raises(Refused):
        sent(world.analyst, "", HOSTS)
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"settings": {"value": "host", "nonsense": 1}}, {"kind": "odd"}, {"note": ""}, {"address": "x"}]
)
def test_a_feed_that_cannot_be(world: World, wrong: dict[str, Any]) -> None:
    answer = sent(world.approver, "", HOSTS | wrong)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (400, "malformed")
    assert not Feed.objects.exists()


def test_ready_feeds_are_told_with_their_terms(world: World, program: Program) -> None:
    told = {each["name"]: each for each in program(Role.ANALYST).get("/feeds/ready").json()["items"]}
    assert told["cisa-kev"]["kind"] == "json"
    assert not told["cins"]["confirmed"]
