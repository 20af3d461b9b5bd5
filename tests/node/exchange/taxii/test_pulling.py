"""Reading collections at servers of others: everything once, from where we stopped, whatever breaks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.formats.canonical import canonical
from comity.formats.conversation import PartnerUnavailable
from comity.node.credentials import Credential, CredentialMissing, Scheme
from comity.node.exchange import remotes
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Import, RemoteCollection, StixObject
from comity.node.exchange.services.pulling import pull
from comity.node.exchange.services.remotes import Wish, end_remote, open_remote, renew_credential
from comity.node.federation.services import partners
from tests.node.exchange.holding import indicator, row
from tests.node.exchange.taxii.shelf import COLLECTION, ROOT, Shelf
from tests.node.world import NOW

OBJECTS = [indicator(f"host-{number}", Tlp.GREEN) for number in range(7)]


def opened(world: Any, *, actor: Any = None, **changes: Any) -> RemoteCollection:
    told = {"name": "a shelf", "api_root": ROOT, "collection": COLLECTION, "note": "a public server"}
    wish = Wish(**{**told, **changes})
    return open_remote(actor=actor or world.analyst, wish=wish, ref=uuid4(), now=NOW)


def pulled(world: Any, remote: RemoteCollection, shelf: Shelf) -> Any:
    return pull(actor=world.analyst, remote=remote, transport=shelf, now=NOW)


@pytest.fixture
def remote(world) -> RemoteCollection:
    return opened(world)


@pytest.fixture
def shelf() -> Shelf:
    found = Shelf(most=3)
    found.put(*OBJECTS)
    return found


def held() -> set[str]:
    return set(StixObject.objects.values_list("ref", flat=True))


def test_all_pages_are_kept_and_the_next_reading_goes_on_behind(world, remote, shelf):
    done = pulled(world, remote, shelf)
    assert held() == {each["id"] for each in OBJECTS}
    assert (done.objects, done.brought.report["new"], done.brought.ended) == (7, 7, True)
    assert done.brought.form == "pull"
    last = "2026-11-20T00:00:00.000007Z"
    remote.refresh_from_db()
    assert (remote.added_after, remote.read_at, remote.trouble) == (last, NOW, "")
    again = pulled(world, remote, shelf)
    assert again.brought is None
    assert shelf.queries[-1]["added_after"] == last
    assert Import.objects.count() == 1
    shelf.put(indicator("new"))
    assert pulled(world, remote, shelf).brought.report["new"] == 1


def test_an_instant_is_remembered_as_the_server_wrote_it(world, remote, shelf):
    odd = "2026-11-20T00:00:00.5Z"
    shelf.stored = {OBJECTS[0]["id"]: (odd, canonical(OBJECTS[0]))}
    pulled(world, remote, shelf)
    pulled(world, remote, shelf)
    assert shelf.queries[-1]["added_after"] == odd


def test_bytes_are_kept_as_they_came(world, remote, shelf):
    value = indicator("spaced")
    raw = canonical(value).replace(b'":', b'" :  ')
    shelf.put(value, raw=raw)
    pulled(world, remote, shelf)
    assert bytes(row(value).wire) == raw


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_what_breaks_off_is_completed_by_the_next_reading(world, remote, shelf, pages):
    shelf.breaks_after = pages
    with pytest.raises(PartnerUnavailable):
        pulled(world, remote, shelf)
    assert len(held()) == 3 * pages
    remote.refresh_from_db()
    assert remote.trouble == "The line is gone."
    assert remote.read_at != NOW
    assert [each.ended for each in Import.objects.all()] == [False] * (pages > 0)
    shelf.breaks_after = None
    pulled(world, remote, shelf)
    assert held() == {each["id"] for each in OBJECTS}
    remote.refresh_from_db()
    assert (remote.trouble, remote.read_at) == ("", NOW)


def test_after_a_break_it_begins_a_little_before_the_last_page(world, remote, shelf):
    """Objects of one instant may stand on two pages: the second of them must not be passed over."""
    shelf.breaks_after = 1
    with pytest.raises(PartnerUnavailable):
        pulled(world, remote, shelf)
    remote.refresh_from_db()
    assert remote.added_after == "2026-11-19T23:59:59.999003Z"


def test_some_time_is_read_again_where_a_person_asked_for_it(world, shelf):
    remote = opened(world, overlap=60, types=("indicator", "malware"))
    pulled(world, remote, shelf)
    done = pulled(world, remote, shelf)
    assert shelf.queries[-3]["added_after"] == "2026-11-19T23:59:00.000007Z"
    assert shelf.queries[-3]["match[type]"] == "indicator,malware"
    assert (done.brought.report["new"], done.brought.report["known"]) == (0, 7)


def test_strictness_and_label_are_those_of_the_source(world, shelf):
    shelf.stored.clear()
    broken = {**indicator("broken"), "confidence": 101}
    shelf.put(broken, indicator("unmarked", None))
    done = pulled(world, opened(world, strict=True, unmarked_as=Tlp.CLEAR), shelf)
    assert [ref for ref, _ in done.brought.report["refused"]] == [broken["id"]]
    assert row(indicator("unmarked", None)).tlp == Tlp.CLEAR.value
    lenient = opened(world, name="lenient")
    assert pulled(world, lenient, shelf).brought.report["new"] == 1


def test_a_type_in_place_of_the_version_of_stix_is_read_and_said(world, remote, shelf):
    shelf.stored.clear()
    shelf.put({**OBJECTS[0], "spec_version": "indicator"})
    done = pulled(world, remote, shelf)
    assert bytes(row(OBJECTS[0]).wire) == canonical(OBJECTS[0])
    assert done.brought.report["notes"][0].startswith("1 objects name their type as `spec_version`")


def test_what_is_a_partners_is_bound_by_the_agreement(agreed, shelf):
    remote = opened(agreed.world, party=agreed.party, note="")
    pulled(agreed.world, remote, shelf)
    found = row(OBJECTS[0])
    handling = of_class(found.handling)
    assert (found.source, handling.origin) == (agreed.party, agreed.party.ref)
    assert handling.origin_terms is not None


def test_nothing_is_read_of_a_suspended_partner(agreed, shelf):
    remote = opened(agreed.world, party=agreed.party, note="")
    partners.suspend(actor=agreed.world.administrator, partner=agreed.partner.pk, why="x", now=NOW)
    remote = remotes.remote_for(agreed.world.analyst, remote.ref)
    with pytest.raises(Refused, match="suspended"):
        pulled(agreed.world, remote, shelf)
    assert shelf.asked == []


def test_who_may_not_import_reads_nothing(world, remote, shelf):
    with pytest.raises(Refused):
        pull(actor=world.approver, remote=remote, transport=shelf, now=NOW)
    with pytest.raises(Refused):
        opened(world, actor=world.approver, name="other")
    assert held() == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"api_root": "ftp://x/"},
        {"api_root": "https://user:pw@x.example/"},
        {"collection": ".."},
        {"collection": "a/b"},
        {"note": " "},
        {"types": ("Indicator!",)},
        {"overlap": -1},
        {"gives": True},
        {"name": "two\nlines of\0"},
    ],
)
def test_what_is_no_collection_of_others(world, changes):
    with pytest.raises((Malformed, Conflict)):
        opened(world, **changes)
    assert RemoteCollection.objects.count() == 0


def test_a_name_stands_once(world, remote):
    with pytest.raises(Conflict):
        opened(world)
    end_remote(actor=world.analyst, ref=remote.ref, now=NOW)
    with pytest.raises(NotFound):
        remotes.remote_named(world.analyst, "a shelf")
    assert opened(world).pk != remote.pk


def test_a_secret_is_a_file_and_never_in_the_database(world):
    remote = opened(world, credential=Credential(Scheme.BASIC, "s3cret", "poller"))
    path = settings.CONFIG.credentials / f"{remote.ref}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in str(RemoteCollection.objects.values().get())
    assert remotes.speaking_to(remote).authorization == "Basic cG9sbGVyOnMzY3JldA=="
    assert "s3cret" not in repr(remotes.speaking_to(remote))
    renewed = renew_credential(
        actor=world.analyst, ref=remote.ref, credential=Credential(Scheme.TOKEN, "abc"), now=NOW
    )
    assert remotes.speaking_to(renewed).authorization == "Token abc"
    end_remote(actor=world.analyst, ref=remote.ref, now=NOW)
    assert not path.exists()
    with pytest.raises(CredentialMissing):
        remotes.speaking_to(renewed)


def test_how_servers_are_spoken_to():
    assert Credential().authorization == ""
    assert Credential(Scheme.SIGNATURE).authorization is None
    assert Credential(Scheme.BEARER, "abc").authorization == "Bearer abc"
    for wrong in (
        (Scheme.BEARER, ""),
        (Scheme.TOKEN, "a b"),
        (Scheme.BASIC, "x", "a:b"),
        (Scheme.BASIC, "x"),
    ):
        with pytest.raises(Malformed):
            Credential(*wrong)
