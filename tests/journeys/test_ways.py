"""Acts travel by push, by fetch, or by both at once, and count once by whichever way they come."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from comity.node.faults import Step
from tests.journeys.pairs import Pair, Way, partners

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with partners(tmp_path_factory.mktemp("pair")) as made:
        yield made


@pytest.fixture
def pair(both: Pair) -> Iterator[Pair]:
    yield both
    both.b.serve()
    both.settle()


def test_a_partner_that_cannot_be_reached_fetches(pair: Pair) -> None:
    pair.b.hide()
    pair.a.do("go", reach="fetch", fetches=False)
    pair.b.do("go", reach="push", fetches=True)
    (ref,) = pair.propose(pair.a)
    assert pair.a.do("exchange") == []
    (words,) = pair.a.do("facts")["acts"][ref]["words"]
    assert words.startswith("In our outbox; waits until CERT of Uruguay fetches it")
    assert pair.b.do("exchange") == []
    one, _ = pair.nothing_wrong()
    assert one["acts"][ref]["deliveries"] == ["receipted"]
    pair.b.serve()
    pair.all_complete()


def test_both_ways_at_the_same_moment_count_once(pair: Pair) -> None:
    pair.go(Way.BOTH)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            pair.propose(pair.a, 2)
            pair.propose(pair.b, 2)
            list(threads.map(lambda node: node.do("exchange"), (pair.a, pair.b)))
    pair.nothing_wrong()
    pair.settle()
    pair.all_complete()


def test_a_receipt_lost_on_one_way_comes_by_the_other(pair: Pair) -> None:
    pair.go(Way.PUSHED)
    (ref,) = pair.propose(pair.a)
    pair.b.serve(Step.ARRIVAL_RECORDED)
    pair.a.do("exchange")
    assert pair.b.web_ended(wait=True)
    pair.b.serve()
    assert ref in pair.b.do("facts")["acts"]
    pair.go(Way.FETCHED)
    pair.settle()
    pair.all_complete()
