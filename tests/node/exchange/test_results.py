"""What a search found, as a file: no more than may be used or given, harmless, and recorded for a partner."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import pytest

from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.terms import Purpose
from comity.formats.canonical import sha256_hex
from comity.formats.stix import decode_bundle
from comity.node.accountability.models import LogEntry
from comity.node.exchange import queries
from comity.node.exchange.narrowing import Narrow, Order
from comity.node.exchange.services import results
from comity.node.exchange.services.results import CSV, STIX, export_result
from tests.node.exchange.holding import from_elsewhere, indicator, joined, made, own_work
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db

GOOD = indicator("good", confidence=70, labels=["=kit", "loader"])
RED = indicator("red", Tlp.RED)
LOOSE = indicator("loose", None)
TOOL = made("tool", "=SUM(A1)")


@pytest.fixture
def held(agreed):
    own_work(agreed.world, GOOD, RED, TOOL)
    from_elsewhere(agreed.world, LOOSE)
    return agreed


@dataclass
class Taken:
    """A file that was read."""

    content: bytes
    result: results.Result


def written(sides, form: str = CSV, actor=None, **more) -> Taken:
    narrow = more.pop("narrow", Narrow(order=Order.OLDEST))
    done = export_result(actor=actor or sides.world.analyst, narrow=narrow, form=form, now=NOW, **more)
    content = b"".join(done.content)
    assert (len(content), sha256_hex(content)) == (done.content.size, done.content.sha256)
    return Taken(content, done)


def names(taken: Taken) -> list[str]:
    if taken.result.form == STIX:
        return [each.value.get("name", "") for each in decode_bundle(taken.content)]
    return [record["name"] for record in csv.DictReader(io.StringIO(taken.content.decode()))]


@pytest.mark.parametrize("form", [CSV, STIX])
def test_for_ourselves(held, form):
    entries = LogEntry.objects.count()
    done = written(held, form)
    assert set(names(done)) >= {"good"}
    assert not {"red", "loose"} & set(names(done))
    assert (done.result.count, done.result.staying) == (2, 2)
    assert LogEntry.objects.count() == entries


@pytest.mark.parametrize("form", [CSV, STIX])
def test_for_a_partner_it_is_recorded(held, form):
    done = written(held, form, partner=held.party)
    assert "red" not in names(done)
    entry = LogEntry.objects.get(event="content-exported")
    assert entry.subject == held.party.ref
    assert sha256_hex(done.content) in bytes(entry.entry or b"").decode()
    research = written(held, form, partner=held.party, purpose=Purpose.RESEARCH)
    assert (names(research), research.result.count) == ([], 0)


def test_what_needs_a_second_person_stays(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    own_work(sides.world, GOOD, indicator("green", Tlp.GREEN))
    assert names(written(sides, partner=sides.party)) == ["green"]


def test_the_table_is_harmless_and_says_what_the_object_says(held):
    records = {each["id"]: each for each in csv.DictReader(io.StringIO(written(held).content.decode()))}
    good = records[GOOD["id"]]
    assert (good["values"], good["confidence"], good["tlp"]) == ("good.example", "70", "TLP:AMBER")
    assert good["source"] == held.world.body.name
    assert good["labels"] == "'=kit loader"
    assert records[TOOL["id"]]["name"] == "'=SUM(A1)"
    partner = next(csv.DictReader(io.StringIO(written(held, partner=held.party).content.decode())))
    assert partner["source"] != held.world.body.name


def test_the_list_is_what_was_narrowed(held, monkeypatch):
    assert names(written(held, narrow=Narrow(label="loader"))) == ["good"]
    monkeypatch.setattr(results, "MOST", 1)
    done = written(held).result
    assert (done.count, done.staying, done.more) in {(1, 0, True), (0, 1, True)}


@pytest.mark.parametrize("form", [CSV, STIX])
def test_a_long_list_is_judged_in_portions(held, monkeypatch, form):
    """What joins objects goes where both ends go, whichever portions they are in."""
    tool, away = made("tool", "tool", Tlp.GREEN), made("tool", "away", Tlp.RED)
    first, closed = joined("first", GOOD, tool), joined("closed", GOOD, away)
    own_work(held.world, joined("of a link", first, tool), first, tool, away, closed)
    whole = written(held, form, partner=held.party)
    monkeypatch.setattr(queries, "CHUNK", 1)
    apart = written(held, form, partner=held.party)
    assert sorted(names(apart)) == sorted(names(whole))
    assert (apart.result.count, apart.result.staying) == (whole.result.count, whole.result.staying)
    going = [
        each["id"].encode() in apart.content for each in (first, joined("of a link", first, tool), closed)
    ]
    assert going == [True, True, False]


def test_who_may_not(held):
    with pytest.raises(Refused):
        written(held, actor=held.world.observer)
    with pytest.raises(Refused):
        written(held, actor=held.world.approver, partner=held.party)
    assert not LogEntry.objects.filter(event="content-exported").exists()


def test_the_page(held):
    page = client_of(held.world.analyst)
    shown = body(page.get("/exchange/?label=loader&page=1"))
    assert "/exchange/export?label=loader" in shown
    said = {"form": "csv", "partner": "", "purpose": "network-defence"}
    answer = page.post("/exchange/export?label=loader", said)
    assert answer["Content-Disposition"] == 'attachment; filename="comity-objects.csv"'
    content = answer.getvalue()
    assert b"good.example" in content
    assert b"SUM" not in content
    bundle = page.post("/exchange/export", said | {"form": "stix", "partner": held.party.ref})
    assert len(bundle.getvalue()) == int(bundle["Content-Length"])
    assert bundle["Content-Type"] == "application/stix+json"
    assert page.post("/exchange/export", said | {"form": "pdf"}).status_code == 400
    assert client_of(held.world.observer).post("/exchange/export", said).status_code == 403
    assert held.party.name not in body(client_of(held.world.approver).get("/exchange/")).split("Take this")[1]
