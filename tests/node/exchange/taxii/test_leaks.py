"""Whatever a partner asks, nothing that it may not see appears in any answer."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Collection, HandlingClass, Standing, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.sights import asked
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_sights import handlings, offers, stand
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
DEFENCE = Purpose.NETWORK_DEFENCE
_REF = re.compile(rb"indicator--[0-9a-f-]{36}")
QUERIES = (
    "", "limit=1", "limit=2&match[version]=all", "match[version]=first", "match[type]=indicator", "next=0",
    "added_after=2026-11-22T03:00:02Z", "match[version]=first,last&match[type]=indicator,tool",
)  # fmt: skip  # as people would write a list of words


def ref_of(place: int) -> str:
    return f"indicator--{UUID(int=place, version=4)}"


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
    rows = [(place, handling) for place, handling in enumerate(classes)]
    rows += [(place % len(classes), handling) for place, handling in versions]
    keys = keys_of(handling for _, handling in rows)
    last = {place: n for n, (place, _) in enumerate(rows)}
    StixObject.objects.bulk_create(
        StixObject(
            holder=sides.world.body, ref=ref_of(place), type="indicator", sha256=f"{n:064x}",
            modified=f"2026-11-20T06:30:{n:02}.000Z", latest=last[place] == n,
            wire=canonical({"id": ref_of(place), "modified": f"2026-11-20T06:30:{n:02}.000Z"}),
            title="x", words="x", handling_id=keys[handling], brought=done, added=NOW + timedelta(seconds=n),
        )
        for n, (place, handling) in enumerate(rows)
    )  # fmt: skip  # a row
    now = timezone.now()
    question = asked(sides.world.body, sides.party, purpose=DEFENCE, now=now)
    judged = [question.judge(of_class(HandlingClass.objects.get(pk=keys[h]))) for _, h in rows]
    whole = [r.verdict.allowed and not r.removals and not r.second_person for r in judged]
    seen = {ref_of(place).encode() for place, n in last.items() if whole[n]}
    versions_seen = {
        f"2026-11-20T06:30:{n:02}.000Z".encode() for n, (place, _) in enumerate(rows)
        if whole[n] and whole[last[place]]
    }  # fmt: skip  # one clause to a line
    reader = reader_of(sides, opened(sides.world), name=f"poller {timezone.now().timestamp()}")

    def told(path: str) -> bytes:
        content = bytes(reader.ask(path).content)
        assert set(_REF.findall(content)) <= seen
        assert set(re.findall(rb"2026-11-20T06:30:\d\d\.000Z", content)) <= versions_seen
        return content

    for query in QUERIES:
        told(f"objects/?{query}")
        told(f"manifest/?{query}")
    assert set(_REF.findall(told("objects/"))) == seen
    missing = ref_of(99)
    for place in last:
        for path in ("objects/{}/", "objects/{}/versions/", "objects/{}/?match[version]=all"):
            answer = told(path.format(ref_of(place)))
            if ref_of(place).encode() not in seen:
                assert answer == reader.ask(path.format(missing)).content
        if ref_of(place).encode() not in seen:
            assert told(f"manifest/?match[id]={ref_of(place)}") == b"{}"
