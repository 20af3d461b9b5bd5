"""The log by command: entries are opened and erased by people who may, with a reason, and copied."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest
from django.db import transaction

from comity.base.errors import ComityError
from comity.formats.entries import Event
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import services
from comity.node.accountability.models import LogEntry, Opened
from comity.node.commands import log
from comity.node.commands.output import Output
from comity.node.commands.parsing import BadUsage, Parser
from comity.node.parties.models import Party, PartyKind
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db
ANALYST, APPROVER = "ayesha@pk.example", "bilal@pk.example"
WHY = "Decision 7 of the supervisory authority"


def run(*words: str) -> int:
    parser = Parser()
    log.arguments(parser)
    args = parser.parse_args(list(words), argparse.Namespace(output=Output(as_json=True)))
    return log.run(args)


def last(event: Event) -> LogEntry | None:
    return LogEntry.objects.filter(event=event.value).order_by("index").last()


@pytest.fixture
def observer(world: World) -> Party:
    return Party.objects.create(
        ref="identity--0b0e0000-0000-4000-8000-000000000001",
        kind=PartyKind.OBSERVER,
        name="Observer of both",
        added=NOW,
    )


@pytest.fixture
def index(world: World) -> int:
    with transaction.atomic():
        (place,) = services.record([Entry(Event.ACT_SENT, NOW, "comity-act--1", "0" * 64)], now=NOW)
    return place.index


@pytest.mark.parametrize("called", ["Observer of Both", "identity--0b0e0000-0000-4000-8000-000000000001"])
def test_an_entry_is_opened_and_handed_over(
    observer: Party, index: int, tmp_path: Path, called: str, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "proof.json"
    words = ["--to", called, "--why", WHY, "--as", APPROVER, "--proof", str(proof)]
    assert run("open", str(index), *words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "event": "opened",
        "index": index,
        "to": observer.ref,
        "proof": str(proof),
    }
    handed = json.loads(proof.read_text())
    assert handed["index"] == index
    assert "salt" in handed
    assert Opened.objects.get(entry_id=index).party == observer
    assert last(Event.ENTRY_OPENED) is not None


@pytest.mark.parametrize("deed", ["open", "erase"])
def test_nobody_does_so_without_the_power(observer: Party, index: int, deed: str) -> None:
    before = LogEntry.objects.count()
    more = ["--to", observer.name] if deed == "open" else ["--yes"]
    with pytest.raises(ComityError) as caught:
        run(deed, str(index), *more, "--why", WHY, "--as", ANALYST)
    assert caught.value.code == "refused"
    assert "no role here that may approve" in caught.value.message
    assert (LogEntry.objects.count(), Opened.objects.count()) == (before, 0)


def test_parties_of_one_name_are_told_apart_by_ref(observer: Party, index: int) -> None:
    again = "identity--0b0e0000-0000-4000-8000-000000000002"
    Party.objects.create(ref=again, kind=observer.kind, name=observer.name, added=NOW)
    with pytest.raises(ComityError, match=again) as caught:
        run("open", str(index), "--to", observer.name, "--why", WHY, "--as", APPROVER)
    assert caught.value.code == "conflict"
    assert Opened.objects.count() == 0


@pytest.mark.parametrize("words", [["--to", "Nobody"], ["--as", "nobody@cert.example"]])
def test_who_is_not_there_is_named(observer: Party, index: int, words: list[str]) -> None:
    usual = ["--to", observer.name, "--why", WHY, "--as", APPROVER]
    with pytest.raises(ComityError, match=words[1]) as caught:
        run("open", str(index), *usual, *words)
    assert caught.value.code == "not-found"


def test_a_file_is_not_overwritten_and_then_nothing_is_opened(
    observer: Party, index: int, tmp_path: Path
) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text("mine")
    words = ["--to", observer.name, "--why", WHY, "--as", APPROVER, "--proof", str(proof)]
    with pytest.raises(ComityError, match="is not overwritten"):
        run("open", str(index), *words)
    assert proof.read_text() == "mine"
    assert Opened.objects.count() == 0


def test_what_opens_an_entry_is_erased_and_its_commitment_stays(index: int) -> None:
    before = LogEntry.objects.get(index=index)
    assert run("erase", str(index), "--yes", "--why", WHY, "--as", APPROVER) == 0
    after = LogEntry.objects.get(index=index)
    assert (after.salt, after.entry, after.erased_why) == (None, None, WHY)
    assert bytes(after.commitment) == bytes(before.commitment)
    assert last(Event.CONTENT_ERASED) is not None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_erasing_asks_at_a_terminal(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["erase", str(index), "--why", WHY, "--as", APPROVER]
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    with pytest.raises(ComityError, match="Nothing was erased"):
        run(*words)
    assert LogEntry.objects.get(index=index).entry is not None
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert run(*words) == 0
    assert LogEntry.objects.get(index=index).entry is None


def test_where_nobody_can_be_asked_nothing_is_erased(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(BadUsage, match="--yes"):
        run("erase", str(index), "--why", WHY, "--as", APPROVER)
    assert LogEntry.objects.get(index=index).entry is not None


@pytest.mark.parametrize("word", ["x", "1.5", "9" * 19])
def test_what_is_no_place_in_the_log_is_bad_input(word: str) -> None:
    with pytest.raises(BadUsage, match="no place in the log"):
        run("erase", word, "--yes", "--why", WHY, "--as", APPROVER)


def test_the_log_is_copied(index: int, tmp_path: Path) -> None:
    assert run("copy", str(tmp_path / "copy")) == 0
    assert (tmp_path / "copy" / "checkpoint").read_text().splitlines()[1] == str(index + 1)
