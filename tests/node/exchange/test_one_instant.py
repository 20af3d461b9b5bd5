"""A version is the instant of `modified`, however many digits spell it: one key wherever versions meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.formats.acts import Content
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Content as Carried
from comity.node.exchange import queries, tracing
from comity.node.exchange.models import AlsoGiven, Recall, StixObject
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import from_elsewhere, from_far, indicator, own_work, row
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_recalls import asked_back, given, recalled

pytestmark = pytest.mark.django_db
SPELLINGS = ("2026-11-20T06:30:00Z", "2026-11-20T06:30:00.0Z", "2026-11-20T06:30:00.000000000Z")
KEY = "2026-11-20T06:30:00.000Z"


def spelt(value: dict[str, Any], as_: str = SPELLINGS[0]) -> dict[str, Any]:
    return value | {"modified": as_}


def digest(value: dict[str, Any]) -> str:
    return sha256_hex(canonical(value))


@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("second", [KEY, "2026-11-20T06:30:00.00Z"])
def test_another_spelling_is_another_content_of_the_same_version(world, first, second):
    one, other = (spelt(indicator("one"), each) for each in (first, second))
    own_work(world, one)
    [(ref, why)] = own_work(world, other).report["refused"]
    assert ref == one["id"]
    assert digest(one) in why
    assert digest(other) in why
    assert StixObject.objects.count() == 1
    assert bytes(row(one).wire) == canonical(one)  # as received
    assert row(one).modified == KEY
    assert own_work(world, one).report["known"] == 1


def test_the_same_in_one_file(world):
    done = own_work(world, indicator("one"), spelt(indicator("one")))
    assert (done.report["new"], len(done.report["refused"])) == (1, 1)


def test_which_is_the_newest_does_not_depend_on_the_digits(world):
    times = ("2026-11-20T06:30:00.1Z", "2026-11-20T06:30:00.1000001Z", "2026-11-20T06:30:00.10000012Z")
    own_work(world, *(indicator("one", modified=each) for each in (times[1], times[2], times[0])))
    assert row(indicator("one")).modified == times[2]
    assert queries.versions_for(world.analyst).count() == 3


def test_a_post_in_another_spelling(agreed):
    reader = reader_of(agreed, opened(agreed.world, may_post=True))
    hidden, open_ = indicator("one", Tlp.RED), indicator("two", Tlp.GREEN)
    own_work(agreed.world, hidden, open_)
    assert reader.posted(spelt(hidden))["success_count"] == 1  # what it may not see, it is not told of
    assert AlsoGiven.objects.get().modified == KEY
    assert reader.posted(hidden)["failures"][0]["message"].startswith("share.contradiction")
    assert reader.posted(spelt(open_))["failures"][0]["message"].startswith("share.contradiction")
    assert StixObject.objects.count() == 2


def test_a_share_in_another_spelling(agreed):
    basis = (Agreement.objects.get().ref,)
    one = indicator("one", Tlp.GREEN)
    own_work(agreed.world, one)
    verdict, _ = from_far(agreed, spelt(one), basis=basis)
    assert verdict.grounds[0].rule == "share.contradiction"


def test_an_act_names_a_version_in_any_spelling(agreed):
    basis = (Agreement.objects.get().ref,)
    one = spelt(indicator("one", Tlp.GREEN))
    entry = replace(Content.of(Found.decode(one)), modified=SPELLINGS[2])
    verdict, _ = from_far(agreed, one, basis=basis, contents=(entry,))
    assert verdict.allowed
    assert Carried.objects.get(ref=one["id"]).modified == KEY


@pytest.mark.parametrize("asked", [*SPELLINGS, KEY])
def test_taxii_names_it_in_any_spelling(agreed, asked):
    reader = reader_of(agreed, opened(agreed.world))
    value = spelt(indicator("one", Tlp.GREEN))
    later = value | {"modified": "2026-11-20T06:30:00.0001Z"}
    own_work(agreed.world, value)
    own_work(agreed.world, later)
    path = f"objects/{value['id']}/"
    assert reader.get(f"{path}versions/")["versions"] == [KEY, later["modified"]]
    assert reader.get(f"{path}?match[version]={asked}")["objects"] == [value]
    assert reader.get(f"{path}?match[version]=first")["objects"] == [value]


@pytest.mark.parametrize("asked", [*SPELLINGS, KEY])
def test_a_poster_withdraws_it_in_any_spelling(agreed, asked):
    reader = reader_of(agreed, opened(agreed.world, may_post=True))
    value = spelt(indicator("one", Tlp.GREEN))
    later = value | {"modified": "2026-11-20T06:30:00.0001Z"}
    assert reader.posted(value, later)["success_count"] == 2
    assert reader.ask(f"objects/{value['id']}/?match[version]={asked}", "DELETE").status_code == 200
    assert [each.modified for each in StixObject.objects.all()] == [later["modified"]]


def test_a_recall_of_ours_and_its_way_to_the_partner(agreed):
    value = spelt(indicator("one"))
    own_work(agreed.world, value)
    given(agreed, value)
    [had] = tracing.had_for(agreed.world.analyst, value["id"])
    assert had.versions == ((value["id"], KEY),)
    [act] = recalled(agreed, value)
    assert act.body["objects"] == [{"ref": value["id"], "versions": [KEY]}]
    StixObject.objects.all().delete()
    [(_, why)] = own_work(agreed.world, indicator("one")).report["refused"]  # nor in the other spelling
    assert "recalled" in why


@pytest.mark.parametrize("asked", [*SPELLINGS, KEY])
def test_a_partner_recalls_in_another_spelling(agreed, asked):
    value = spelt(indicator("one", Tlp.GREEN))
    from_far(agreed, value, basis=(Agreement.objects.get().ref,))
    asked_back(agreed, value | {"modified": asked})
    assert Recall.objects.get().modified == KEY


def test_a_file_of_the_party_that_gave_it_is_the_same_version(agreed):
    value = indicator("one", Tlp.GREEN)
    from_far(agreed, value, basis=(Agreement.objects.get().ref,))
    done = from_elsewhere(agreed.world, spelt(value), party=agreed.party)
    assert len(done.report["refused"]) == 1
