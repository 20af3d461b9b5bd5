"""Feeds by command: tried and run by the node, opened and ended in the name of a person."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from django.conf import settings

from comity.base.errors import Malformed, NotFound
from comity.base.verdict import Refused
from comity.node.commands import feed
from comity.node.commands.output import Output
from comity.node.commands.parsing import Parser
from comity.node.exchange.models import Feed, StixObject
from comity.node.parties.models import Membership, Person

pytestmark = pytest.mark.django_db
SAMPLE = Path("tests/vectors/feeds/threatfox.csv")


def run(*words: str, as_json: bool = True) -> int:
    parser = Parser()
    feed.arguments(parser)
    return feed.run(parser.parse_args([*words], argparse.Namespace(output=Output(as_json=as_json))))


@pytest.fixture
def approver(world) -> tuple[str, str]:
    person = Person.objects.get(pk=world.approver.person)
    Membership.objects.filter(person=person).update(since="2026-01-01T00:00:00Z")
    return "--as", person.email


@pytest.fixture(autouse=True)
def sample():
    folder = settings.CONFIG.feeds
    folder.mkdir(exist_ok=True)
    (folder / "threatfox.csv").write_bytes(SAMPLE.read_bytes())


def lines(capsys) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


FOX = ("--ready", "threatfox-csv", "--address", "file:threatfox.csv", "--name", "Fox")


def test_a_ready_feed_works_from_a_file(world, approver, capsys):
    run("try", *FOX)
    assert lines(capsys)[-1] == {"event": "tried", "count": 4, "unmapped": 0}
    assert not Feed.objects.exists()
    run("open", *FOX, "--label", "clear", *approver)
    run("run", "Fox")
    assert {"outcome": "done", "new": 4, "refused": 0}.items() <= lines(capsys)[-1].items()
    assert StixObject.objects.filter(type="indicator", tlp="clear").count() == 4
    run("list")
    assert lines(capsys)[0]["entries"] == 4
    run("runs", "Fox")
    assert lines(capsys)[0]["new"] == 4


def test_the_life_of_a_feed(world, approver, capsys):
    run("open", *FOX, *approver)
    run("change", "Fox", "--every", "120", "--strict", *approver)
    found = Feed.objects.get()
    assert (found.every, found.strict, found.note) == (7_200, True, "abuse.ch")
    run("pause", "Fox", "--why", "wrong")
    run("resume", str(found.ref))
    run("remove", "Fox", *approver)
    assert [each["event"] for each in lines(capsys)] == ["open", "changed", "paused", "resumed", "removed"]
    with pytest.raises(NotFound):
        run("runs", "Fox")


def test_a_feed_of_ones_own_is_said_word_by_word(world, approver, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"type": "domain"}')
    said = ("--kind", "lines", "--address", "file:hosts.txt", "--source", "a team", "--mapping", str(mapping))
    run("open", *said, "--confidence", "70", "--expiry", "9", *approver)
    found = Feed.objects.get()
    assert (found.name, found.settings, found.confidence, found.expiry) == (
        "file:hosts.txt", {"type": "domain"}, 70, 9,
    )  # fmt: skip  # one row
    with pytest.raises(Malformed, match="--kind"):
        run("try", "--address", "file:hosts.txt")
    with pytest.raises(Malformed, match="none of them"):
        run("try", "--ready", "nonsense")


def test_only_an_approver_opens(world, capsys):
    person = Person.objects.get(pk=world.analyst.person)
    Membership.objects.filter(person=person).update(since="2026-01-01T00:00:00Z")
    with pytest.raises(Refused):
        run("open", *FOX, "--as", person.email)
    run("ready", as_json=False)
    assert "spamhaus-drop" in capsys.readouterr().out
