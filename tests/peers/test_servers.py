"""Our client at servers of others: what they hold comes in once, what we give arrives, and is taken back."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.taxii import MEDIA_TYPE
from comity.formats.taxii_client import (
    Filters,
    Reading,
    collection_url,
    discover,
    object_url,
    read_api_root,
    read_collection,
    read_collections,
    roots_of,
)
from comity.formats.taxii_pages import Manifest, RawEnvelope, VersionList
from comity.link.transport import drive
from comity.node.credentials import Credential, Scheme
from comity.node.exchange import remotes
from comity.node.exchange.models import Posted, PostState, RemoteCollection, StixObject
from comity.node.exchange.services.posting import Given
from comity.node.exchange.services.pulling import Pulled, pull
from comity.node.exchange.services.pushing import push, take_back
from comity.node.exchange.services.remotes import Wish, open_remote
from comity.node.parties.actors import system_actor
from comity.node.parties.roles import Power
from tests.node.exchange.holding import indicator, joined, made, own_work
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW
from tests.peers import environment
from tests.peers.servers import Door

pytestmark = [
    pytest.mark.skipif(not environment.ready(), reason=environment.MISSING),
    pytest.mark.slow,
    pytest.mark.django_db,
]
HOSTS = [indicator(f"host-{number}", Tlp.GREEN) for number in range(5)]
MALWARE = made("malware", "Snake", Tlp.GREEN, is_family=False)
ALL = [*HOSTS, MALWARE, joined("j", HOSTS[0], MALWARE, Tlp.GREEN)]


def opened(sides: Sides, door: Door, **more: Any) -> RemoteCollection:
    root, _, path = door.objects.partition("collections/")
    shown = door.headers.get("Authorization", "")
    user, _, password = b64decode(shown.removeprefix("Basic ")).decode().partition(":")
    told = {
        "name": door.name,
        "api_root": root,
        "collection": path.split("/")[0],
        "party": sides.party,
        "credential": Credential(Scheme.BASIC, password, user) if shown else Credential(),
    }
    actor = sides.world.approver if more.get("gives") else sides.world.analyst
    return open_remote(actor=actor, wish=Wish(**{**told, **more}), ref=uuid4(), now=NOW)


def pulled(sides: Sides, remote: RemoteCollection) -> Pulled:
    with remotes.speaking_to(remote) as transport:
        return pull(actor=sides.world.analyst, remote=remote, transport=transport, now=datetime.now(UTC))


def pushed(sides: Sides, remote: RemoteCollection) -> Given:
    actor = system_actor("the node", sides.world.body.pk, Power.READ_CONTENT)
    with remotes.speaking_to(remote) as transport:
        return push(actor=actor, remote=remote, transport=transport, now=NOW)


def posted(door: Door, *values: dict[str, Any]) -> None:
    """As somebody else posts to the server."""
    headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, **door.headers}
    httpx.post(door.objects, json={"objects": values}, headers=headers, timeout=60).raise_for_status()


def held() -> set[str]:
    return set(StixObject.objects.values_list("ref", flat=True))


def read(reading: Reading[Any], transport: Any) -> list[Any]:
    found = []
    while not reading.ended:
        found.append(drive(reading.next_page(), transport).content)
    return found


def test_what_a_server_holds_comes_in_once(agreed: Sides, door: Door) -> None:
    posted(door, *ALL[:4])
    remote = opened(agreed, door)
    done = pulled(agreed, remote)
    assert held() == {each["id"] for each in ALL[:4]}
    assert done.brought is not None
    assert (done.brought.report["new"], done.brought.report["refused"]) == (4, [])
    assert pulled(agreed, remote).brought is None
    posted(door, *ALL[4:])
    again = pulled(agreed, remote)
    assert again.brought is not None
    assert again.objects == 3
    assert held() == {each["id"] for each in ALL}


def test_pages_are_walked_to_their_end(agreed: Sides, door: Door) -> None:
    for each in ALL:  # each at an instant of its own
        posted(door, each)
    remote = opened(agreed, door)
    url = collection_url(remote.api_root, remote.collection)
    with remotes.speaking_to(remote) as transport:
        pages = read(Reading(f"{url}objects/", RawEnvelope.decode, limit=2), transport)
        assert [len(each) for each in pages] == [2, 2, 2, 1]
        assert len({raw for each in pages for raw in each.objects}) == len(ALL)
        kept = Filters(types=("malware", "relationship"))
        (page,) = read(Reading(f"{url}objects/", RawEnvelope.decode, kept), transport)
        assert len(page) == 2
        lists = read(Reading(f"{url}manifest/", Manifest.decode, limit=3), transport)
        entries = [each for page in lists for each in page.entries]
        assert [each.id for each in entries] == [each["id"] for each in ALL]
        since = Filters(added_after=entries[4].date_added)
        (page,) = read(Reading(f"{url}manifest/", Manifest.decode, since), transport)
        assert [each.id for each in page.entries] == [each["id"] for each in ALL[5:]]
        one = object_url(remote.api_root, remote.collection, MALWARE["id"])
        (page,) = read(Reading(one, RawEnvelope.decode), transport)
        assert MALWARE["id"].encode() in page.objects[0]
        (versions,) = read(Reading(f"{one}versions/", VersionList.decode), transport)
        assert len(versions) == 1


def test_what_a_server_offers_is_read(agreed: Sides, door: Door) -> None:
    remote = opened(agreed, door)
    origin = "/".join(door.objects.split("/")[:3])
    with remotes.speaking_to(remote) as transport:
        url = f"{origin}/taxii2/"
        assert remote.api_root in roots_of(url, drive(discover(url), transport))
        assert drive(read_api_root(remote.api_root), transport).versions == (MEDIA_TYPE,)
        (told,) = drive(read_collections(remote.api_root), transport)
        assert told == drive(read_collection(remote.api_root, remote.collection), transport)
        assert (told.can_read, told.can_write) == (True, True)


def test_what_a_partner_may_see_arrives_and_is_taken_back(agreed: Sides, door: Door) -> None:
    own_work(agreed.world, *ALL, indicator("red", Tlp.RED))
    remote = opened(agreed, door, gives=True, purpose=Purpose.NETWORK_DEFENCE)
    done = pushed(agreed, remote)
    assert done.problems == []
    assert set(Posted.objects.values_list("ref", "state")) == {(each["id"], "taken") for each in ALL}
    assert not pushed(agreed, remote).counts
    Posted.objects.update(state=PostState.SENDING)  # as if we had died before the answer
    assert pushed(agreed, remote).problems == []
    assert set(Posted.objects.values_list("state", flat=True)) == {"taken"}
    url = f"{collection_url(remote.api_root, remote.collection)}manifest/"
    with remotes.speaking_to(remote) as transport:
        (there,) = read(Reading(url, Manifest.decode), transport)
        assert {each.id for each in there.entries} == {each["id"] for each in ALL}
        more: Any = {"actor": agreed.world.approver, "remote": remote, "transport": transport, "now": NOW}
        gone = take_back(refs=[MALWARE["id"]], **more)
        (there,) = read(Reading(url, Manifest.decode), transport)
    row = Posted.objects.get(ref=MALWARE["id"])
    left = {each.id for each in there.entries}
    if door.name.startswith("OpenTAXII"):  # it never commits what it deletes, and we notice that
        assert (gone, left, row.state) == (0, {each["id"] for each in ALL}, "asked")
        assert row.words.endswith("and has it still.")
    else:
        assert (gone, left, row.state) == (1, {each["id"] for each in ALL} - {MALWARE["id"]}, "withdrawn")
