"""Clients of others at our server: everything that their packages can ask is answered as they expect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.formats.taxii import MEDIA_TYPE
from comity.node.exchange import samples
from comity.node.exchange.models import StixObject
from tests.node.exchange.holding import indicator, joined, made, own_work
from tests.node.exchange.taxii.asking import Reader
from tests.node.instruments.agreeing import Sides
from tests.peers import environment
from tests.peers.conftest import Client

pytestmark = [
    pytest.mark.skipif(not environment.ready(), reason=environment.MISSING),
    pytest.mark.slow,
]
EVENT = Path(samples.__file__ or "").parent / "misp-backdoordiplomacy.json"
HOSTS = [indicator(f"host-{number}", Tlp.GREEN) for number in range(4)]
MALWARE = made("malware", "Snake", Tlp.GREEN, is_family=False)
OURS = [*HOSTS, MALWARE, joined("j", HOSTS[0], MALWARE, Tlp.GREEN)]
THEIRS = [indicator("theirs", Tlp.AMBER), indicator("theirs too", Tlp.GREEN)]
HIDDEN = indicator("hidden", Tlp.RED)


@pytest.fixture
def filled(served: Reader, agreed: Sides) -> Reader:
    own_work(agreed.world, *OURS, HIDDEN)
    return served


def ids(values: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in values]


def asked(reader: Reader, base: str) -> dict[str, Any]:
    return {"url": f"{base}/taxii2/", "collection": str(reader.collection.ref)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["basic", "bearer", "token"])
def test_taxii2_client(filled: Reader, agreed: Sides, client: Client, live_server: Any, way: str) -> None:
    shown = {"user": filled.name, "password": filled.token} if way == "basic" else {way: filled.token}
    told = {**asked(filled, live_server.url), **shown, "post": THEIRS, "delete": THEIRS[1]["id"]}
    said = client("taxii2", **told, per_request=4)
    root = f"{live_server.url}{filled.root}"
    assert said["server"] == {"title": agreed.world.body.name, "roots": [root]}
    assert said["root"]["versions"] == [MEDIA_TYPE]
    assert said["collections"] == [[str(filled.collection.ref), "All that we hold", True, True]]
    given = [each for page in said["pages"] for each in page]
    assert [len(page) for page in said["pages"]] == [4, 2]
    assert {each["id"]: each for each in given} == {each["id"]: each for each in OURS}
    assert said["of_type"] == [MALWARE["id"]]
    assert said["object"] == [given[0]]
    assert [each["id"] for each in said["manifest"]] == ids(given)
    assert said["added_after"] == ids(given)[1:]
    assert said["versions"] == [given[0]["modified"]]
    assert (said["posted"]["status"], said["posted"]["success_count"]) == ("complete", 2)
    assert said["status"] == said["posted"]
    assert said["deleted_again"] == 404
    kept = StixObject.objects.filter(source=agreed.party).values_list("ref", flat=True)
    assert list(kept) == [THEIRS[0]["id"]]


@pytest.mark.django_db(transaction=True)
def test_cytaxii2(filled: Reader, agreed: Sides, client: Client, live_server: Any) -> None:
    """The makers of cabby, which speaks TAXII 1 alone, have no client for 2.1; this one is another's."""
    shown = {"user": filled.name, "password": filled.token}
    said = client("cyware", **asked(filled, live_server.url), **shown, post=THEIRS)
    assert {name: each["status_code"] for name, each in said.items()} == {
        **dict.fromkeys(said, 200),
        "posted": 202,
    }
    assert said["discovery"]["response"]["default"] == f"{live_server.url}{filled.root}"
    assert said["collections"]["response"]["collections"] == [said["collection"]["response"]]
    first, second = (said[each]["response"]["objects"] for each in ("page", "next"))
    assert ids([*first, *second]) == filled.ids()[:2]
    assert said["posted"]["response"]["success_count"] == 2


@pytest.mark.django_db(transaction=True)
def test_misp_pushes_an_event(served: Reader, agreed: Sides, client: Client, live_server: Any) -> None:
    told = {
        "root": f"{live_server.url}{served.root}",
        "collection": str(served.collection.ref),
        "user": served.name,
        "password": served.token,
        "files": [str(EVENT)],
        "most": 20_000,
    }
    said = client("misp", **told)
    assert len(said["statuses"]) > 1
    assert [each["failure_count"] for each in said["statuses"]] == [0] * len(said["statuses"])
    kept = StixObject.objects.filter(source=agreed.party, latest=True)
    wires = {each.ref: json.loads(bytes(each.wire)) for each in kept}
    assert wires == {each["id"]: each for each in said["objects"]}
    again = client("misp", **told)
    assert [each["failure_count"] for each in again["statuses"]] == [0] * len(again["statuses"])
    assert StixObject.objects.filter(source=agreed.party).count() == len(wires)


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_is_told_in_words(served: Reader, client: Client, live_server: Any) -> None:
    told = {**asked(served, live_server.url), "user": served.name, "password": "x" * 43, "post": []}
    with pytest.raises(AssertionError, match="401"):
        client("taxii2", **told, delete="", per_request=1)
