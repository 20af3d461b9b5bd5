"""While many write, and what may be seen changes, a poller loses nothing and is given nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import connection

from comity.base.tlp import Tlp
from comity.engines.release.terms import Category, Purpose
from comity.node.exchange.models import StixObject
from comity.node.exchange.taxii import callers
from comity.node.exchange.taxii.standing import Level, look
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, sides_of, some_terms
from tests.node.world import NOW, found_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROUNDS = 3


@pytest.fixture
def agreed(far: FarNode) -> Sides:
    sides = sides_of(found_world(NOW), far)
    sides.conclude(remove_victims=False)
    return sides


def write(sides: Sides, writer: str, sizes: list[int], label: Tlp) -> None:
    try:
        for turn, size in enumerate(sizes):
            values = [indicator(f"{writer}-{turn}-{n}", label) for n in range(size)]
            own_work(sides.world, *values, now=datetime.now(UTC))
    finally:
        connection.close()


def poll(reader: Reader, done: Event) -> None:
    try:
        since, last = "", False
        while True:
            last = done.is_set()
            count = len(reader.seen)
            since = reader.poll(since, limit=97)
            if last and len(reader.seen) == count:
                return
    finally:
        connection.close()


def test_a_poller_among_writers(agreed, monkeypatch):
    monkeypatch.setattr(callers, "RATE", 10**9)
    reader = reader_of(agreed, opened(agreed.world))
    done = Event()
    with ThreadPoolExecutor(4) as pool:
        poller = pool.submit(poll, reader, done)
        writers = [
            pool.submit(write, agreed, "large", [200] * ROUNDS, Tlp.GREEN),
            pool.submit(write, agreed, "small", [3] * ROUNDS * 5, Tlp.AMBER),
        ]
        try:
            for each in writers:
                each.result()
        finally:
            done.set()
        poller.result()
    assert len(reader.seen) == len(set(reader.seen)), "nothing twice"
    assert set(reader.seen) == set(StixObject.objects.values_list("ref", flat=True)), "nothing lost"


def test_a_poller_while_a_class_opens(agreed, monkeypatch):
    """One label opens while others are written: what was there before reaches the poller all the same."""
    monkeypatch.setattr(callers, "RATE", 10**9)
    shut = some_terms(remove_victims=False, highest=Tlp.GREEN, categories=frozenset(Category))
    Agreement.objects.update(terms=written_terms(shut))
    reader = reader_of(agreed, opened(agreed.world))
    other = reader_of(agreed, reader.collection, name="other")
    write(agreed, "before", [50], Tlp.AMBER)
    done = Event()
    with ThreadPoolExecutor(5) as pool:
        pollers = [pool.submit(poll, each, done) for each in (reader, other)]
        writers = [
            pool.submit(write, agreed, "green", [40] * ROUNDS, Tlp.GREEN),
            pool.submit(write, agreed, "amber", [5] * ROUNDS * 3, Tlp.AMBER),
        ]
        try:
            writers[1].result()
            wider = some_terms(remove_victims=False, highest=Tlp.AMBER)
            Agreement.objects.update(terms=written_terms(wider))
            writers[0].result()
        finally:
            done.set()
        for each in pollers:
            each.result()
    everything = set(StixObject.objects.values_list("ref", flat=True))
    for program in (reader, other):
        assert len(program.seen) == len(set(program.seen))
        assert set(program.seen) == everything
    sighted = look(agreed.world.body, agreed.party, purpose=Purpose.NETWORK_DEFENCE, now=datetime.now(UTC))
    assert set(sighted.levels.values()) == {Level.WHOLE}
