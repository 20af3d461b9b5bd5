"""What partners poll as a MISP feed, and what is written for them: what release lets them see, no more."""

from __future__ import annotations

import argparse
import json
import warnings
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from comity.base.tlp import Tlp
from comity.formats.misp.feed import Manifest, decode_hashes
from comity.node.accountability.models import LogEntry
from comity.node.commands import export
from comity.node.commands.output import Output
from comity.node.commands.parsing import BadUsage, Parser
from comity.node.exchange.feeds import doors
from comity.node.exchange.models import Collection
from comity.node.exchange.services import publishing
from comity.node.exchange.services.erasing import erase_object
from comity.node.exchange.services.marking import mark_victim
from tests.node.exchange.holding import LATER, indicator, joined, made, own_work
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymisp import MISPEvent


@pytest.fixture
def reader(agreed: Sides) -> Reader:
    doors._made.clear()
    return reader_of(agreed, opened(agreed.world, alias="all"))


def address(sides: Sides, name: str, collection: str = "all") -> str:
    return f"/misp/{sides.world.body.ref.partition('--')[2]}/{collection}/{name}"


def token(reader: Reader) -> dict[str, str]:
    return {"authorization": f"Bearer {reader.token}"}


def polled(sides: Sides, reader: Reader, name: str, collection: str = "all", **headers: str) -> Any:
    return Client().get(address(sides, name, collection), headers={**token(reader), **headers})


def manifest(sides: Sides, reader: Reader, collection: str = "all") -> Manifest:
    answer = polled(sides, reader, "manifest.json", collection)
    assert answer.status_code == 200, answer.content
    return Manifest.decode(answer.content)


def values(sides: Sides, reader: Reader, collection: str = "all") -> set[str]:
    found: set[str] = set()
    for entry in manifest(sides, reader, collection).entries:
        event: dict[str, Any] = json.loads(polled(sides, reader, entry.file, collection).content)["Event"]
        found |= {part["value"] for part in event.get("Attribute", [])}
    return found


def test_a_collection_is_polled_as_a_feed(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("b", Tlp.CLEAR), indicator("red", Tlp.RED))
    assert values(agreed, reader) == {"a.example", "b.example"}
    hashes = list(decode_hashes(polled(agreed, reader, "hashes.csv").content))
    assert {uuid for _, uuid in hashes} == {each.uuid for each in manifest(agreed, reader).entries}
    assert LogEntry.objects.filter(event="content-exported").count() == 1


