"""Collections by the API: opened, changed, listed and closed by people who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comity.base.verdict import Refused
from comity.node.exchange.models import Collection
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Role
from tests.node.api.conftest import Program
from tests.node.api.test_acts import by_person
from tests.node.world import World

pytestmark = pytest.mark.django_db
TOOLS = {"title": "Tools", "query": {"types": ["tool"], "up_to": "amber"}, "alias": "tools"}


def sent(actor: Actor, path: str, value: Any = None) -> Any:
    body = json.dumps(value or {}).encode()
    return by_person(actor, f"/api/v1/collections{path}", body, csrf=True)


def test_the_life_of_a_collection(world: World, program: Program) -> None:
    made = sent(world.approver, "", TOOLS)
    assert made.status_code == 201
    told = json.loads(made.content)
    assert told["query"] == {"types": ["tool"], "up_to": "amber"}
    assert told["address"].endswith(f"/collections/{told['id']}/")
    reader = program(Role.ANALYST)
    assert [each["id"] for each in reader.get("/collections").json()["items"]] == [told["id"]]
    other = {"title": "All", "may_post": True}
    changed = json.loads(sent(world.approver, f"/{told['id']}/change", other).content)
    assert (changed["title"], changed["query"], changed["may_post"]) == ("All", {}, True)
    assert sent(world.approver, f"/{told['id']}/close").status_code == 204
    assert reader.get("/collections").json()["items"] == []


def test_who_may(world: World) -> None:
    with pytest.raises(Refused):
        sent(world.analyst, "", TOOLS)
    assert not Collection.objects.exists()
