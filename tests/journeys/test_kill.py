"""kill -9 at every step of the path: an act is not composed, or it is complete in the end, once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from random import Random

import pytest

from comity.node.faults import Step
from tests.journeys.mortal import Killed, Mortal
from tests.journeys.pairs import Pair, Way, partners

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEATHS = 200
GROUP = 20  # rounds after which everything is brought to its end and compared
SEED = 20261122

COMPOSING = (Step.COMPOSED, Step.SIGNED, Step.LOGGED, Step.RECORDED)
SENDING = (Step.BEFORE_SENDING, Step.SENT, Step.RECEIPT_NOTED)
APPROVING = (Step.APPROVED, Step.SIGNED, Step.LOGGED, Step.RECORDED)
RENEWING = (Step.KEY_WRITTEN, *COMPOSING, Step.KEY_DECLARED, Step.KEY_KEPT)
CONTENT = (Step.CONTENT_WRITTEN, Step.PORTION_KEPT, Step.POST_KEPT)
ARRIVING = (Step.ARRIVED, Step.ARRIVAL_LOGGED, Step.ARRIVAL_RECORDED)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with partners(tmp_path_factory.mktemp("pair")) as both:
        yield both


def killed_composing(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The web of the author dies while a person composes."""
    before = author.do("facts")
    with pytest.raises(Killed):
        pair.propose(author, 2, step)
    assert author.do("facts") == before


def killed_approving(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The web of the author dies while a second person approves."""
    (ref,) = author.do("propose", wide=True)
    before = author.do("facts")
    with pytest.raises(Killed):
        author.do("approve", fault=step)
    assert author.do("facts") == before
    assert author.do("approve") == [ref]
    pair.confirmed.add(ref)


def killed_renewing(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The web of the author dies while an administrator renews the key; then it dies as it goes on."""
    with pytest.raises(Killed):
        author.do("renew", fault=step)
    if step in (Step.KEY_DECLARED, Step.KEY_KEPT):
        with pytest.raises(Killed):
            author.do("restart", fault=Step.KEY_KEPT)
    assert author.do("restart") == [True, True, True]
    author.serve()
    pair.propose(author)
    author.do("renew")
    pair.propose(author)


def killed_sending(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The worker of the author dies: as it sends the act, or as it is given the cosignature of its log."""
    pair.propose(author)
    with pytest.raises(Killed):
        author.do("exchange", fault=step)


def killed_taking(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The web of the reader dies when the act is brought, or as it cosigns the log that is brought first."""
    pair.propose(author)
    _dies_serving(reader, author, step)


def killed_fetching(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The worker of the reader dies when it has fetched the act."""
    pair.propose(author)
    with pytest.raises(Killed):
        reader.do("exchange", fault=step)


def killed_noting(pair: Pair, author: Mortal, reader: Mortal, step: Step) -> None:
    """The web of the author dies when the receipt is brought."""
    pair.propose(author)
    _dies_serving(author, reader, step)


def _dies_serving(web: Mortal, worker: Mortal, step: Step) -> None:
    web.serve(step)
    (trouble,) = worker.do("exchange")
    assert "cannot be reached" in trouble
    assert web.web_ended(wait=True)
    web.serve()


Killing = Callable[[Pair, Mortal, Mortal, Step], None]
EVERY: tuple[tuple[Way, Killing, Step], ...] = (
    *((Way.PUSHED, killed_composing, step) for step in COMPOSING),
    *((Way.PUSHED, killed_approving, step) for step in APPROVING),
    *((Way.PUSHED, killed_renewing, step) for step in RENEWING),
    (Way.FETCHED, killed_renewing, Step.KEY_KEPT),
    *((Way.PUSHED, killed_sending, step) for step in (Step.COSIGNED, *SENDING)),
    *((Way.PUSHED, killed_taking, step) for step in (Step.WITNESSED, *ARRIVING)),
    *((Way.FETCHED, killed_fetching, step) for step in ARRIVING),
    (Way.FETCHED, killed_noting, Step.RECEIPT_NOTED),
)


def test_every_step_is_among_them() -> None:
    assert {step for _, _, step in EVERY} == set(Step) - set(CONTENT)  # see test_kill_content


@pytest.mark.parametrize(("way", "killing", "step"), EVERY)
def test_killed_at_a_step_the_act_is_not_there_or_whole(
    pair: Pair, way: Way, killing: Killing, step: Step
) -> None:
    pair.settle()
    pair.go(way)
    killing(pair, pair.a, pair.b, step)
    pair.nothing_wrong()
    pair.settle()
    pair.all_complete()


def test_killed_two_hundred_times_nothing_is_lost_or_doubled(pair: Pair) -> None:
    random = Random(SEED)
    deaths = 0
    for number in itertools.count():
        if number % GROUP == 0:
            pair.settle()
            pair.all_complete()
            pair.go(random.choice(list(Way)))
        deaths += a_round(pair, random)
        pair.nothing_wrong()
        if deaths >= DEATHS:
            break
    pair.settle()
    pair.all_complete()


def a_round(pair: Pair, random: Random) -> int:
    """Some acts, and processes that die at some step, if they come so far; how many died."""
    nodes = [pair.a, pair.b]
    for node in nodes:
        node.serve(maybe(random, (Step.RECEIPT_NOTED, *ARRIVING)))
    deaths = _dies(lambda: pair.propose(random.choice(nodes), random.randint(1, 3), maybe(random, COMPOSING)))
    for node in random.sample(nodes, random.randint(0, 2)):
        step, seed = maybe(random, (*SENDING, *ARRIVING)), random.randrange(2**32)
        deaths += _dies(lambda: node.do("exchange", fault=step, seed=seed))  # noqa: B023  called here
    for node in nodes:
        deaths += node.web_ended()
        node.serve()
    return deaths


def maybe(random: Random, steps: tuple[Step, ...]) -> Step | None:
    """A step at which to die, more often than not."""
    return random.choice((None, *steps))


def _dies(deed: Callable[[], object]) -> int:
    try:
        deed()
    except Killed:
        return 1
    return 0
