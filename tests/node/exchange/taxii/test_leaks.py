"""Whatever a partner asks, nothing that it may not see appears in any answer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity.engines.release.handling import Handling
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Collection, HandlingClass, Standing, StixObject, Victim
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.places import take_until
from comity.node.exchange.sights import asked
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_sights import handlings, offers, stand
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
DEFENCE = Purpose.NETWORK_DEFENCE
VICTIM = "Karakoram Power"
VICTIM_ID = "identity--77777777-7777-4777-8777-777777777777"
_REF = re.compile(rb"indicator--[0-9a-f-]{36}")
QUERIES = (
    "", "limit=1", "limit=2&match[version]=all", "match[version]=first", "match[type]=indicator", "next=0",
    "added_after=2026-11-22T03:00:02Z", "match[version]=first,last&match[type]=indicator,tool",
)  # fmt: skip  # as people would write a list of words


def ref_of(place: int) -> str:
    return f"indicator--{UUID(int=place, version=4)}"


def told_of(place: int, n: int, handling: Handling) -> dict[str, Any]:
    """The version of this number of an object, which names a victim if its class says so."""
    at = dict.fromkeys(("created", "valid_from"), "2026-11-19T06:30:00.000Z")
    at["modified"] = f"2026-11-20T06:30:{n:02}.000Z"
    more = {"description": f"Found at {VICTIM}."} if handling.names_victims else {}
    return indicator("x", None) | {"id": ref_of(place)} | at | more


@pytest.fixture
def two(sides: Sides) -> list[Agreement]:
    return [sides.conclude(), sides.conclude()]


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    classes=st.lists(handlings(), min_size=1, max_size=12),
    terms=st.lists(offers, max_size=2),
    versions=st.lists(st.tuples(st.integers(0, 11), handlings()), max_size=4),
)
def test_nothing_leaks(sides, two, *, classes, terms, versions):
    stand(two, terms)
    for each in (StixObject, HandlingClass, Standing, Collection):
        each.objects.all().delete()
    cache.clear()
    done = own_work(sides.world)
    Victim.objects.get_or_create(
        holder=sides.world.body, ref=VICTIM_ID, name=VICTIM, how="by-hand", by_name="x", at=NOW
    )
    rows = [(place, handling) for place, handling in enumerate(classes)]
    rows += [(place % len(classes), handling) for place, handling in versions]
    keys = keys_of(handling for _, handling in rows)
    last = {place: n for n, (place, _) in enumerate(rows)}
    StixObject.objects.bulk_create(
        StixObject(
            holder=sides.world.body, ref=ref_of(place), type="indicator", sha256=f"{n:064x}",
            modified=f"2026-11-20T06:30:{n:02}.000Z", latest=last[place] == n,
            wire=canonical(told_of(place, n, handling)),
            title="x", words="x", handling_id=keys[handling], brought=done, added=NOW + timedelta(seconds=n),
        )
        for n, (place, handling) in enumerate(rows)
    )  # fmt: skip  # a row
    take_until(sides.world.body, NOW + timedelta(seconds=len(rows)))
    now = timezone.now()
    question = asked(sides.world.body, sides.party, purpose=DEFENCE, now=now)
    judged = [question.judge(of_class(HandlingClass.objects.get(pk=keys[h]))) for _, h in rows]
    given = [r.verdict.allowed and not r.second_person for r in judged]
    names = [
        (redacted_id(ref_of(place)) if Removal.VICTIMS in judged[n].removals else ref_of(place)).encode()
        for n, (place, _) in enumerate(rows)
    ]
    newest = {names[n] for n in last.values() if given[n]}
    versions = [n for n, (place, _) in enumerate(rows) if given[n] and given[last[place]]]
    seen = {names[n] for n in versions}
    open_victim = any(
        rows[n][1].names_victims and Removal.VICTIMS not in judged[n].removals for n in versions
    )
    versions_seen = {f"2026-11-20T06:30:{n:02}.000Z".encode() for n in versions}
    reader = reader_of(sides, opened(sides.world), name=f"poller {timezone.now().timestamp()}")

    def told(path: str) -> bytes:
        reply = reader.ask(path)
        content = b"".join(reply.streaming_content) if reply.streaming else bytes(reply.content)
        assert open_victim or VICTIM.encode() not in content
        assert set(_REF.findall(content)) <= seen
        assert set(re.findall(rb"2026-11-20T06:30:\d\d\.000Z", content)) <= versions_seen
        return content

    for query in QUERIES:
        told(f"objects/?{query}")
        told(f"manifest/?{query}")
    assert set(_REF.findall(told("objects/"))) == newest
    lists = f"/lists/{reader.root.split('/')[2]}/{reader.collection.ref}"
    indicators = told("objects/?match[type]=indicator")  # a class of another category has none
    assert set(_REF.findall(told(f"{lists}/csv"))) == set(_REF.findall(indicators))
    told(f"{lists}/zeek")
    missing = ref_of(99)
    for place in last:
        for path in ("objects/{}/", "objects/{}/versions/", "objects/{}/?match[version]=all"):
            answer = told(path.format(ref_of(place)))
            if ref_of(place).encode() not in seen:
                assert answer == reader.ask(path.format(missing)).content
        if ref_of(place).encode() not in seen:
            assert told(f"manifest/?match[id]={ref_of(place)}") == b"{}"
