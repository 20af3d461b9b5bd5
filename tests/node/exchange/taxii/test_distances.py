"""Distances of instants tell nothing of what is hidden: with it and without, they are spread alike.

Two samples are held to be of one distribution by the test of Kolmogorov and Smirnov, at one in a thousand;
seeds are fixed, so that it ends the same each time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from math import isqrt, sqrt
from random import Random

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.handling import Ownership
from comity.engines.release.terms import Category
from comity.formats.stix import StixObject as Found
from comity.node.exchange.handling import Origin
from comity.node.exchange.models import Collection, Import, StixObject
from comity.node.exchange.services.holding import one_at_a_time, show_anew
from comity.node.exchange.services.places import INSTANT, Seeds, last_instant, take_places
from comity.node.exchange.services.storing import Way, store
from comity.node.exchange.taxii.chosen import scope_of
from comity.node.exchange.taxii.order import Choice, Scope, places
from comity.node.exchange.taxii.standing import begin_wave, micros, moment
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened
from tests.node.exchange.taxii.test_order import address, report
from tests.node.exchange.worlds import undone
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
ROUNDS = 60
SEEN = 4  # objects of a round that may be seen
HIDDEN = 40
_ONE_IN_A_THOUSAND = 1.95

Rounds = list[list[int]]  # in each the instants at which a partner finds something, from when it began
Work = Callable[[Sides, Collection, int, Seeds], Rounds]


def distance(one: Sequence[int], other: Sequence[int]) -> float:
    """How far the distributions of two samples are apart, of what is too far for chance."""
    below = [[bisect_right(sorted(sample), each) / len(sample) for each in (*one, *other)]
             for sample in (one, other)]  # fmt: skip  # one clause to a line
    apart: float = max(abs(a - b) for a, b in zip(*below, strict=True))
    return apart / (_ONE_IN_A_THOUSAND * sqrt(1 / len(one) + 1 / len(other)))


def seeds_of(name: str) -> Seeds:
    """Bytes that are another each time, and the same in every run."""
    count = iter(range(10**9))
    return lambda size: sha256(f"{name} {next(count)}".encode()).digest()[:size]


def bring(sides: Sides, turn: int, hidden: int, seeds: Seeds) -> list[int]:
    """Objects that may be seen, and among them some that may not; the keys of all."""
    holder = sides.world.body
    at = NOW + timedelta(seconds=turn)
    row = Import.objects.create(holder=holder, form="stix", by_name="x", at=at, ended=True)
    seen = [indicator(f"s{turn}-{n}", Tlp.GREEN) for n in range(SEEN)]
    others = [indicator(f"h{turn}-{n}", Tlp.RED) for n in range(hidden)]
    share = hidden // SEEN
    values = [each for n, one in enumerate(seen) for each in (one, *others[n * share : (n + 1) * share])]
    way = Way(holder, Origin(Ownership.OWN, holder.ref), holder, row, acts={}, by="x", now=at)
    store([Found.decode(each) for each in values], way, seeds=seeds)
    return list(StixObject.objects.filter(brought=row).values_list("pk", flat=True))


def found_from(sides: Sides, collection: Collection, at: int) -> list[int]:
    """The instants at which the partner finds something from this one on."""
    scope = scope_of(collection, sides.party, NOW)
    return [place for place, _ in places(scope, Choice(), after=at - 1, count=100).places]


def stored(sides: Sides, collection: Collection, hidden: int, seeds: Seeds) -> Rounds:
    """New objects come in, round after round."""
    rounds = []
    for turn in range(ROUNDS):
        bring(sides, turn, hidden, seeds)
        begin = micros(NOW + timedelta(seconds=turn))
        rounds.append([at - begin for at in found_from(sides, collection, begin)])
    return rounds


def shown_anew(sides: Sides, collection: Collection, hidden: int, seeds: Seeds) -> Rounds:
    """The same objects are put at the end of the order again and again."""
    keys, rounds = bring(sides, 0, hidden, seeds), []
    for turn in range(1, ROUNDS):
        now = NOW + timedelta(seconds=turn)
        show_anew(sides.world.body, keys, now, seeds=seeds)
        rounds.append([at - micros(now) for at in found_from(sides, collection, micros(now))])
    return rounds


def opened_again(sides: Sides, collection: Collection, hidden: int, seeds: Seeds) -> Rounds:
    """The same objects are in one wave after the other."""
    bring(sides, 0, hidden, seeds)
    rounds = []
    for turn in range(1, ROUNDS):
        wave = begin_wave(sides.world.body, NOW + timedelta(seconds=turn), seeds=seeds)
        collection.since, collection.scatter = moment(wave.first), wave.scatter.as_json()
        rounds.append([at - wave.first for at in found_from(sides, collection, wave.first)])
    return rounds


def sampled(sides: Sides, work: Work, hidden: int) -> tuple[list[int], list[int]]:
    """Where the first stands in each round, and how far the others stand from one another."""
    with undone():
        rounds = work(sides, opened(sides.world), hidden, seeds_of(f"{work.__name__} {hidden}"))
    assert {len(each) for each in rounds} == {SEEN}
    return [each[0] for each in rounds], [b - a for each in rounds for a, b in pairwise(each)]


@pytest.mark.slow
@pytest.mark.parametrize("work", [stored, shown_anew, opened_again])
def test_what_is_hidden_moves_nothing(agreed, work):
    alone, among = sampled(agreed, work, 0), sampled(agreed, work, HIDDEN)
    assert distance(alone[0], among[0]) < 1
    assert distance(alone[1], among[1]) < 1


def test_the_oracle_sees_a_difference():
    """Places one after the other, and random ones in a stretch as long as what comes in."""
    count, stretch = SEEN * ROUNDS, SEEN + HIDDEN
    assert distance([1] * count, [1 + HIDDEN // SEEN] * count) > 1
    random = Random(29)
    random_gaps = [
        [b - a for _ in range(ROUNDS) for a, b in pairwise(sorted(random.sample(range(length), SEEN)))]
        for length in (stretch, 2 * stretch)
    ]
    assert distance(*random_gaps) > 1


@pytest.mark.parametrize(("count", "length"), [(0, 0), (1, 2_000), (2_000, 2_000), (2_001, 50_000)])
def test_a_stretch_is_as_long_for_one_as_for_thousands(agreed, count, length):
    holder = agreed.world.body
    one_at_a_time(holder)
    take_places(holder, 1, NOW)
    found = take_places(holder, count, NOW)
    begin = NOW + 2_000 * INSTANT
    assert len(set(found)) == len(found) == count
    assert all(begin <= at < begin + length * INSTANT for at in found)
    assert last_instant(holder) == begin + (length - 1) * INSTANT


def test_who_takes_places_later_is_at_the_clock_again(agreed):
    holder = agreed.world.body
    take_places(holder, 2_001, NOW)
    assert take_places(holder, 1, NOW)[0] >= NOW + 50_000 * INSTANT
    later = NOW + timedelta(seconds=1)
    assert later <= take_places(holder, 1, later)[0] < later + 2_000 * INSTANT


@pytest.fixture
def many(agreed: Sides) -> Scope:
    """Addresses, reports that name them, and indicators, all older than a wave."""
    collection, values = opened(agreed.world), []
    for n in range(200):
        values += [address(n, Tlp.GREEN), report(f"r{n}", Tlp.CLEAR, n), indicator(f"i{n}", Tlp.AMBER)]
    own_work(agreed.world, *values)
    wave = begin_wave(agreed.world.body, NOW + timedelta(hours=1), seeds=seeds_of("many"))
    collection.since, collection.scatter = moment(wave.first), wave.scatter.as_json()
    return scope_of(collection, agreed.party, NOW)


@pytest.mark.parametrize(("by_class", "count"), [(False, 600), (True, 400)])
def test_a_wave_is_read_alike_in_either_way(many, by_class, count):
    """Few objects are put in order, and where there are many the places are looked at in turn."""
    [wave] = many.waves
    facts = many.sighted.facts
    observables = frozenset(key for key in many.classes if facts[key].category is Category.OBSERVATION)
    scope = replace(many, waves=(replace(wave, classes=observables if by_class else None),))
    in_order = places(scope, Choice(), after=wave.first - 1, count=10_000).places
    assert len(in_order) == count > isqrt(wave.scatter.length)
    for begin in (0, 7, count - 1):
        after = in_order[begin][0]
        assert places(scope, Choice(), after=after - 1, count=1).places == in_order[begin : begin + 1]
        assert places(scope, Choice(), after=after, count=1).places == in_order[begin + 1 : begin + 2]
    two = [in_order[place] for place in (count // 2, count - 1)]
    names = StixObject.objects.filter(pk__in=[key for _, key in two]).values_list("ref", flat=True)
    named = Choice(refs=tuple(names))
    assert places(scope, named, after=wave.first - 1, count=1).places == two[:1]
    assert places(scope, named, after=two[0][0], count=1).places == two[1:]
