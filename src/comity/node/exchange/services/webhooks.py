"""Webhooks: entered, paused, let go on, played again and ended by people, each time recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.base.verdict import Verdict
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.exchange.models import Collection, HookForm, HookState, Webhook
from comity.node.exchange.services.places import last_instant
from comity.node.exchange.taxii.standing import EPOCH, micros
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power
from comity.node.parties.tokens import new_token

MOST = 200  # webhooks of one collection that have not ended
LONGEST_ADDRESS = 500
LOOKING_AFTER = (Power.MANAGE_PARTNERS, Power.APPROVE)  # one of these


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of which collection at which address; `everything` begins with what is there already."""

    collection: Collection
    party: Party
    address: str
    form: HookForm
    everything: bool = False

    def __post_init__(self) -> None:
        check_address(self.address)
        if self.party.kind == PartyKind.OBSERVER:
            raise Malformed("party", f"{self.party.name} is an observer and sees no content.")
        if self.party.ours and self.party.pk != self.collection.holder_id:
            raise Malformed("party", f"{self.party.name} is another body of this node, and reads here.")


def check_address(address: str) -> str:
    """An address that may be called; raises `Malformed`."""
    read_line(address, "address", most=LONGEST_ADDRESS)
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  the library reads it only when asked
    except ValueError as error:
        raise Malformed("address", f"is no address: {error}") from error
    schemes = ("https", "http") if settings.CONFIG.plain_http_partners else ("https",)
    if parts.scheme not in schemes or not parts.hostname or not _plain(address):
        raise Malformed("address", f"expected {' or '.join(schemes)}://HOST/PATH")
    if "@" in parts.netloc or parts.fragment:
        raise Malformed("address", "leave out user names and fragments")
    return address


def _plain(address: str) -> bool:
    return address.isascii() and address.isprintable() and " " not in address


@transaction.atomic
def subscribe(*, actor: Actor, wish: Subscription, now: datetime, challenge: str | None = None) -> Webhook:
    """Enter an address; before anything is told, it is asked whether it wants to be called."""
    may_look_after(actor).require()
    collection = _open(actor, wish.collection)
    others = Webhook.objects.filter(collection=collection).exclude(state=HookState.ENDED)
    if others.count() >= MOST:
        raise Conflict(f"A collection has at most {MOST} webhooks; end one first.")
    if others.filter(party=wish.party, address=wish.address).exists():
        raise Conflict(f"{wish.party.name} is told of this collection at that address already.")
    begin = EPOCH if wish.everything else last_instant(collection.holder) or EPOCH
    made = Webhook.objects.create(
        collection=collection,
        party=wish.party,
        address=wish.address,
        form=wish.form,
        challenge=challenge or new_token(),
        cursor=micros(begin),
        next_try=now,
        words="Waits to be asked whether it wants to be called.",
        made_by=actor.name,
        made_at=now,
    )
    _record(made, "opened", now)
    return made


@transaction.atomic
def pause(*, actor: Actor, key: int, now: datetime) -> Webhook:
    """Call it no more for now; where it stopped is kept."""
    return _set(actor, key, HookState.PAUSED, now, f"Paused by {actor.name}.")


@transaction.atomic
def resume(*, actor: Actor, key: int, now: datetime) -> Webhook:
    """Ask it again whether it wants to be called, and go on where it stopped."""
    return _set(actor, key, HookState.ASKED, now, f"Resumed by {actor.name}; it is asked first.")


@transaction.atomic
def end(*, actor: Actor, key: int, now: datetime) -> Webhook:
    """Never call it again."""
    return _set(actor, key, HookState.ENDED, now, f"Ended by {actor.name}.")


@transaction.atomic
def replay(*, actor: Actor, key: int, since: datetime, now: datetime) -> Webhook:
    """Tell once more what was added after this instant."""
    row = _locked(actor, key)
    if row.state != HookState.ACTIVE:
        raise Conflict("Only an active webhook is told again; resume it first.")
    row.cursor, row.seen, row.next_try = max(0, micros(since)), 0, now
    row.words = f"Told again from {since:%Y-%m-%d %H:%M:%S} UTC on, by {actor.name}."
    row.save(update_fields=["cursor", "seen", "next_try", "words"])
    _record(row, "replayed", now)
    return row


def end_all_of(collection: Collection, now: datetime) -> None:
    """Whoever closes a collection ends what is told of it, in the same transaction."""
    rows = Webhook.objects.filter(collection=collection).exclude(state=HookState.ENDED)
    rows.update(state=HookState.ENDED, next_try=None, words="The collection was closed.")


def may_look_after(actor: Actor) -> Verdict:
    """Whether the actor approves what leaves, or looks after partners."""
    judged = [actor.may(power) for power in LOOKING_AFTER]
    return next((each for each in judged if each.allowed), judged[0])


_WHAT = {HookState.PAUSED: "paused", HookState.ASKED: "resumed", HookState.ENDED: "ended"}


def _set(actor: Actor, key: int, state: HookState, now: datetime, words: str) -> Webhook:
    row = _locked(actor, key)
    if row.state == state or (state is HookState.ASKED and row.state == HookState.ACTIVE):
        raise Conflict(f"It is {row.get_state_display().lower()} already.")
    row.state, row.words = state, words
    row.next_try = now if state is HookState.ASKED else None
    row.attempts, row.failing_since = 0, None
    row.save(update_fields=["state", "words", "next_try", "attempts", "failing_since"])
    _record(row, _WHAT[state], now)
    return row


def _locked(actor: Actor, key: int) -> Webhook:
    may_look_after(actor).require()
    rows = Webhook.objects.select_for_update(of=("self",)).select_related("collection__holder", "party")
    found = rows.filter(pk=key, collection__holder_id=actor.body).exclude(state=HookState.ENDED).first()
    if found is None:
        raise NotFound("webhook")
    return found


def _open(actor: Actor, collection: Collection) -> Collection:
    """The collection, locked against its closing."""
    rows = Collection.objects.select_for_update(of=("self",), no_key=True).select_related("holder")
    found = rows.filter(pk=collection.pk, holder_id=actor.body, closed_at=None).first()
    if found is None:
        raise NotFound("collection")
    return found


def _record(row: Webhook, what: str, now: datetime) -> None:
    more = {"what": what, "collection": str(row.collection.ref), "address": row.address, "form": row.form}
    holder = row.collection.holder.ref
    entry = LogEntry(
        Event.WEBHOOK_CHANGED, now, f"webhook {row.pk}", sender=holder, to=(row.party.ref,), more=more
    )
    record([entry], now=now)