def test_what_did_not_change_is_not_sent_again(agreed, reader):
    own_work(agreed.world, indicator("a"))
    first = polled(agreed, reader, "manifest.json")
    again = polled(agreed, reader, "manifest.json", if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    own_work(agreed.world, indicator("b"), now=LATER)
    assert polled(agreed, reader, "manifest.json", if_none_match=first["ETag"]).status_code == 200
    assert LogEntry.objects.filter(event="content-exported").count() == 2


def test_what_came_in_this_very_second_waits_for_the_next(agreed, reader):
    own_work(agreed.world, indicator("a"))
    own_work(agreed.world, indicator("b"), now=timezone.now() + timedelta(seconds=1))
    assert values(agreed, reader) == {"a.example"}


def test_what_was_erased_is_given_to_nobody_any_more(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("b"))
    assert values(agreed, reader) == {"a.example", "b.example"}
    ref = indicator("a")["id"]
    erase_object(actor=agreed.world.approver, ref=ref, why="Act 7, section 2", now=NOW)
    assert values(agreed, reader) == {"b.example"}
    (entry,) = manifest(agreed, reader).entries
    assert b"a.example" not in polled(agreed, reader, entry.file).content


def test_a_victim_is_taken_out_of_what_is_polled(agreed, reader):
    victim = made("identity", "The harbour of Freedonia", identity_class="organization")
    said = indicator("a", description="Seen at The harbour of Freedonia.")
    own_work(agreed.world, victim, said)
    mark_victim(actor=agreed.world.analyst, ref=victim["id"], now=NOW)
    (entry,) = manifest(agreed, reader).entries
    event = polled(agreed, reader, entry.file).content
    assert b"a.example" in event
    assert b"harbour" not in event
    assert reader.ids() == [each for each in reader.ids() if each != said["id"]]


def test_a_collection_chooses_for_its_feed_too(agreed, reader):
    own_work(agreed.world, indicator("a", labels=["botnet"]), indicator("b"))
    Collection.objects.filter(alias="all").update(query={"labels": ["botnet"]})
    assert values(agreed, reader) == {"a.example"}


@pytest.mark.parametrize(
    "name", ["other.json", "../manifest.json", "00000000-0000-4000-8000-000000000000.json"]
)
def test_what_is_no_file_of_the_feed_is_not_there(agreed, reader, name):
    own_work(agreed.world, indicator("a"))
    assert polled(agreed, reader, name).status_code == 404


def test_only_those_who_may_read_the_collection(agreed, reader):
    own_work(agreed.world, indicator("a"))
    assert Client().get(address(agreed, "manifest.json")).status_code == 401
    wrong = Client().get(address(agreed, "manifest.json"), headers={"authorization": f"Bearer {'x' * 43}"})
    assert wrong.status_code == 401
    assert polled(agreed, reader, "manifest.json", "none").status_code == 404
    posted = Client().post(address(agreed, "manifest.json"), headers=token(reader))
    assert posted.status_code == 405


def test_a_feed_of_too_many_objects_is_refused(agreed, reader, monkeypatch):
    own_work(agreed.world, indicator("a"), indicator("b"))
    monkeypatch.setattr("comity.node.exchange.services.publishing.MOST_POLLED", 1)
    assert polled(agreed, reader, "manifest.json").status_code == 413


def test_a_feed_is_read_in_portions_and_is_the_same(agreed, reader, monkeypatch):
    a, b, c = indicator("a"), indicator("b"), indicator("c", Tlp.CLEAR)
    said = made("report", "r", published="2026-11-20T06:30:00Z", object_refs=[a["id"]])
    own_work(agreed.world, a, b, c, said, joined("x", a, c))
    whole = manifest(agreed, reader)
    files = {each.file: polled(agreed, reader, each.file).content for each in whole.entries}
    hashes = polled(agreed, reader, "hashes.csv").content
    doors._made.clear()
    monkeypatch.setattr("comity.node.exchange.services.publishing.PORTION", 1)
    assert manifest(agreed, reader) == whole
    assert {name: polled(agreed, reader, name).content for name in files} == files
    assert polled(agreed, reader, "hashes.csv").content == hashes
    event = MISPEvent()
    event.load(json.loads(next(iter(files.values()))))
    told = {line.split(",")[0] for line in hashes.decode().splitlines() if line.endswith(event.uuid)}
    assert told == set(event.attributes_hashes("md5"))


def test_what_is_closed_while_a_feed_is_made_goes_to_nobody(agreed, reader, monkeypatch):
    own_work(agreed.world, indicator("a"), indicator("b"))
    ref = indicator("a")["id"]

    def meanwhile(*told: Any) -> Any:
        erase_object(actor=agreed.world.approver, ref=ref, why="Act 7, section 2", now=NOW)
        return publishing.feed_of(*told)

    with monkeypatch.context() as patched:
        patched.setattr(doors, "feed_of", meanwhile)
        assert polled(agreed, reader, "manifest.json").status_code == 503
    assert values(agreed, reader) == {"b.example"}


def test_memory_holds_only_so_much(agreed, reader, monkeypatch):
    own_work(agreed.world, indicator("a"))
    opened(agreed.world, alias="more", title="More")
    monkeypatch.setattr(doors, "MOST_KEPT", 10)
    assert values(agreed, reader) == values(agreed, reader, "more") == {"a.example"}
    assert len(doors._made) == 1


def run(*words: str) -> int:
    parser = Parser()
    export.arguments(parser)
    return export.run(parser.parse_args([*words], argparse.Namespace(output=Output(as_json=True))))


def test_a_feed_for_a_partner_in_a_folder(agreed, tmp_path, capsys):
    own_work(agreed.world, indicator("a"), indicator("red", Tlp.RED))
    folder = tmp_path / "feed"
    words = ("--form", "misp-feed", "--partner", agreed.party.name, "--to", str(folder))
    assert run(*words) == 0
    found = Manifest.decode((folder / "manifest.json").read_bytes())
    (entry,) = found.entries
    assert b"a.example" in (folder / entry.file).read_bytes()
    assert not any(b"red.example" in path.read_bytes() for path in folder.iterdir())
    own_work(
        agreed.world,
        made("report", "r", published="2026-11-20T06:30:00Z", object_refs=[indicator("a")["id"]]),
    )
    run(*words)
    names = {path.name for path in folder.iterdir()}
    assert entry.file not in names
    assert len(names) == 3
    assert LogEntry.objects.filter(event="content-exported").count() == 2


def test_events_of_misp_in_one_file_tell_what_they_do_not_say(agreed, tmp_path, capsys):
    a, b = indicator("a"), indicator("b", Tlp.GREEN)
    own_work(agreed.world, a, b, joined("x", a, b))
    file = tmp_path / "events.json"
    assert run("--form", "misp", "--to", str(file)) == 0
    told = json.loads(file.read_bytes())
    assert len(told["response"]) == 2
    assert not LogEntry.objects.filter(event="content-exported").exists()
    with pytest.raises(BadUsage):
        run("--form", "misp-feed")
