"""What stands around an object, by the API: the same as on its pages."""

from __future__ import annotations

from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.node.exchange.models import Remark
from comity.node.exchange.versions import versions_for
from tests.node.exchange.holding import indicator, joined, made, own_work, ref_of, shared
from tests.node.exchange.test_scores import told_by_far
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

ABSENT = ref_of("tool", "absent")
FAMILY = made("malware", "family", is_family=True)
SEEK = indicator("seek", description="Seen at the grid.")
NEWER = SEEK | {"modified": "2026-11-21T06:30:00.000Z", "description": "Seen at the big grid."}
REPORT = made("report", "report", object_refs=[FAMILY["id"], ABSENT], published=SEEK["created"])


def of(caller: Any, value: dict[str, Any], what: str, **query: Any) -> dict[str, Any]:
    answer = caller.get(f"/objects/{value['id']}/{what}", **query)
    assert answer.status_code == 200, answer.json()
    told: dict[str, Any] = answer.json()
    return told


def test_relations_are_those_of_the_picture(world: World, analyst, stranger) -> None:
    own_work(world, FAMILY, SEEK, REPORT, joined("shows", SEEK, FAMILY))
    told = of(analyst, FAMILY, "relations", reach="wide")
    steps = {each["title"]: (each["steps"], each["held"]) for each in told["objects"]}
    assert steps == {"family": (0, True), "seek": (1, True), "report": (1, True), ABSENT: (2, False)}
    edges = {(each["source"], each["words"], each["target"]) for each in told["relations"]}
    assert (SEEK["id"], "indicates", FAMILY["id"]) in edges
    assert (REPORT["id"], "object_refs", ABSENT) in edges
    assert (told["more"], told["beyond"]) == ([], False)
    assert stranger.get(f"/objects/{FAMILY['id']}/relations").status_code == 404
    assert analyst.get(f"/objects/{FAMILY['id']}/relations", reach="far").status_code == 400


def test_what_is_left_out_is_counted(world: World, analyst) -> None:
    many = [indicator(f"one-{number}") for number in range(30)]
    own_work(world, FAMILY, *many, *(joined(f"j-{each['id']}", each, FAMILY) for each in many))
    told = of(analyst, FAMILY, "relations")
    assert told["more"] == [{"words": "indicates", "type": "indicator", "outward": False, "count": 6}]


def test_versions_and_how_they_differ(world: World, analyst, stranger) -> None:
    own_work(world, SEEK)
    own_work(world, NEWER)
    rows = of(analyst, SEEK, "versions")["items"]
    assert [each["modified"] for each in rows] == [NEWER["modified"], SEEK["modified"]]
    assert rows[0]["steps"][0]["title"].startswith("Our own work")
    told = of(analyst, SEEK, "compare")
    assert (told["before"], told["after"]) == (rows[1]["number"], rows[0]["number"])
    changed = {each["name"]: each for each in told["differences"]}
    assert changed.keys() == {"description", "modified"}
    assert {"how": "added", "text": "big "} in changed["description"]["after"]
    assert {each["number"] for each in told["choices"]} >= {told["before"], told["after"]}
    back = of(analyst, SEEK, "compare", before=told["after"], after=told["before"])
    assert {"how": "removed", "text": "big "} in back["differences"][0]["before"]
    assert analyst.get(f"/objects/{SEEK['id']}/compare", before=10**12).status_code == 404
    assert stranger.get(f"/objects/{SEEK['id']}/compare").status_code == 404
    assert stranger.get(f"/objects/{SEEK['id']}/versions").status_code == 404


def test_a_version_of_another_body_is_compared_with_nothing(world: World, analyst, stranger) -> None:
    own_work(world, SEEK)
    (mine,) = versions_for(world.analyst, SEEK["id"])
    query = {"before": mine.row.pk, "after": mine.row.pk}
    assert of(analyst, SEEK, "compare", **query)["differences"] == []
    assert stranger.get(f"/objects/{SEEK['id']}/compare", **query).status_code == 404


def test_who_sees_it_and_how_far_it_came(agreed: Sides, analyst) -> None:
    red = indicator("red", Tlp.RED)
    own_work(agreed.world, SEEK, red)
    act = shared(agreed, SEEK)
    told = of(analyst, SEEK, "seen")
    assert (told["may_see"], told["partners"], told["all_pages"]) == (1, 1, True)
    (way,) = told["items"]
    assert (way["party"]["ref"], way["verdict"]["answer"]) == (agreed.party.ref, "yes")
    (offer,) = way["offers"]
    assert offer["act"] == act.ref
    assert [step["title"] for step in offer["steps"]][:2] == ["Offered", "Judged: it may leave"]
    (closed,) = of(analyst, red, "seen")["items"]
    assert (closed["verdict"]["answer"], closed["offers"]) == ("no", [])
    assert of(analyst, SEEK, "seen", cursor=1)["items"] == []


def test_doubts_are_put_aside(agreed: Sides, analyst, program) -> None:
    own_work(agreed.world, SEEK)
    wrong = made(
        "opinion", "w", object_refs=[SEEK["id"]], opinion="strongly-disagree", labels=["false-positive"]
    )
    told_by_far(agreed, wrong)
    (doubt,) = analyst.get("/doubts").json()["items"]
    assert (doubt["object"], doubt["remark"]) == (SEEK["id"], wrong["id"])
    assert doubt["source"]["ref"] == agreed.party.ref
    assert analyst.post(f"/objects/{SEEK['id']}/looked-at").status_code == 204
    assert analyst.get("/doubts").json()["items"] == []
    assert Remark.objects.filter(object__ref=wrong["id"], looked_at__gte=NOW).count() == 1
    assert analyst.post(f"/objects/{ABSENT}/looked-at").status_code == 404
