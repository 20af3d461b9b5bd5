"""Partners: introduced by address, accepted by a person who compared the fingerprint, suspended, ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from comity.base.errors import Conflict, Malformed
from comity.base.verdict import Ground, Verdict, all_of
from comity.engines.ledger.note import VerifierKey
from comity.formats.descriptor import (
    Descriptor,
    SignedDescriptor,
    decode_descriptor,
    verify_descriptor,
    verify_update,
)
from comity.formats.entries import Event, LogEntry
from comity.formats.keys import NodeKey, Use
from comity.node.accountability.following import know_log
from comity.node.accountability.services import record
from comity.node.acts.models import Delivery, DeliveryState
from comity.node.acts.services import delivering
from comity.node.federation import queries
from comity.node.federation.declarations import keep_key
from comity.node.federation.models import Partner, PartnerKey, PartnerState, Reach
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power

_MINUTE = timedelta(minutes=1)
_DESCRIPTOR = "docs/wire/descriptor.md"


class Decide(Protocol):
    """A decision about a partner that needs a reason: `suspend`, `resume` or `end`."""

    def __call__(self, *, actor: Actor, partner: int, why: str, now: datetime) -> Partner:
        """Carry it out."""
        ...


def check_address(address: str) -> str:
    """The partner's address in its one form; raises `Malformed` for what is not one we may ask."""
    try:
        parts = urlsplit(address.strip())
        parts.port  # noqa: B018  the library reads it only when asked
    except ValueError as error:
        raise Malformed("address", f"is no address: {error}") from error
    schemes = ("https", "http") if settings.CONFIG.plain_http_partners else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise Malformed("address", f"expected {' or '.join(schemes)}://HOST/, the partner's public address")
    if parts.username or parts.query or parts.fragment:
        raise Malformed("address", "leave out user names, queries and fragments")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


@transaction.atomic
def introduce(*, actor: Actor, address: str, signed: SignedDescriptor, now: datetime) -> Partner:
    """Keep what a node says of itself; nothing is believed until a person has compared its fingerprint."""
    actor.may(Power.MANAGE_PARTNERS).require()
    verify_descriptor(signed, now=now).require()
    told = signed.descriptor
    if check_address(told.address) != check_address(address):
        raise Malformed("address", f"the node there calls itself {told.address}; add it under that address")
    if Party.objects.filter(ref=told.id, ours=True).exists():
        raise Conflict("That is this node itself.")
    if Partner.objects.filter(party__ref=told.id).exclude(state=PartnerState.ENDED).exists():
        raise Conflict(f"{told.name} is a partner already.")
    party = _party_told(told, now)
    partner = Partner.objects.filter(party=party).first() or Partner(party=party)
    _describe(partner, signed, now)
    words = "Compare the fingerprint with the partner over another channel, then accept."
    _move(partner, PartnerState.INTRODUCED, words, now)
    return partner


@transaction.atomic
def accept(*, actor: Actor, partner: int, fingerprint: str, now: datetime) -> Partner:
    """Trust the partner's node from now on; `fingerprint` is the one that the person compared."""
    found = queries.locked_partner(actor, partner)
    _person(actor).require()
    if found.state != PartnerState.INTRODUCED:
        raise Conflict(f"{found.party.name} is {found.get_state_display().lower()} already.")
    if found.fingerprint != fingerprint:
        raise Conflict("The node's key has changed since its fingerprint was shown; compare the new one.")
    told = descriptor_of(found)
    _take_over_keys(found, told, now)
    _take_over_name(found.party, told)
    know_log(found.log_origin, _log_vkey(told, now), now=now)
    found.accepted_by_id = actor.person
    found.fetch_due = found.looked_at = now
    found.fetches = queries.own_party().kind == PartyKind.OBSERVER  # it gets no acts: it looks at the log
    _move(found, PartnerState.ACCEPTED, f"Accepted by {actor.name}.", now)
    _record(Event.PARTNER_ACCEPTED, found, now)
    return found


@transaction.atomic
def suspend(*, actor: Actor, partner: int, why: str, now: datetime) -> Partner:
    """Take nothing from the partner and send it nothing until a person resumes it."""
    found = queries.locked_partner(actor, partner)
    return suspend_found(found, why=why, now=now)


def suspend_found(partner: Partner, *, why: str, now: datetime) -> Partner:
    """As `suspend`, for the node itself when a partner's log contradicts what was seen of it."""
    if partner.state != PartnerState.ACCEPTED:
        return partner
    _move(partner, PartnerState.SUSPENDED, why, now)
    _record(Event.PARTNER_SUSPENDED, partner, now)
    _explain(partner, why, now)
    return partner


