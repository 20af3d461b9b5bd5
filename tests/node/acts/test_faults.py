"""The database is full or locked while an act is recorded: nothing is half-written, and somebody is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from comity.formats.keys import Use
from comity.formats.taxii import MEDIA_TYPE
from comity.node.accountability import queries as log
from comity.node.acts.models import Act, Delivery
from comity.node.acts.services import composing
from comity.node.federation.collections import inbox_id
from comity.node.federation.models import Partner
from comity.node.federation.signatures import Message, sign_request, signer_of
from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership, Person
from tests.node.far import FarNode
from tests.node.federation.test_doors import envelope, knock
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

SQLITE = connection.vendor == "sqlite"
PATIENCE = 50  # milliseconds for which our own connection waits for a lock
LARGEST = 1_073_741_823  # pages: SQLite's own bound
Hindrance = Callable[[], AbstractContextManager[None]]


@contextmanager
def full(pages: int = 0) -> Iterator[None]:
    """No room in the file but for so many pages."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        (size,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {size + pages}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {LARGEST}")


@contextmanager
def locked() -> Iterator[None]:
    """Somebody else writes, for longer than we wait."""
    patience = f"PRAGMA busy_timeout = {PATIENCE}" if SQLITE else f"SET lock_timeout = {PATIENCE}"
    with connection.cursor() as cursor:
        cursor.execute(patience)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if SQLITE else "BEGIN")
            if not SQLITE:
                cursor.execute("LOCK TABLE accountability_loghead IN EXCLUSIVE MODE")
            yield
    finally:
        other.close()
        connection.close()  # and with it our patience


HINDRANCES = [
    pytest.param(full, id="full", marks=pytest.mark.only_on("sqlite")),  # a bound of SQLite's own
    pytest.param(locked, id="locked"),
]


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    found: Partner = world.befriend(far)
    return found


@pytest.fixture
def waiting(world: World, partner: Partner) -> Act:
    """An act that a second person has yet to approve, too long for the room that is left in any page."""
    draft = world.draft(partner.party, word="two")
    draft = replace(draft, body={**draft.body, "message": "x" * 15_000})
    return composing.compose(actor=world.analyst, draft=draft, now=NOW)


def written() -> tuple[object, ...]:
    """Everything that recording writes."""
    states = list(Act.objects.order_by("pk").values_list("ref", "state", "log_index"))
    return states, log.size(), Delivery.objects.count(), log.latest_checkpoint() if log.size() else b""


def browser(actor: Actor) -> Client:
    """A browser in which this person is signed in by a one-time link."""
    Membership.objects.filter(person_id=actor.person or 0).update(since=timezone.now() - timedelta(days=1))
    client = Client()
    client.force_login(Person.objects.get(pk=actor.person or 0))
    session = client.session
    session["one-time"] = True
    session.save()
    return client


@pytest.mark.only_on("sqlite")  # a bound of its own
def test_wherever_the_disk_is_full_all_of_it_is_undone(world: World, partner: Partner) -> None:
    drafts = [world.draft(partner.party) for _ in range(20)]
    before = written()
    for pages in itertools.count(step=4):
        with full(pages), suppress(OperationalError):
            composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)
            break
        assert written() == before
    assert pages > 4, "it was never full"
    assert Act.objects.count() == Delivery.objects.count() == len(drafts)


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_a_hindrance_passes_and_leaves_nothing(world: World, partner: Partner, hindrance: Hindrance) -> None:
    before = written()
    drafts = [world.draft(partner.party) for _ in range(20)]
    with hindrance(), pytest.raises(OperationalError):
        composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)
    assert written() == before
    composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)
    assert Delivery.objects.count() == len(drafts)


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_the_person_is_told_that_nothing_was_recorded(
    world: World, waiting: Act, hindrance: Hindrance
) -> None:
    client, before = browser(world.approver), written()
    address = f"/acts/{waiting.ref}/approve"
    with hindrance():
        page = client.post(address)
        problem = client.post(address, headers={"Accept": "application/json"})
    assert (page.status_code, problem.status_code) == (503, 503)
    assert "nothing was recorded and nothing was sent." in page.content.decode()
    assert problem.json()["code"] == "database-unavailable"
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert written() == before
    assert client.post(address).status_code == 302
    assert Act.objects.get().state == "recorded"


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_a_partner_is_told_and_brings_it_again(
    world: World, far: FarNode, partner: Partner, hindrance: Hindrance
) -> None:
    inbox = f"/taxii2/comity/collections/{inbox_id(world.body, partner.party)}/objects/"
    acts = envelope(*(far.act(created=timezone.now()) for _ in range(20)))
    before = written()
    with hindrance():
        told = knock(far, "POST", inbox, acts)
    assert (told.status_code, told.json()["error_code"]) == (503, "database-unavailable")
    assert told.headers["Content-Type"] == MEDIA_TYPE
    assert written() == before
    assert knock(far, "POST", inbox, acts).status_code == 202
    assert Act.objects.count() == 20


@pytest.mark.only_on("postgresql")  # SQLite has one writer at a time
def test_taking_an_act_does_not_wait_for_one_who_composes(
    world: World, far: FarNode, partner: Partner
) -> None:
    inbox = f"/taxii2/comity/collections/{inbox_id(world.body, partner.party)}/objects/"
    acts = envelope(far.act(created=timezone.now()))
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE}")
    other = connection.copy()
    try:
        with other.cursor() as cursor:  # what a transaction that inserted an act does when it ends
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM parties_party FOR KEY SHARE")
            assert knock(far, "POST", inbox, acts).status_code == 202
    finally:
        other.close()
        connection.close()


def test_a_database_that_cannot_look_up_a_key_is_no_wrong_signature(far: FarNode) -> None:
    def find(kid: str) -> None:
        raise OperationalError("database is locked")

    url = "http://127.0.0.1:8000/taxii2/"
    headers = sign_request(
        Message("GET", url, {}), body=b"", key=far.keys[Use.SIGN], kid=far.kid, now=timezone.now()
    )
    with pytest.raises(OperationalError):
        signer_of(Message("GET", url, dict(headers)), read=bytes, find=find)
