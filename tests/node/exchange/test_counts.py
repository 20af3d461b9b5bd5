"""The counts of objects by class are those that a count of all objects gives, whatever is done to these."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import Count

from comity.base.tlp import Tlp
from comity.node.exchange import counts
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.counts import counts_of
from comity.node.exchange.models import ClassCount, HandlingClass, StixObject
from comity.node.exchange.services.erasing import erase_object
from comity.node.parties.models import Party
from tests.node.exchange.holding import indicator, made, own_work
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db


def counted(holder: Party) -> dict[int, int]:
    """The slow way."""
    rows = StixObject.objects.filter(holder=holder, latest=True).exclude(type__in=DEFINITIONS)
    return dict(rows.order_by().values_list("handling_id").annotate(n=Count("pk")))


def filled(world: World) -> None:
    definition = made(
        "marking-definition", "ours", Tlp.CLEAR, definition_type="statement", definition={"statement": "x"}
    )
    own_work(world, *(indicator(f"a{n}") for n in range(4)), indicator("red", Tlp.RED), definition)


def test_counts_follow_services(world):
    filled(world)
    assert sum(counts_of(world.body).values()) == 5
    assert counts_of(world.body) == counted(world.body)
    one = indicator("a1")
    tightened = {"object_marking_refs": indicator("x", Tlp.RED)["object_marking_refs"]}
    own_work(world, one | tightened | {"modified": "2026-11-21T06:30:00.000Z"})
    own_work(world, one | {"modified": "2026-11-19T06:30:00.000Z"})
    assert counts_of(world.body) == counted(world.body)
    assert sorted(counts_of(world.body).values()) == [2, 3]
    erase_object(actor=world.approver, ref=indicator("a2")["id"], why="A court said so", now=NOW)
    assert counts_of(world.body) == counted(world.body)
    assert sorted(counts_of(world.body).values()) == [2, 2]


def test_counts_follow_statements(world):
    filled(world)
    amber, red = HandlingClass.objects.filter(facts__category="indicator").order_by("facts__tlp")
    some = list(StixObject.objects.filter(handling=amber).order_by("pk"))
    for row in some[:2]:
        row.handling = red
    StixObject.objects.bulk_update(some, ["handling"])
    assert counts_of(world.body) == {amber.pk: 2, red.pk: 3} == counted(world.body)
    StixObject.objects.filter(pk=some[3].pk).update(latest=False)
    StixObject.objects.filter(pk=some[0].pk).update(title="Another")
    assert counts_of(world.body) == {amber.pk: 1, red.pk: 3} == counted(world.body)
    StixObject.objects.filter(type="indicator").delete()
    assert counts_of(world.body) == {} == counted(world.body)


def test_what_is_undone_was_never_counted(world):
    filled(world)
    before = counts_of(world.body)
    with transaction.atomic():
        StixObject.objects.all().delete()
        assert counts_of(world.body) == {}
        transaction.set_rollback(True)
    assert counts_of(world.body) == before


def test_each_holder_has_its_own(world):
    filled(world)
    other = Party.objects.create(
        ref="identity--99999999-9999-4999-8999-999999999999", kind="ministry", name="Another", state="PK",
        ours=True, added=NOW,
    )  # fmt: skip  # a row
    StixObject.objects.filter(ref=indicator("red", Tlp.RED)["id"]).update(holder=other)
    assert sum(counts_of(other).values()) == 1
    assert sum(counts_of(world.body).values()) == 4
    assert ClassCount.objects.filter(holder=world.body, held=0).count() == 1


def test_what_nobody_has_counted_yet_counts(world, monkeypatch):
    monkeypatch.setattr(counts, "keep_up", lambda: None)
    filled(world)
    assert counts_of(world.body) == counted(world.body)
    assert sum(counts_of(world.body).values()) == 5
    some = StixObject.objects.filter(type="indicator").order_by("pk")
    StixObject.objects.filter(pk=some[0].pk).update(latest=False)
    some[1].delete()
    assert counts_of(world.body) == counted(world.body)
    monkeypatch.undo()
    counts.keep_up()
    counts.keep_up()
    StixObject.objects.filter(pk=some[0].pk).update(latest=True)
    some[2].delete()
    assert counts_of(world.body) == counted(world.body)
    assert sum(counts_of(world.body).values()) == 3