def explain_suspended(among: Sequence[Partner], *, now: datetime) -> None:
    """Say of what waits for those of the partners who are suspended that it does."""
    for partner in among:
        if partner.state == PartnerState.SUSPENDED:
            _explain(partner, partner.state_words, now)


@transaction.atomic
def resume(*, actor: Actor, partner: int, why: str, now: datetime) -> Partner:
    """Go on with a suspended partner; what waited is tried again."""
    found = queries.locked_partner(actor, partner)
    _person(actor).require()
    if found.state != PartnerState.SUSPENDED:
        raise Conflict(f"{found.party.name} is {found.get_state_display().lower()}, not suspended.")
    _move(found, PartnerState.ACCEPTED, f"Resumed by {actor.name}: {why}", now)
    _record(Event.PARTNER_RESUMED, found, now)
    _try_all_again(found, "The partner was resumed.", now)
    return found


@transaction.atomic
def end(*, actor: Actor, partner: int, why: str, now: datetime) -> Partner:
    """Trust the partner's node no longer; its acts and receipts stay in the record."""
    found = queries.locked_partner(actor, partner)
    _move(found, PartnerState.ENDED, f"Ended by {actor.name}: {why}", now)
    _record(Event.PARTNER_ENDED, found, now)
    delivering.give_up(
        _unfinished(found), code="partner.ended", words=f"the cooperation ended: {why}", now=now
    )
    return found


@transaction.atomic
def set_ways(*, actor: Actor, partner: int, reach: Reach, fetches: bool, now: datetime) -> Partner:
    """Choose how acts come to the partner, and whether we look into its outbox for those to us."""
    found = queries.locked_partner(actor, partner)
    changed = found.reach != reach
    found.reach, found.fetches, found.fetch_due = reach, fetches, now
    found.save(update_fields=["reach", "fetches", "fetch_due"])
    if changed:
        _try_all_again(found, "The way to the partner was changed.", now)
    return found


def heard_of(partner: Partner, now: datetime) -> None:
    """The partner has just spoken to us; noted once in a minute, since every request says it."""
    if partner.heard_at is None or now - partner.heard_at > _MINUTE:
        Partner.objects.filter(pk=partner.pk).update(heard_at=now)


@transaction.atomic
def renew(partner: Partner, signed: SignedDescriptor, *, now: datetime) -> Verdict:
    """Take over what an accepted partner says of itself now, if a key we know has signed it.

    Its log and the party itself stay what a person accepted; what changed is recorded and shown.
    """
    found = Partner.objects.select_for_update(of=("self",)).select_related("party").get(pk=partner.pk)
    kept = descriptor_of(found)
    verdict = all_of((verify_update(signed, kept, queries.keys_of(found), now=now), _same_log(found, signed)))
    if not verdict.allowed or found.state != PartnerState.ACCEPTED:
        return verdict
    _check_free(found, signed.descriptor)
    changes = [*_changes(kept, signed.descriptor), *_new_keys(found, signed.descriptor, now)]
    _describe(found, signed, now)
    if changes:
        found.changed_at, found.changed_words = now, f"It changed {', '.join(changes)}."[:500]
        _record(Event.PARTNER_CHANGED, found, now, digest=signed.sha256)
    found.save()
    return verdict


_TOLD = {
    "name": "what it calls itself",
    "address": "its address",
    "api_root": "the address of its inbox",
    "log_url": "the address of its log",
    "witness": "its name as a witness",
}


def _changes(kept: Descriptor, told: Descriptor) -> Iterator[str]:
    for name, words in _TOLD.items():
        before, after = getattr(kept, name), getattr(told, name)
        if before != after:
            yield f"{words} from {before} to {after}"


def _new_keys(partner: Partner, told: Descriptor, now: datetime) -> Iterator[str]:
    """Keys that it names and we did not know count; one that we know may only end sooner than we knew."""
    known = {(key.kid, key.use): key for key in queries.keys_of(partner)}
    for key in told.keys:
        mine = known.get((key.kid, key.use))
        if mine is None and key.use is not Use.LOG:
            keep_key(partner, replace(key, since=max(key.since, now)))
            yield f"its keys: {key.kid} is new"
        elif mine and key.until and (mine.until is None or key.until < mine.until) and key.until > mine.since:
            PartnerKey.objects.filter(partner=partner, kid=key.kid).update(until=key.until)
            yield f"its keys: {key.kid} ends"


