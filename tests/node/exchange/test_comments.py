"""Notes and opinions: written as our own work, read beside what they are about, taken back, and shared."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.scoring.remarks import Opinion
from comity.formats.markings import TLP_IDS
from comity.node.exchange import queries
from comity.node.exchange.comments import LONGEST_TEXT, Said, comments_on
from comity.node.exchange.models import StixObject
from comity.node.exchange.reports import Report, What
from comity.node.exchange.scores import sightings_of
from comity.node.exchange.services.commenting import comment, take_back
from comity.node.exchange.services.reporting import record_reports
from tests.node.exchange.holding import carried, from_far, indicator, made, own_work, row, shared
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

ABOUT, PAGE = indicator("about"), f"/exchange/objects/{indicator('about')['id']}/"
NOTE = Said(text="It is a shared host.", abstract="Careful", authors=("Ayesha", "Bilal"))
AGREES = Said(text="We saw it too.", opinion=Opinion.STRONGLY_AGREE)


def written(world: World, said: Said = NOTE, now=NOW) -> StixObject:
    return comment(actor=world.analyst, ref=ABOUT["id"], said=said, now=now)


def test_a_note_is_an_object_of_our_own(agreed):
    own_work(agreed.world, ABOUT)
    found = written(agreed.world)
    value = queries.decoded(found).value
    assert (value["type"], value["content"], value["abstract"]) == ("note", NOTE.text, "Careful")
    assert (value["authors"], value["object_refs"]) == (["Ayesha", "Bilal"], [ABOUT["id"]])
    assert value["created_by_ref"] == agreed.world.body.ref
    assert value["object_marking_refs"] == [TLP_IDS[Tlp.AMBER]]
    assert found.source == agreed.world.body
    (read,) = comments_on(agreed.world.analyst, ABOUT["id"])
    assert (read.text, read.abstract, read.opinion, read.authors) == (NOTE.text, "Careful", "", NOTE.authors)
    assert comments_on(agreed.world.observer, ABOUT["id"]) == []
    assert carried(shared(agreed, ABOUT, {"id": found.ref})) == {ABOUT["id"], found.ref}


@pytest.mark.parametrize("opinion", Opinion)
def test_an_opinion_is_one_of_the_scale(agreed, opinion):
    own_work(agreed.world, ABOUT)
    found = written(agreed.world, replace(AGREES, opinion=opinion, tlp=Tlp.RED))
    value = queries.decoded(found).value
    assert (value["opinion"], value["explanation"]) == (opinion.value, "We saw it too.")
    assert found.tlp == "red"
    assert "authors" not in value
    assert opinion.value.replace("-", " ") in body(client_of(agreed.world.analyst).get(PAGE)).lower()


def test_what_others_write_stands_beside_ours(agreed):
    agreement = agreed.conclude()
    own_work(agreed.world, ABOUT)
    written(agreed.world, AGREES)
    other = made("tool", "other")
    said: dict[str, Any] = {
        "object_refs": [ABOUT["id"], other["id"]],
        "opinion": "disagree",
        "explanation": "A test <b>of ours</b>.",
    }
    theirs = made("opinion", "theirs", **said)
    del theirs["name"]
    assert from_far(agreed, theirs, basis=(agreement.ref,))[0].allowed
    page = body(client_of(agreed.world.analyst).get(PAGE))
    assert "Strongly agree" in page
    assert "A test &lt;b&gt;of ours&lt;/b&gt;." in page
    assert "about 1 other object as well" in page
    assert agreed.party.name in page


def test_reports_of_mistakes_stand_with_the_sightings(agreed):
    own_work(agreed.world, ABOUT)
    wrong = Report(what=What.FALSE_POSITIVE, why="A test.")
    record_reports(actor=agreed.world.analyst, reports=[(ABOUT["id"], wrong)], now=NOW)
    assert comments_on(agreed.world.analyst, ABOUT["id"]) == []
    assert sightings_of(agreed.world.analyst, [ABOUT["id"]])[ABOUT["id"]].false == 1


def test_taking_back(agreed):
    own_work(agreed.world, ABOUT)
    found = written(agreed.world)
    with pytest.raises(Conflict):
        take_back(actor=agreed.world.analyst, ref=found.ref, now=NOW)
    newer = take_back(actor=agreed.world.analyst, ref=found.ref, now=NOW + timedelta(seconds=1))
    assert queries.decoded(newer).value["revoked"] is True
    (read,) = comments_on(agreed.world.analyst, ABOUT["id"])
    assert read.revoked
    assert "taken back" in body(client_of(agreed.world.analyst).get(PAGE))
    for ref in (found.ref, ABOUT["id"]):
        with pytest.raises(NotFound):
            take_back(actor=agreed.world.analyst, ref=ref, now=NOW + timedelta(seconds=2))
    assert StixObject.objects.filter(ref=found.ref).count() == 2


def test_only_who_may_import_writes(agreed):
    own_work(agreed.world, ABOUT)
    count = StixObject.objects.count()
    for actor in (agreed.world.approver, agreed.world.observer):
        with pytest.raises(Refused):
            comment(actor=actor, ref=ABOUT["id"], said=NOTE, now=NOW)
        with pytest.raises(Refused):
            take_back(actor=actor, ref=ABOUT["id"], now=NOW)
        assert client_of(actor).post(f"{PAGE}note", {"text": "x", "opinion": "note"}).status_code == 403
    with pytest.raises(NotFound):
        comment(actor=agreed.world.analyst, ref="indicator--0", said=NOTE, now=NOW)
    with pytest.raises(Malformed, match="stricter"):
        written(agreed.world, replace(NOTE, tlp=Tlp.GREEN))
    assert StixObject.objects.count() == count


@pytest.mark.parametrize(
    "said",
    [
        {"text": " "},
        {"text": "x", "opinion": Opinion.AGREE, "abstract": "y"},
        {"text": "x" * (LONGEST_TEXT + 1)},
        {"text": "x", "authors": ("y",) * 21},
    ],
)
def test_what_is_not_written(said):
    with pytest.raises(Malformed):
        Said(**said)


def test_the_form(agreed):
    own_work(agreed.world, ABOUT)
    page = client_of(agreed.world.analyst)
    assert "As the object" in body(page.get(f"{PAGE}note"))
    said = {
        "opinion": "note",
        "text": "Mind <i>this</i>.",
        "authors": "Ayesha, ,Bilal",
        "abstract": "",
        "tlp": "",
    }
    assert page.post(f"{PAGE}note", said)["Location"] == PAGE
    shown = body(page.get(PAGE))
    assert "Mind &lt;i&gt;this&lt;/i&gt;." in shown
    assert "by Ayesha, Bilal" in shown
    wrong = page.post(f"{PAGE}note", said | {"tlp": "clear"})
    assert wrong.status_code == 422
    assert "or stricter" in body(wrong)
    assert page.post(f"{PAGE}note", said | {"text": ""}).status_code == 422
    assert page.post(f"{PAGE}note", said | {"opinion": "agree", "abstract": "x"}).status_code == 422
    ref = StixObject.objects.get(type="note").ref
    assert "Take it back" in body(page.get(f"/exchange/objects/{ref}/"))
    assert "Take it back" not in shown
    assert page.post(f"/exchange/objects/{ref}/take-back").status_code == 302
    assert row(ref).handling.facts["revoked"] is True
    assert "Take it back" not in body(page.get(f"/exchange/objects/{ref}/"))
