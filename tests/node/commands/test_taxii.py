"""Collections of others by command: found, named, read, given to, and left."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from comity.base.errors import NotFound
from comity.base.tlp import Tlp
from comity.node.commands import taxii
from comity.node.commands.output import Output
from comity.node.commands.parsing import BadUsage, Parser, Unreadable
from comity.node.exchange.models import RemoteCollection, StixObject
from comity.node.parties.models import Person
from tests.link.publisher import Publisher, publishing
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.shelf import COLLECTION, Shelf
from tests.node.instruments.agreeing import Sides, sides_of

pytestmark = pytest.mark.django_db


def run(*words: str, as_json: bool = True) -> None:
    parser = Parser()
    taxii.arguments(parser)
    assert taxii.run(parser.parse_args([*words], argparse.Namespace(output=Output(as_json=as_json)))) == 0


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    run(*words)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as found:
        yield found


@pytest.fixture
def shelf(publisher: Publisher) -> Shelf:
    found = Shelf()
    publisher.answer = found.over_http
    return found


@pytest.fixture
def root(publisher: Publisher) -> str:
    return f"{publisher.address}api/"


@pytest.fixture
def sides(world, far) -> Sides:
    found = sides_of(world, far)
    found.conclude()
    return found


def test_what_a_server_offers(shelf, publisher, root, world, capsys):
    (row,) = told(capsys, "discover", root, "--root")
    assert (row["root"], row["collection"], row["may"]) == (root, COLLECTION, ["read", "write"])
    found, other = told(capsys, "discover", f"{publisher.address}taxii2/")
    assert found == row
    assert (other["root"], other["title"]) == (
        "https://elsewhere.example/api/",
        "at another server: ask it by --root",
    )


def test_a_collection_is_read(shelf, root, world, capsys, tmp_path):
    shelf.put(indicator("one", Tlp.GREEN), {"id": "wrong--1"})
    secret = tmp_path / "token"
    secret.write_text("abc\n")
    words = ["--root", root, "--collection", COLLECTION, "--source", "a public server"]
    (made,) = told(capsys, "open", "shelf", *words, "--token", "--secret-file", str(secret))
    assert (settings.CONFIG.credentials / f"{made['id']}.json").exists()
    (done,) = told(capsys, "pull", "shelf")
    assert (done["event"], done["new"], done["objects"]) == ("pulled", 1, 2)
    assert [ref for ref, _ in done["refused"]] == ["wrong--1"]
    assert StixObject.objects.count() == 1
    (again,) = told(capsys, "pull", "shelf")
    assert (again["objects"], again["new"]) == (0, 0)
    capsys.readouterr()
    run("pull", "shelf", as_json=False)
    assert capsys.readouterr().out.endswith("0 new, 0 known already, 0 refused.\n")
    (row,) = told(capsys, "list")
    assert (row["name"], row["whose"], row["trouble"]) == ("shelf", "a public server", "")


def test_a_partner_is_given_to(shelf, root, sides, capsys):
    approver = Person.objects.get(pk=sides.world.approver.person).email
    one, red = indicator("one", Tlp.GREEN), indicator("red", Tlp.RED)
    own_work(sides.world, one, red)
    words = [
        "open",
        "theirs",
        "--root",
        root,
        "--collection",
        COLLECTION,
        "--party",
        sides.party.ref,
        "--give",
    ]
    with pytest.raises(BadUsage, match="--as"):
        run(*words)
    run(*words, "--as", approver)
    (done,) = told(capsys, "push", "theirs")
    assert (done["taken"], done["refused"], done["problems"]) == (1, 0, [])
    assert list(shelf.stored) == [one["id"]]
    (row,) = told(capsys, "posted", "theirs", "--state", "taken")
    assert (row["object"], row["there"]) == (one["id"], one["id"])
    assert told(capsys, "posted", "theirs", "--state", "refused") == []
    (back,) = told(capsys, "take-back", "theirs", one["id"], "--as", approver)
    assert (back["deleted"], shelf.stored) == (1, {})
    run("credential", "theirs", "--signed", "--as", approver)
    assert RemoteCollection.objects.get().scheme == "signature"
    run("close", "theirs", "--as", approver)
    with pytest.raises(NotFound):
        run("push", "theirs")


def test_a_secret_is_asked_for_where_no_file_is_named(shelf, root, world, monkeypatch, publisher):
    monkeypatch.setattr("comity.node.commands.taxii.getpass", lambda _: "s3cret")
    run("discover", root, "--root", "--user", "poller")
    assert publisher.asked[0][1]["authorization"] == "Basic cG9sbGVyOnMzY3JldA=="


def test_a_file_without_a_secret(root, world, tmp_path: Path):
    with pytest.raises(Unreadable):
        run("discover", root, "--root", "--token", "--secret-file", str(tmp_path / "none"))
    (tmp_path / "odd").write_bytes(b"\xff")
    with pytest.raises(Unreadable):
        run("discover", root, "--root", "--token", "--secret-file", str(tmp_path / "odd"))