def _same_log(partner: Partner, signed: SignedDescriptor) -> Verdict:
    """A log is accepted by a person: under another name or key, what was seen of it would count no more."""
    told = signed.descriptor
    keys = {key.kid for key in queries.keys_of(partner) if key.use is Use.LOG}
    if told.log_origin == partner.log_origin and keys & {key.kid for key in told.keys if key.use is Use.LOG}:
        return Verdict.yes(Ground("descriptor.same-log", _DESCRIPTOR, "Its log is the accepted one."))
    text = "It names another log or log key than was accepted; a log keeps its key: ask its people."
    return Verdict.no(Ground("descriptor.other-log", _DESCRIPTOR, text))


def _check_free(partner: Partner, told: Descriptor) -> None:
    """Raise `Conflict` if the node says that it is where another partner is."""
    others = Partner.objects.filter(address=check_address(told.address)).exclude(pk=partner.pk)
    if others.exists():
        raise Conflict(f"{partner.party.name} says that it is at {told.address}, where another partner is.")


def descriptor_of(partner: Partner) -> Descriptor:
    """What the partner's node last said of itself."""
    return decode_descriptor(bytes(partner.descriptor)).descriptor


def _party_told(told: Descriptor, now: datetime) -> Party:
    """The party that the node says it is: a new one, or a known one, which its words alone do not change."""
    if told.kind not in PartyKind.values:
        raise Malformed("kind", f"a node of the kind {told.kind!r} is not known here")
    known = Party.objects.filter(ref=told.id).first()
    if known is None:
        return Party.objects.create(ref=told.id, kind=told.kind, name=told.name, state=told.state, added=now)
    same = (known.kind, known.name, known.state) == (told.kind, told.name, told.state)
    if not same and not Partner.objects.filter(party=known).exists():
        raise Conflict(f"The node calls itself {told.name}, with the id of {known.name}, which we know.")
    return known


def _take_over_name(party: Party, told: Descriptor) -> None:
    """What the node says of itself counts from now on: a person has compared its words."""
    party.kind, party.name, party.state = told.kind, told.name, told.state
    party.save(update_fields=["kind", "name", "state"])


def _take_over_keys(partner: Partner, told: Descriptor, now: datetime) -> None:
    """The keys that the compared descriptor names count; any other that was known counts no longer."""
    for key in told.keys:
        keep_key(partner, key)
    others = PartnerKey.objects.filter(partner=partner).exclude(kid__in=[key.kid for key in told.keys])
    others.filter(until=None, since__lt=now).update(until=now)
    others.filter(since__gte=now).delete()


def _describe(partner: Partner, signed: SignedDescriptor, now: datetime) -> None:
    told = signed.descriptor
    partner.address = check_address(told.address)
    partner.descriptor, partner.descriptor_at = signed.raw, now
    partner.fingerprint = " ".join(signed.words or ())
    partner.api_root, partner.log_url = told.api_root, told.log_url
    partner.log_origin, partner.witness_name = told.log_origin, told.witness


def _log_vkey(told: Descriptor, now: datetime) -> str:
    key: NodeKey | None = told.key_for(Use.LOG, now)
    if key is None:
        raise Malformed("keys", "the node names no key for its log that is valid now")
    return VerifierKey(told.log_origin, key.public).encode()


def _person(actor: Actor) -> Verdict:
    if actor.person is not None:
        return Verdict.yes(Ground("partner.person", "partners of this node", "A person decides."))
    text = "A partner is accepted by a person who compared its fingerprint, never by the node itself."
    return Verdict.no(Ground("partner.person", "partners of this node", text))


def _move(partner: Partner, state: PartnerState, words: str, now: datetime) -> None:
    partner.state, partner.state_words, partner.state_since = state, words[:500], now
    partner.save()


def _record(event: Event, partner: Partner, now: datetime, *, digest: str | None = None) -> None:
    record([LogEntry(event=event, at=now, subject=partner.party.ref, digest=digest)], now=now)


def _try_all_again(partner: Partner, words: str, now: datetime) -> None:
    delivering.try_again(_unfinished(partner), words=words, now=now)


def _explain(partner: Partner, why: str, now: datetime) -> None:
    words = f"Waits until a person resumes the cooperation with {partner.party.name}: {why}"
    delivering.explain(_unfinished(partner), words=words, now=now)


def _unfinished(partner: Partner) -> QuerySet[Delivery]:
    waiting = (DeliveryState.WAITING, DeliveryState.HANDED_OVER)
    return Delivery.objects.filter(party=partner.party, state__in=waiting).select_related("party")
