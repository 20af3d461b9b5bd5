"""A poller is given every object once, whatever comes, goes, opens and closes between its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.redact import Parties, Redacted, without_victims
from comity.engines.release.terms import Category, Purpose
from comity.formats.markings import TLP_IDS
from comity.formats.stix import is_observable
from comity.formats.strict_json import decode
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import (
    Collection,
    ErasedObject,
    HandlingClass,
    HolderClock,
    Link,
    Standing,
    StixObject,
    Victim,
)
from comity.node.exchange.services.collections import Wish, change_collection
from comity.node.exchange.services.erasing import erase_object
from comity.node.exchange.sights import asked
from comity.node.exchange.taxii.chosen import Query, scope_of
from comity.node.exchange.taxii.order import Choice, places
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import indicator, made, own_work
from tests.node.exchange.taxii.asking import opened
from tests.node.instruments.agreeing import Sides, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
DEFENCE = Purpose.NETWORK_DEFENCE
LABELS = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.RED)
POWER = "Karakoram Power"
VICTIM_ID = "identity--77777777-7777-4777-8777-777777777777"
VICTIM = Parties(frozenset({VICTIM_ID}), frozenset({POWER}))

Form = tuple[int, str]  # a version by its key, and the id under which it goes


def address(number: int, tlp: Tlp) -> dict[str, Any]:
    return {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": f"ipv4-addr--{UUID(int=number, version=5)}",
        "value": f"198.51.100.{number}",
        "object_marking_refs": [TLP_IDS[tlp]],
    }


def report(name: str, tlp: Tlp, number: int) -> dict[str, Any]:
    more = {"object_refs": [address(number, tlp)["id"]], "published": "2026-11-20T06:30:00Z"}
    return made("report", name, tlp, **more)


@dataclass
class Model:
    """The slow way: what may be seen is asked object by object, and what awaits the poller is a set."""

    sides: Sides
    collection: Collection
    seen: set[Form] = field(default_factory=set)  # what could be seen at the last request
    awaiting: set[Form] = field(default_factory=set)
    after: int = -1
    now: Any = NOW
    made: int = 0

    def visible(self) -> set[Form]:
        question = asked(self.sides.world.body, self.sides.party, purpose=DEFENCE, now=self.now)
        rows = list(StixObject.objects.filter(latest=True).select_related("handling"))
        judged = {row.ref: question.judge(of_class(row.handling)) for row in rows}
        secret = {ref for ref, each in judged.items() if is_observable(ref) and not each.verdict.allowed}
        telling = set(Link.objects.filter(ref__in=secret).values_list("object__ref", flat=True))
        open_ = {ref for ref, each in judged.items() if each.verdict.allowed}
        kinds = set(self.collection.query.get("types", ()))
        return {
            (row.pk, name) for row in rows
            if row.ref in open_ - telling and (not kinds or row.type in kinds)
            for name in self.names(row, reduced=bool(judged[row.ref].removals))
        }  # fmt: skip  # one clause to a line

    def names(self, row: StixObject, *, reduced: bool) -> list[str]:
        """The id under which an object goes, if it does."""
        value: Any = decode(bytes(row.wire))
        left = without_victims(value, VICTIM, creator="")
        return [row.ref] if not reduced else [left.object["id"]] if isinstance(left, Redacted) else []

    def poll(self, count: int) -> None:
        now_seen = self.visible()
        self.awaiting = (self.awaiting | (now_seen - self.seen)) & now_seen
        self.seen = now_seen
        scope = scope_of(self.collection, self.sides.party, self.now)
        found = places(scope, Choice(), after=self.after, count=count)
        page = found.places
        assert [at for at, _ in page] == sorted({at for at, _ in page}), "no two at one instant"
        refs = dict(StixObject.objects.values_list("pk", "ref"))
        keys = {(key, found.names.get(key, refs[key])) for _, key in page}
        assert keys <= self.awaiting
        assert len(keys) == len(page) == min(count, len(self.awaiting))
        self.awaiting -= keys
        self.after = page[-1][0] if page else self.after

    def add(self, objects: list[tuple[str, Tlp, int]]) -> None:
        self.made += 1
        values = []
        for place, (kind, tlp, number) in enumerate(objects):
            name = f"{self.made}-{place}"
            value = {
                "address": address(number, tlp),
                "report": report(name, tlp, number),
                "attack": indicator(name, tlp, description=f"Found at {POWER}."),
                "victim": indicator(name, tlp, x_found=POWER),  # which nobody can take out
            }
            values.append(value.get(kind) or indicator(name, tlp))
        unique = {value["id"]: value for value in values}
        own_work(self.sides.world, *unique.values(), now=self.now)

    def revise(self, tlp: Tlp) -> None:
        row = StixObject.objects.filter(latest=True, type="indicator").order_by("pk").first()
        if row is None:
            return
        self.made += 1
        modified = (NOW + timedelta(seconds=self.made)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        value = indicator("x", tlp) | {"id": row.ref, "modified": modified}
        own_work(self.sides.world, value, now=self.now)

    def agree(self, terms: dict[str, Any]) -> None:
        Agreement.objects.update(terms=written_terms(some_terms(**terms)))

    def erase(self, _: object) -> None:
        row = StixObject.objects.filter(type="ipv4-addr").order_by("pk").first()
        if row is not None:
            # Whoever names it is given anew: a partner may see it only now.
            naming = set(Link.objects.filter(ref=row.ref).values_list("object_id", flat=True))
            self.seen = {(key, name) for key, name in self.seen if key not in naming}
            erase_object(actor=self.sides.world.approver, ref=row.ref, why="A court said so", now=self.now)
            ErasedObject.objects.all().delete()

    def choose(self, types: tuple[str, ...]) -> None:
        wish = Wish(title="All", query=Query(types=types))
        before = self.collection.query
        self.collection = change_collection(
            actor=self.sides.world.approver, ref=self.collection.ref, wish=wish, now=self.now
        )
        if self.collection.query != before:
            self.seen, self.awaiting = set(), set()


labels = st.sampled_from(LABELS)
kinds = st.sampled_from(["indicator", "address", "report", "attack", "victim"])
new = st.tuples(kinds, labels, st.integers(1, 4))
terms = st.fixed_dictionaries(
    {
        "highest": st.sampled_from(LABELS[:3]),
        "remove_victims": st.booleans(),
        "categories": st.frozensets(
            st.sampled_from([Category.INDICATOR, Category.OBSERVATION, Category.REPORT]), min_size=1
        ),
    }
)
steps = st.one_of(
    st.tuples(st.just("add"), st.lists(new, min_size=1, max_size=5)),
    st.tuples(st.just("poll"), st.integers(1, 6)),
    st.tuples(st.just("agree"), terms),
    st.tuples(st.just("revise"), labels),
    st.tuples(st.just("erase"), st.none()),
    st.tuples(st.just("choose"), st.sampled_from([(), ("indicator",), ("report", "ipv4-addr")])),
)


def forget(collection: Collection) -> None:
    """Begin anew, with the agreement that stands."""
    for each in (StixObject, Standing, HolderClock, HandlingClass):
        each.objects.all().delete()
    Victim.objects.get_or_create(
        holder=collection.holder, ref=VICTIM_ID, name=POWER, how="by-hand", by_name="x", at=NOW
    )
    Collection.objects.filter(pk=collection.pk).update(query={}, since=None, scatter=[])
    collection.refresh_from_db()


@pytest.mark.slow
@settings(
    max_examples=25,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(work=st.lists(steps, max_size=14))
def test_every_object_once(agreed, work):
    collection = Collection.objects.first() or opened(agreed.world)
    forget(collection)
    model = Model(agreed, collection)
    model.agree({"highest": Tlp.AMBER, "categories": frozenset(Category)})
    for step, what in work:
        model.now += timedelta(seconds=1)
        getattr(model, step)(what)
    for _ in range(30):
        model.poll(3)
    assert not model.awaiting


def test_what_opens_later_reaches_a_poller_who_is_past_it(agreed):
    collection = opened(agreed.world)
    model = Model(agreed, collection)
    model.agree({"highest": Tlp.GREEN, "categories": frozenset(Category)})
    model.add([("indicator", Tlp.AMBER, 0)] * 3 + [("indicator", Tlp.GREEN, 0)] * 3)
    model.poll(10)
    model.agree({"highest": Tlp.AMBER, "categories": frozenset(Category)})
    before = model.after
    model.poll(2)
    model.add([("indicator", Tlp.AMBER, 0)])
    model.poll(1)
    model.poll(9)
    assert model.after > before
    assert not model.awaiting
    assert len(model.seen) == 7


def test_what_is_looked_at_is_what_may_be_seen(agreed):
    """No row of a class that is closed is touched: paging takes no longer for what lies between."""
    collection = opened(agreed.world)
    own_work(agreed.world, *(indicator(f"r{n}", Tlp.RED) for n in range(50)), indicator("a"))
    scope = scope_of(collection, agreed.party, NOW)
    asked_for: list[str] = []

    def noted(execute, sql, params, many, context):
        asked_for.append(sql % tuple(params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        assert len(places(scope, Choice(), after=-1, count=10).places) == 1
    red = HandlingClass.objects.get(facts__tlp="red").pk
    assert not any(f'"handling_id" = {red} ' in each for each in asked_for)
