"""What a party gives of versions that others had given: kept beside them, with no effect on them."""

from __future__ import annotations

import pytest

from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.node.exchange.models import AlsoGiven, Import, Recall, StixObject
from comity.node.exchange.services.erasing import erase_object
from comity.node.exchange.services.retention import end_retention
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import LATER, from_far, indicator, own_work, row
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_recalls import asked_back
from tests.node.instruments.agreeing import Sides

pytestmark = pytest.mark.django_db
HIDDEN = indicator("one", Tlp.RED)
OTHER = indicator("one", Tlp.CLEAR, description="ours is another")


@pytest.fixture
def reader(agreed):
    return reader_of(agreed, opened(agreed.world, may_post=True))


def shared(sides: Sides, value, **changes):
    basis = (Agreement.objects.get().ref,)
    verdict, _ = from_far(sides, value, basis=basis, **changes)
    return verdict.grounds[0].rule


def test_a_post_that_a_hidden_version_contradicts_is_taken_beside_it(agreed, reader):
    own_work(agreed.world, HIDDEN)
    assert reader.posted(OTHER)["success_count"] == 1
    assert bytes(row(HIDDEN).wire) == canonical(HIDDEN)
    (beside,) = AlsoGiven.objects.all()
    assert (bytes(beside.wire), beside.party) == (canonical(OTHER), agreed.party)
    assert reader.posted(OTHER)["success_count"] == 1
    third = OTHER | {"description": "a third"}
    assert reader.posted(third)["failures"][0]["message"].startswith("share.contradiction")
    assert reader.posted(HIDDEN)["failures"][0]["message"].startswith("share.contradiction")
    path = f"objects/{HIDDEN['id']}/"
    assert [reader.ask(path, "DELETE").status_code for _ in range(2)] == [200, 404]
    assert bytes(row(HIDDEN).wire) == canonical(HIDDEN)
    assert not AlsoGiven.objects.exists()


def test_a_post_that_a_readable_version_contradicts_is_refused(agreed, reader):
    own_work(agreed.world, indicator("one", Tlp.GREEN))
    assert reader.posted(OTHER)["failures"][0]["message"].startswith("share.contradiction")
    assert not AlsoGiven.objects.exists()


def test_people_read_in_the_report_what_was_taken_beside(agreed, reader):
    own_work(agreed.world, HIDDEN)
    reader.posted(OTHER)
    report = Import.objects.get(form="taxii").report
    (ref, why) = report["refused"][0]
    assert ref == HIDDEN["id"]
    assert "other content" in why


def test_a_share_that_a_hidden_version_contradicts_is_taken_beside_it(agreed):
    own_work(agreed.world, HIDDEN)
    assert shared(agreed, OTHER) == "act.taken"
    assert bytes(row(HIDDEN).wire) == canonical(HIDDEN)
    assert AlsoGiven.objects.get(act__author=agreed.party).sha256
    assert shared(agreed, OTHER | {"description": "a third"}) == "share.contradiction"
    assert AlsoGiven.objects.count() == 1


def test_a_share_that_a_version_contradicts_which_its_author_may_see_is_refused(agreed):
    own_work(agreed.world, indicator("one", Tlp.GREEN))
    assert shared(agreed, OTHER) == "share.contradiction"


def test_a_recall_does_not_reach_what_was_here_before(agreed):
    """Whoever sends us what is ours cannot close it."""
    ours = indicator("one", Tlp.GREEN)
    own_work(agreed.world, ours)
    assert shared(agreed, ours) == "act.taken"
    asked_back(agreed, ours)
    assert not Recall.objects.exists()
    assert not row(ours).handling.facts.get("recalled")


def test_an_erasure_takes_what_was_given_beside(agreed, reader):
    own_work(agreed.world, HIDDEN)
    reader.posted(OTHER)
    erase_object(actor=agreed.world.approver, ref=HIDDEN["id"], why="A court said so", now=LATER)
    assert not AlsoGiven.objects.exists()
    assert not StixObject.objects.exists()


def test_it_is_kept_no_longer_than_its_giver_allows(sides):
    sides.conclude(retention_days=1)
    own_work(sides.world, HIDDEN)
    shared(sides, OTHER)
    due = AlsoGiven.objects.get().keep_until
    assert due is not None
    end_retention(LATER.replace(month=12))
    assert not AlsoGiven.objects.exists()
    assert bytes(row(HIDDEN).wire) == canonical(HIDDEN)
