"""How useful each source has been: counted from sightings and opinions, never typed in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.base.tlp import Tlp
from comity.node.detect.hearing import wait_words
from comity.node.detect.models import Usefulness
from comity.node.detect.services.usefulness import reckon, reckon_all
from comity.node.exchange.models import ReducedName
from comity.node.exchange.reports import Report, What
from comity.node.exchange.services.reporting import record_reports
from comity.node.federation.models import Partner
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import from_elsewhere, from_far, indicator, made, own_work
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=3)
ONE, TWO, THREE = (indicator(name, Tlp.GREEN) for name in ("one", "two", "three"))


def given(agreed, *values):
    from_far(agreed, *values, tlp=Tlp.GREEN, basis=(Agreement.objects.get().ref,))[0].require()


def reported(agreed, ref, *, now=LATER, **said):
    record_reports(actor=agreed.world.analyst, reports=[(ref["id"], Report(**said))], now=now)


def counted(agreed, party=None) -> Usefulness:
    reckon(agreed.world.body, LATER)
    return Usefulness.objects.get(party=party or agreed.party)


@pytest.fixture
def theirs(agreed):
    given(agreed, ONE, TWO, THREE)
    return agreed


def test_nothing_was_met_yet(theirs):
    row = counted(theirs)
    assert (row.indicators, row.met, row.wrong, row.wait) == (3, 0, 0, None)
    assert wait_words(row) == ""


def test_what_we_saw_counts_once_and_with_its_wait(theirs):
    reported(theirs, ONE, last=NOW + timedelta(hours=2))
    reported(theirs, ONE, last=NOW + timedelta(hours=5), count=40)
    row = counted(theirs)
    assert (row.indicators, row.met, row.wrong, row.wait) == (3, 1, 0, 7_200)
    assert wait_words(row) == "half of them within 120 minutes"


def test_half_of_them_waited_no_longer(theirs):
    for each, days in ((ONE, 1), (TWO, 2), (THREE, 3)):
        reported(theirs, each, last=NOW + timedelta(days=days))
    assert wait_words(counted(theirs)) == "half of them within 2 days"


def test_what_was_seen_before_it_was_given_waited_for_nothing(theirs):
    reported(theirs, ONE, first=NOW - timedelta(days=30), last=NOW - timedelta(days=20))
    assert counted(theirs).wait == 0


def test_what_was_looked_for_and_not_seen_is_no_hit(theirs):
    reported(theirs, ONE, count=0)
    assert counted(theirs).met == 0


def test_false_positives_are_counted_apart(theirs):
    reported(theirs, ONE, what=What.FALSE_POSITIVE, why="Our own resolver.")
    row = counted(theirs)
    assert (row.met, row.wrong) == (0, 1)


def test_what_its_giver_saw_itself_proves_nothing(agreed):
    seen = made("sighting", "seen", Tlp.GREEN, sighting_of_ref=ONE["id"], count=3)
    del seen["name"]
    given(agreed, ONE, seen)
    assert counted(agreed).met == 0


def test_what_we_saw_of_our_own_work_counts(agreed):
    own_work(agreed.world, ONE)
    reported(agreed, ONE)
    row = counted(agreed, agreed.world.body)
    assert (row.source, row.indicators, row.met) == ("ourselves", 1, 1)


def test_a_file_is_a_source_by_its_words(agreed):
    from_elsewhere(agreed.world, ONE, TWO)
    reported(agreed, ONE)
    reckon_all(LATER)
    row = Usefulness.objects.get(party=None)
    assert (row.source, row.indicators, row.met) == ("a public feed", 2, 1)


def test_what_is_reported_of_a_reduced_object_counts_for_the_whole(agreed):
    own_work(agreed.world, ONE)
    name = indicator("reduced")["id"]
    ReducedName.objects.create(holder=agreed.world.body, name=name, ref=ONE["id"])
    seen = made("sighting", "seen", Tlp.GREEN, sighting_of_ref=name, count=3)
    del seen["name"]
    given(agreed, seen)
    assert counted(agreed, agreed.world.body).met == 1


def test_counting_again_leaves_one_row_for_each(theirs):
    assert reckon(theirs.world.body, NOW) == reckon(theirs.world.body, LATER) == 1
    assert Usefulness.objects.get().at == LATER


def test_the_page_and_the_table(theirs, django_assert_num_queries):
    analyst = client_of(theirs.world.analyst)
    assert "Nothing has been counted yet" in body(analyst.get("/usefulness/"))
    reported(theirs, ONE)
    counted(theirs)
    assert "Usefulness of sources" in body(analyst.get("/sensors/"))
    page = body(analyst.get("/usefulness/"))
    assert theirs.party.name in page
    assert "half of them within 3 days" in page
    table = analyst.get("/usefulness/?as=csv")
    assert table["Content-Type"].startswith("text/csv")
    assert f'"{theirs.party.name}","3","1","0","259200"' in table.content.decode()
    assert client_of(theirs.world.observer).get("/usefulness/").status_code == 403


def test_a_partners_page_has_its_line(theirs):
    reported(theirs, ONE)
    counted(theirs)
    partner = Partner.objects.get(party=theirs.party)
    page = body(client_of(theirs.world.analyst).get(f"/partners/{partner.pk}/"))
    assert "1 of its 3 indicators were met" in page
