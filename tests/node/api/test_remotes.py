"""Collections of others by the API: opened, tried, read, watched and closed; secrets are never told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node import credentials
from comity.node.credentials import Scheme
from comity.node.exchange.models import RemoteCollection, StixObject
from tests.link.publisher import Publisher, publishing
from tests.node.api.conftest import Caller
from tests.node.api.test_acts import by_person
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.shelf import COLLECTION, Shelf
from tests.node.exchange.taxii.test_pulling import opened
from tests.node.exchange.taxii.test_pushing import pushed
from tests.node.instruments.agreeing import Sides

pytestmark = pytest.mark.django_db
SECRET = "s3cr3t-of-the-shelf"


@pytest.fixture
def shelf() -> Shelf:
    found = Shelf()
    found.put(indicator("one", Tlp.GREEN), indicator("two", Tlp.GREEN))
    return found


@pytest.fixture
def publisher(shelf: Shelf, settings) -> Iterator[Publisher]:
    """The shelf behind a real server on this machine, which the operator has named."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, feed_hosts="127.0.0.1")
    with publishing() as found:
        found.answer = shelf.over_http
        yield found


@pytest.fixture
def wanted(publisher: Publisher) -> dict[str, Any]:
    credential = {"scheme": "bearer", "secret": SECRET}
    return {
        "name": "a shelf",
        "api_root": f"{publisher.address}api/",
        "collection": COLLECTION,
        "note": "a public server",
        "credential": credential,
    }


def made(caller: Caller, wanted: dict[str, Any]) -> str:
    answer = caller.post("/remotes", wanted)
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["id"])


def test_opened_tried_read_and_closed(settings, analyst, stranger, publisher, wanted) -> None:
    ref = made(analyst, wanted)
    kept = credentials.read(settings.CONFIG.credentials, RemoteCollection.objects.get().ref, Scheme.BEARER)
    assert kept.secret == SECRET
    told = analyst.post(f"/remotes/{ref}/try").json()
    assert told == {"title": "All", "description": None, "can_read": True, "can_write": True}
    assert publisher.asked[-1][1]["authorization"] == f"Bearer {SECRET}"
    done = analyst.post(f"/remotes/{ref}/read").json()
    assert done["objects"] == 2
    assert analyst.get(f"/imports/{done['brought']}").json()["new"] == 2
    assert analyst.post(f"/remotes/{ref}/read").json()["brought"] is None
    row = analyst.get(f"/remotes/{ref}").json()
    assert (row["read_up_to"], row["trouble"], row["scheme"]) == (done["read_up_to"], "", "bearer")
    everything = [analyst.get(f"/remotes/{ref}"), analyst.get("/remotes")]
    assert all(SECRET not in each.content.decode() for each in everything)
    assert stranger.get(f"/remotes/{ref}").status_code == 404
    assert stranger.post(f"/remotes/{ref}/close").status_code == 404
    assert analyst.post(f"/remotes/{ref}/close").status_code == 204
    assert not (settings.CONFIG.credentials / f"{ref}.json").exists()
    assert analyst.get(f"/remotes/{ref}").status_code == 404
    assert StixObject.objects.count() >= 2


def test_another_credential(analyst, publisher, wanted) -> None:
    ref = made(analyst, wanted)
    other = {"scheme": "basic", "user": "us", "secret": "pw"}
    assert analyst.post(f"/remotes/{ref}/credential", other).json()["scheme"] == "basic"
    analyst.post(f"/remotes/{ref}/try")
    assert publisher.asked[-1][1]["authorization"].startswith("Basic ")
    assert analyst.post(f"/remotes/{ref}/credential", {"scheme": "bearer"}).status_code == 400


def test_a_server_that_is_away_or_refuses_is_told_in_words(analyst, publisher, shelf, wanted) -> None:
    away = made(analyst, wanted | {"name": "away", "api_root": "http://127.0.0.1:9/api/"})
    answer = analyst.post(f"/remotes/{away}/try")
    assert (answer.status_code, answer.json()["code"]) == (503, "wire.partner-unavailable")
    shelf.breaks_after = 0
    ref = made(analyst, wanted)
    broken = analyst.post(f"/remotes/{ref}/read")
    assert broken.status_code == 503
    assert analyst.get(f"/remotes/{ref}").json()["trouble"] == broken.json()["detail"]


def test_a_private_address_is_not_asked_for_anybody(analyst, publisher, wanted, settings) -> None:
    settings.CONFIG = dataclasses.replace(settings.CONFIG, feed_hosts="")
    ref = made(analyst, wanted)
    for step in ("try", "read"):
        answer = analyst.post(f"/remotes/{ref}/{step}")
        assert (answer.status_code, answer.json()["code"]) == (400, "feed-address")
    assert publisher.asked == []


def test_who_may(agreed: Sides, analyst, program, wanted) -> None:
    giving = wanted | {"gives": True, "party": agreed.party.ref, "note": ""}
    assert analyst.post("/remotes", giving).status_code == 403
    world = agreed.world
    with pytest.raises(Refused):
        by_person(world.administrator, "/api/v1/remotes", json.dumps(giving).encode(), csrf=True)
    assert not RemoteCollection.objects.exists()
    answer = by_person(world.approver, "/api/v1/remotes", json.dumps(giving).encode(), csrf=True)
    ref = json.loads(answer.content)["id"]
    for step in ("try", "close"):
        assert analyst.post(f"/remotes/{ref}/{step}").status_code == 403
    assert by_person(world.approver, f"/api/v1/remotes/{ref}/close", b"{}", csrf=True).status_code == 204


def test_what_became_of_posts(agreed: Sides, analyst) -> None:
    world = agreed.world
    own_work(world, indicator("one", Tlp.GREEN), indicator("two", Tlp.GREEN))
    remote = opened(world, actor=world.approver, party=agreed.party, note="", gives=True)
    pushed(agreed, remote, Shelf(refuse=lambda each: "Not from you." if each["name"] == "two" else ""))
    assert analyst.get(f"/remotes/{remote.ref}").json()["posted"] == {"taken": 1, "refused": 1}
    (refused,) = analyst.get(f"/remotes/{remote.ref}/posted", state="refused").json()["items"]
    assert (refused["object"], refused["words"]) == (indicator("two")["id"], "Not from you.")
    assert len(analyst.get(f"/remotes/{remote.ref}/posted").json()["items"]) == 2
