"""Indicators as they come, change and go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from comity.base.errors import ComityError
from comity.detection.pulling import Puller
from comity.detection.state import State
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.loading import judge
from comity.engines.patterns.judging.own import Own
from tests.node.exchange.holding import indicator
from tests.node.exchange.taxii.shelf import COLLECTION, ROOT, Shelf

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MAKER = "identity--5d3b8f0e-6a43-4c57-9e4f-6b0f6a3c9d21"


def judged(each) -> Any:
    pattern, verdict = judge(each, KnownGood(), Own(), NOW)
    return pattern, verdict.grounds[0]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(most=2)


@pytest.fixture
def puller(tmp_path, shelf):
    with State.open(tmp_path) as state:
        yield Puller(f"{ROOT}collections/{COLLECTION}/", shelf, state, judged)


def pulled(puller: Puller) -> tuple[set[str], set[str]]:
    changes = list(puller.pull())
    return {ref for each in changes for ref in each.add}, {ref for each in changes for ref in each.remove}


def made(name: str, **more: Any) -> dict[str, Any]:
    return indicator(name) | {"pattern": f"[domain-name:value = '{name}.example']", **more}


def test_what_is_there_comes_once_and_what_is_new_after_it(puller, shelf):
    names = ("one", "two", "three")
    shelf.put(*map(made, names))
    assert pulled(puller) == ({made(name)["id"] for name in names}, set())
    assert pulled(puller) == (set(), set())
    shelf.put(made("four"))
    assert pulled(puller) == ({made("four")["id"]}, set())
    assert "indicator" in dict(shelf.asked[-1].query)["match[type]"]


def test_a_line_that_breaks_loses_nothing(puller, shelf):
    shelf.put(*(made(str(number)) for number in range(5)))
    shelf.breaks_after = 1
    with pytest.raises(ComityError):
        pulled(puller)
    shelf.breaks_after = None
    pulled(puller)
    assert len(dict(puller.state.looked_for())) == 5


def test_a_revocation_takes_it_out_and_a_newer_pattern_replaces_it(puller, shelf):
    shelf.put(made("one"), made("two"))
    pulled(puller)
    later = "2026-11-21T00:00:00.000Z"
    shelf.put(made("one", modified=later, revoked=True))
    shelf.put(made("two", modified=later, pattern="[domain-name:value = 'other.example']"))
    changes = list(puller.pull())
    assert [each.remove for each in changes if each.remove] == [[made("one")["id"]]]
    assert {made("two")["id"]: "[domain-name:value = 'other.example']"} in [each.add for each in changes]


def test_what_cannot_be_read_is_told_and_does_not_stop_the_rest(puller, shelf):
    shelf.put(made("one", pattern=""), made("two"))
    (change,) = puller.pull()
    assert (list(change.add), change.unread) == (
        [made("two")["id"]],
        [f"{made('one')['id']}/pattern: is missing."],
    )


def test_what_is_gone_at_the_node_is_forgotten(puller, shelf):
    shelf.put(made("one"), made("two"))
    pulled(puller)
    del shelf.stored[made("one")["id"]]
    assert puller.compare().remove == [made("one")["id"]]
    assert [ref for ref, pattern in puller.state.looked_for() if pattern] == [made("two")["id"]]


def test_a_poisoned_giver_is_left_out_whole_and_others_are_not_touched(puller, shelf):
    shelf.most = 1_000
    good = made("good", created_by_ref=MAKER)
    shelf.put(made("mine"), good)
    assert good["id"] in pulled(puller)[0]
    broad = [
        made(f"broad-{number}", created_by_ref=MAKER, pattern=f"[ipv4-addr:value = '{number}.0.0.0/8']")
        for number in range(1, 121)
    ]
    shelf.put(*broad)
    added, removed = pulled(puller)
    assert added == set()
    assert good["id"] in removed
    assert made("mine")["id"] not in removed
    assert puller.state.quarantined() == {MAKER}
    shelf.put(*(made(f"more-{number}", created_by_ref=MAKER) for number in range(1_100)))
    added, _ = pulled(puller)
    assert good["id"] in added  # among so many the careless ones do not weigh any more
    assert puller.state.quarantined() == frozenset()
