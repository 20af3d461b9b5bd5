"""Versions in time and beside each other: who brought each, who has it, and what changed, word by word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import NotFound
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.node.acts.models import Delivery
from comity.node.exchange import comparing
from comity.node.exchange.comparing import LONGEST, How, alike_count, differences
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services.recalling import Said, recall
from comity.node.exchange.versions import version_named, versions_for
from comity.node.site.states import StepState
from tests.node.exchange.holding import from_elsewhere, from_far, indicator, own_work, row, shared
from tests.node.exchange.test_values import pattern
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

ONE = indicator("one", description="Seen at the power grid.", labels=["a"])
TWO = ONE | {
    "modified": "2026-11-21T06:30:00.000Z",
    "description": "Seen at the big power grid!",
    "object_marking_refs": [TLP_IDS[Tlp.GREEN]],
    "confidence": 5,
}
TWO = {name: value for name, value in TWO.items() if name != "labels"}
PAGE = f"/exchange/objects/{ONE['id']}/"

values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)
objects = st.dictionaries(st.sampled_from("abcd"), values)


@given(objects, objects)
def test_what_is_told_is_all_that_differs(before, after):
    found = {each.name: each for each in differences(before, after)}
    assert {name for name, each in found.items() if each.how is How.ADDED} == after.keys() - before.keys()
    assert {name for name, each in found.items() if each.how is How.REMOVED} == before.keys() - after.keys()
    for name in before.keys() & after.keys():
        same = comparing._told(before[name]) == comparing._told(after[name])
        assert (name not in found) == same
    assert alike_count(before, after) + len(found) == len(before.keys() | after.keys())


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_each_side_are_its_text(before, after):
    for each in differences({"x": before}, {"x": after}):
        assert "".join(piece.text for piece in each.before) == before
        assert "".join(piece.text for piece in each.after) == after
        assert all(piece.how in (How.SAME, How.REMOVED) for piece in each.before)
        assert all(piece.how in (How.SAME, How.ADDED) for piece in each.after)


def test_words_that_differ_are_marked():
    (found,) = differences({"d": ONE["description"]}, {"d": TWO["description"]})
    assert [piece.text for piece in found.before if piece.how is How.REMOVED] == ["."]
    assert "".join(piece.text for piece in found.after if piece.how is How.ADDED).strip() == "big !"


def test_long_texts_stand_as_they_are():
    long = "word " * comparing.MOST_WORDS
    (found,) = differences({"d": long}, {"d": f"{long}more"})
    assert [piece.how for piece in (*found.before, *found.after)] == [How.REMOVED, How.ADDED]
    (found,) = differences({}, {"d": "x" * (LONGEST + 1)})
    assert len(found.after[0].text) == LONGEST


def test_true_is_not_one():
    assert [each.name for each in differences({"a": 1, "b": [1]}, {"a": True, "b": [1.0]})] == ["a", "b"]


@pytest.mark.django_db
def test_each_version_with_what_happened_to_it(agreed):
    own_work(agreed.world, ONE)
    shared(agreed, ONE)
    Delivery.objects.update(state="receipted", next_try=None)
    own_work(agreed.world, TWO, now=NOW + timedelta(hours=1))
    newest, first = versions_for(agreed.world.analyst, ONE["id"])
    assert (newest.row.modified, first.row.modified) == (TWO["modified"], ONE["modified"])
    assert newest.marking_changed
    assert (first.before, first.marking_changed) == (None, False)
    assert [step.title for step in first.steps] == [
        "Our own work, brought by Ayesha",
        f"Receipted by {agreed.party.name}",
    ]
    assert len(newest.steps) == 1
    said = Said(RecallReason.WRONG, "Please delete it", "")
    recall(actor=agreed.world.analyst, ref=ONE["id"], said=said, now=NOW + timedelta(hours=2))
    (last,) = [each.steps[-1] for each in versions_for(agreed.world.analyst, ONE["id"])[1:]]
    assert (last.title, last.state) == ("Recalled by Ayesha", StepState.FAILED)
    page = body(client_of(agreed.world.analyst).get(PAGE))
    assert "The marking changed" in page
    assert "What changed in it" in page
    assert versions_for(agreed.world.observer, ONE["id"]) == []


@pytest.mark.django_db
def test_who_brought_it(agreed):
    agreement = agreed.conclude()
    theirs = indicator("theirs")
    from_far(agreed, theirs, basis=(agreement.ref,))[0].require()
    from_elsewhere(agreed.world, indicator("file"))
    from_elsewhere(agreed.world, indicator("given"), party=agreed.party)

    def came(name: str) -> str:
        return versions_for(agreed.world.analyst, indicator(name)["id"])[0].steps[0].title

    assert came("theirs") == f"Shared by {agreed.party.name}: From afar"
    assert came("file") == "From a public feed, brought by Ayesha"
    assert came("given") == f"From {agreed.party.name}, brought by Ayesha"


@pytest.mark.django_db
def test_two_versions_beside_each_other(agreed):
    own_work(agreed.world, ONE)
    page = client_of(agreed.world.analyst)
    assert "Choose two versions" in body(page.get(f"{PAGE}compare"))
    old = row(ONE).pk
    own_work(agreed.world, TWO, now=NOW + timedelta(hours=1))
    shown = body(page.get(f"{PAGE}compare"))
    assert "<ins>big </ins>" in shown
    assert "<del>.</del>" in shown
    for name, how in (("confidence", "added"), ("labels", "removed"), ("object_marking_refs", "changed")):
        assert f'<code>{name}</code> <span class="hint">{how}</span>' in shown
    turned = body(page.get(f"{PAGE}compare?before={row(ONE).pk}&after={old}"))
    assert "<del>big </del>" in turned


@pytest.mark.django_db
def test_the_words_of_another_giver(agreed):
    ours = pattern("ours", "[ipv4-addr:value = '198.51.100.7']") | {"confidence": 10}
    theirs = pattern("theirs", "[ipv4-addr:value = '198.51.100.7']") | {"confidence": 90}
    own_work(agreed.world, ours)
    from_elsewhere(agreed.world, theirs, party=agreed.party)
    page = client_of(agreed.world.analyst)
    address = f"/exchange/objects/{ours['id']}/compare?before={row(ours).pk}&after={row(theirs).pk}"
    assert address.replace("&", "&amp;") in body(page.get(f"/exchange/objects/{ours['id']}/"))
    shown = body(page.get(address))
    assert f"theirs, from {agreed.party.name}" in shown
    assert "<del>10</del>" in shown


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["0", "x", "²", "9" * 30, "-1"])
def test_no_such_version(agreed, key):
    own_work(agreed.world, ONE)
    with pytest.raises(NotFound):
        version_named(agreed.world.analyst, key)
    assert client_of(agreed.world.analyst).get(f"{PAGE}compare?before={key}").status_code == 404
    with pytest.raises(NotFound):
        version_named(agreed.world.observer, str(row(ONE).pk))
