"""What a party gives of versions that others had given: kept beside them, with no effect on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.handling import Ownership
from comity.formats.canonical import canonical
from comity.formats.markings import TLP_IDS
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import AlsoGiven, Import, Recall, StixObject
from comity.node.exchange.services.also_given import succeed
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.erasing import erase_object
from comity.node.exchange.services.retention import end_retention
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import LATER, from_elsewhere, from_far, indicator, own_work, row
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_recalls import asked_back
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

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


ONE = indicator("one", Tlp.GREEN)


def withdrawn(reader, value=ONE):
    return reader.ask(f"objects/{value['id']}/", "DELETE").status_code


def test_what_we_brought_ourselves_stays_when_the_poster_takes_its_own_back(agreed, reader):
    reader.posted(ONE)
    assert own_work(agreed.world, ONE).report["known"] == 1
    assert of_class(row(ONE).handling).ownership is Ownership.RECEIVED  # as long as its giver stands by it
    assert [withdrawn(reader) for _ in range(2)] == [200, 403]  # it may see ours
    kept = row(ONE)
    assert (kept.source, bytes(kept.wire)) == (agreed.world.body, canonical(ONE))
    assert kept.brought == Import.objects.get(form="stix")
    facts = of_class(kept.handling)
    assert (facts.ownership, facts.origin, facts.origin_terms) == (Ownership.OWN, agreed.world.body.ref, None)
    assert not AlsoGiven.objects.exists()


@pytest.mark.parametrize("whose", ["words", "the poster"])
def test_a_file_from_elsewhere_stays_as_it_came(agreed, reader, whose):
    reader.posted(indicator("one", None) | {"object_marking_refs": [TLP_IDS[Tlp.GREEN]]})
    party = agreed.party if whose == "the poster" else None
    from_elsewhere(agreed.world, ONE, party=party)
    assert withdrawn(reader) == 200
    facts = of_class(row(ONE).handling)
    giver = agreed.party.ref if party else "a public feed"
    assert (facts.ownership, facts.origin, facts.origin_terms) == (Ownership.RECEIVED, giver, None)


def test_the_label_that_people_gave_to_what_has_none_goes_with_it(agreed, reader):
    plain = indicator("one", None)
    reader.posted(plain)
    assert row(plain).tlp == ""
    from_elsewhere(agreed.world, plain, unmarked_as=Tlp.AMBER)
    assert withdrawn(reader, plain) == 200
    assert row(plain).tlp == Tlp.AMBER.value


def test_ours_goes_before_that_of_others_and_each_has_its_turn(agreed, reader):
    reader.posted(ONE)
    shared(agreed, ONE)  # of the same party: it is one statement
    from_elsewhere(agreed.world, ONE)
    own_work(agreed.world, ONE)
    assert AlsoGiven.objects.count() == 2
    assert withdrawn(reader) == 200
    assert row(ONE).source == agreed.world.body
    assert AlsoGiven.objects.get().party is None
    own_work(agreed.world, ONE)
    assert AlsoGiven.objects.count() == 1  # nobody can take ours away: nothing needs to stand beside it


def test_nothing_is_written_a_second_time(agreed, reader):
    reader.posted(ONE)
    for _ in range(2):
        own_work(agreed.world, ONE)
        from_elsewhere(agreed.world, ONE)
    assert AlsoGiven.objects.count() == 2


def test_only_the_version_that_is_withdrawn_is_followed(agreed, reader):
    newer = ONE | {"modified": "2026-11-21T06:30:00.000Z"}
    reader.posted(ONE, newer)
    own_work(agreed.world, ONE, newer)
    path = f"objects/{ONE['id']}/?match[version]={newer['modified']}"
    assert reader.ask(path, "DELETE").status_code == 200
    versions = StixObject.objects.order_by("modified").values_list("modified", "source", "latest")
    ours, theirs = agreed.world.body.pk, agreed.party.pk
    assert list(versions) == [(ONE["modified"], theirs, False), (newer["modified"], ours, True)]
    assert withdrawn(reader) == 200
    assert set(StixObject.objects.values_list("source", flat=True)) == {ours}
    assert row(ONE).modified == newer["modified"]


def test_other_content_that_stood_beside_takes_its_place(agreed, reader):
    """What a share brought of a version that the poster gave otherwise, in a place where it saw nothing."""
    own_work(agreed.world, HIDDEN)
    assert reader.posted(OTHER)["success_count"] == 1
    StixObject.objects.all().delete()
    succeed(agreed.world.body, [(OTHER["id"], OTHER["modified"])], NOW)
    assert bytes(row(OTHER).wire) == canonical(OTHER)
    terms = of_class(row(OTHER).handling).origin_terms
    assert terms is not None
    assert terms.agreement == Agreement.objects.get().ref
    assert withdrawn(reader, OTHER) == 200
    assert not StixObject.objects.exists()


def test_what_we_brought_stays_when_the_time_of_the_giver_ends(agreed):
    """As long as its giver binds it, it is bound; then our own statement is what is left."""
    from_far(agreed, ONE, basis=(Agreement.objects.get().ref,))
    own_work(agreed.world, ONE)
    handling = replace(of_class(row(ONE).handling), keep_until=NOW.date())
    StixObject.objects.update(handling=keys_of([handling])[handling])
    end_retention(NOW + timedelta(days=1))
    assert of_class(row(ONE).handling).ownership is Ownership.OWN
