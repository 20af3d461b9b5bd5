"""What different givers say of one thing, and cannot both hold, is found and shown; nothing is decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comity.base.tlp import Tlp
from comity.node.exchange.contradicted import compare, found_for, keys_found
from comity.node.exchange.models import ComparedUpTo, Contradiction, StixObject
from comity.node.exchange.reports import What
from comity.node.exchange.services import comparing
from comity.node.exchange.services.comparing import compare_new
from comity.node.exchange.services.places import last_instant
from tests.node.exchange.holding import from_elsewhere, indicator, made, own_work, ref_of, row
from tests.node.exchange.test_scores import BAD, opinion, reported, sighting, told_by_far
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
SAME = {"pattern": BAD["pattern"]}
LATER = NOW + timedelta(days=1)


def rules(value, now=NOW):
    return sorted(each.rule.name for each in compare([row(value)], now))


def attributed(name, of, to):
    more = {"relationship_type": "attributed-to", "source_ref": of["id"], "target_ref": to["id"]}
    value = made("relationship", name, Tlp.AMBER, **more)
    del value["name"]
    return value


def test_two_givers_about_one_value(agreed):
    mine = BAD | {"indicator_types": ["malicious-activity"], "confidence": 90}
    theirs = indicator("theirs", indicator_types=["benign"], confidence=10) | SAME
    own_work(agreed.world, mine, indicator("of-us-too") | SAME)
    assert rules(mine) == []  # nobody contradicts himself
    told_by_far(agreed, theirs, indicator("elsewhere"))
    assert rules(mine) == ["confidence", "types"]
    [found, _] = compare([row(theirs)], NOW)
    assert {who for who, _ in found.sides} == {agreed.world.body.name, agreed.party.name}
    assert {said.ref for _, said in found.sides} == {mine["id"], theirs["id"]}


def test_a_label_and_the_end_of_one_value(agreed):
    own_work(agreed.world, BAD | {"valid_until": "2026-11-22T12:00:00Z"})
    told_by_far(agreed, theirs := indicator("theirs", Tlp.GREEN) | SAME)
    assert rules(BAD) == ["label"]
    assert rules(theirs, LATER) == ["label", "validity"]


def test_remarks_about_one_object(agreed):
    own_work(agreed.world, BAD)
    told_by_far(agreed, opinion("o", BAD, "strongly-agree"), sighting("s", BAD))
    assert rules(BAD) == []
    from_elsewhere(agreed.world, opinion("x", BAD, "disagree"))
    assert rules(BAD) == ["opinions"]
    reported(agreed.world, what=What.FALSE_POSITIVE, why="Ours.")
    assert rules(BAD) == ["false-positive", "opinions"]


def test_different_actors(agreed):
    one, two = made("intrusion-set", "one"), made("intrusion-set", "two")
    campaign = made("campaign", "c")
    own_work(agreed.world, campaign, one, two, attributed("a", campaign, one))
    told_by_far(agreed, attributed("b", campaign, one))
    assert rules(campaign) == []
    from_elsewhere(agreed.world, attributed("x", campaign, two))
    assert rules(campaign) == ["attribution", "attribution"]


def test_what_came_in_is_compared_once(agreed, monkeypatch):
    monkeypatch.setattr(comparing, "PORTION", 2)
    world = agreed.world
    own_work(world, BAD | {"confidence": 90}, *(indicator(f"more{n}") for n in range(5)))
    told_by_far(agreed, theirs := indicator("theirs", confidence=10) | SAME)
    assert compare_new(NOW) > 0
    assert compare_new(NOW) == 0
    found = found_for(world.analyst)
    assert {each.object.ref for each in found} == {BAD["id"], theirs["id"]}
    assert found.count() == 2  # with each of the two, once
    assert set(keys_found(world.analyst)) == {row(BAD).pk, row(theirs).pk}
    assert not found_for(world.administrator).exists()
    reported(world, what=What.FALSE_POSITIVE, why="Ours.", ref=theirs["id"])
    assert compare_new(NOW) > 0
    assert found_for(world.analyst).filter(object=row(theirs)).count() == 2


def test_what_states_nothing_is_passed_once(agreed, django_assert_max_num_queries):
    body = agreed.world.body
    own_work(agreed.world, BAD, *(made("tool", f"t{n}") for n in range(5)))
    compare_new(NOW)
    assert ComparedUpTo.objects.get(holder=body).at == last_instant(body)
    with django_assert_max_num_queries(4):  # of each body how far it is, and the end of its order
        compare_new(NOW)


def test_a_backlog_is_left_for_the_next_time_when_the_time_is_over(agreed, monkeypatch):
    own_work(agreed.world, BAD | {"confidence": 90})
    told_by_far(agreed, indicator("theirs", confidence=10) | SAME)
    monkeypatch.setattr(comparing, "LONGEST", 0.0)
    assert compare_new(NOW) == 0
    assert not ComparedUpTo.objects.exists()
    monkeypatch.undo()
    assert compare_new(NOW) > 0


def test_nothing_is_locked_while_statements_are_compared(agreed, monkeypatch):
    """A backlog of millions is looked at for minutes: only what was found is written, in a moment."""
    own_work(agreed.world, *(indicator(f"more{n}") for n in range(5)))
    monkeypatch.setattr(comparing, "PORTION", 2)
    compare_new(NOW)
    with CaptureQueriesContext(connection) as asked:
        StixObject.objects.update(latest=True)
        ComparedUpTo.objects.update(at=NOW - timedelta(days=1))
        compare_new(NOW)
    told = [each["sql"].split(" ")[0] for each in asked.captured_queries]
    locked = [n for n, word in enumerate(told) if word in ("BEGIN", "SAVEPOINT")]
    freed = [n for n, word in enumerate(told) if word in ("COMMIT", "RELEASE")]
    assert len(locked) == 3
    assert all(end - begin <= 4 for begin, end in zip(locked, freed, strict=True))


@pytest.mark.parametrize(("meanwhile", "kept"), [("deleted", 0), ("compared", 2)])
def test_what_happens_while_it_is_compared(agreed, monkeypatch, meanwhile, kept):
    own_work(agreed.world, BAD | {"confidence": 90})
    told_by_far(agreed, theirs := indicator("theirs", confidence=10) | SAME)

    def interrupted(rows, now):
        found = compare(rows, now)
        assert len(found) == 2
        monkeypatch.undo()
        if meanwhile == "deleted":
            StixObject.objects.filter(ref=theirs["id"]).delete()
        else:
            assert compare_new(NOW) == kept
        return found

    monkeypatch.setattr(comparing, "compare", interrupted)
    assert compare_new(NOW) == 0
    assert found_for(agreed.world.analyst).count() == kept
    assert compare_new(NOW) == 0


def test_a_new_version_ends_a_contradiction_and_a_deletion_too(agreed):
    world = agreed.world
    own_work(world, BAD | {"confidence": 90})
    told_by_far(agreed, theirs := indicator("theirs", confidence=10) | SAME)
    compare_new(NOW)
    own_work(world, BAD | {"confidence": 40, "modified": "2026-11-21T00:00:00.000Z"})
    assert not found_for(world.analyst).exists()
    compare_new(NOW)
    assert not found_for(world.analyst).exists()
    own_work(world, BAD | {"confidence": 80, "modified": "2026-11-22T00:00:00.000Z"})
    compare_new(NOW)
    assert found_for(world.analyst).count() == 2
    StixObject.objects.filter(ref=theirs["id"]).delete()
    assert not found_for(world.analyst).exists()


def test_an_attribution_and_a_remark_of_what_is_not_held(agreed):
    campaign = made("campaign", "c")
    told_by_far(agreed, attributed("b", campaign, made("intrusion-set", "one")), sighting("s", BAD))
    assert compare_new(NOW) == 0
    assert compare([], NOW) == []


def test_many_objects_take_as_many_questions_as_one(agreed):
    some = [indicator(f"i{n}") for n in range(6)]
    own_work(agreed.world, *some)
    told_by_far(
        agreed, *(indicator(f"t{n}", Tlp.GREEN) | {"pattern": e["pattern"]} for n, e in enumerate(some))
    )
    counts = []
    held = StixObject.objects.filter(ref__in=[each["id"] for each in some])
    whole = list(held.select_related("source", "brought"))
    for rows in (whole[:1], whole):
        with CaptureQueriesContext(connection) as asked:
            assert len(compare(rows, NOW)) == len(rows)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_pages_show_both_sides(agreed):
    analyst = client_of(agreed.world.analyst)
    assert "No contradiction" in body(analyst.get("/exchange/contradictions"))
    own_work(agreed.world, BAD | {"confidence": 90}, indicator("unrelated"))
    from_elsewhere(agreed.world, theirs := indicator("theirs", confidence=10) | SAME)
    compare_new(NOW)
    page = body(analyst.get("/exchange/contradictions"))
    assert "One is of low confidence, the other of high." in page
    assert "a file: a public feed" in page
    listed = body(analyst.get("/exchange/?contradicted=on"))
    assert "theirs" in listed
    assert "unrelated" not in listed
    assert "unrelated" in body(analyst.get("/exchange/"))
    assert "nothing is decided" in body(analyst.get(f"/exchange/objects/{ref_of('indicator', 'bad')}/"))
    assert theirs["id"] in page
    assert Contradiction.objects.count() == 2
