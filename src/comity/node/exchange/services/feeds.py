"""Feeds: opened, changed, paused and closed by people; who may approve decides, who may import runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.exchange import queries
from comity.node.exchange.feeds.credentials import NAME
from comity.node.exchange.feeds.kinds import kind_of
from comity.node.exchange.feeds.looking import Glance, Glimpse
from comity.node.exchange.feeds.queries import feed_for
from comity.node.exchange.feeds.reaching import check_address
from comity.node.exchange.feeds.running import going_on, reaching, run_feed
from comity.node.exchange.models import Feed, FeedRun, Outcome
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST = 200  # open feeds of one body
LEAST_EVERY, MOST_EVERY = timedelta(minutes=5), timedelta(days=31)
MOST_EXPIRY = 3_650  # days
MAX_NAME, MAX_NOTE, MAX_LICENCE, MAX_WHY, MAX_ADDRESS = 200, 200, 300, 500, 2_000
MOST_CONFIDENT = 100
SHOWN = 20  # entries, before a feed is opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a feed is to be, as a person says it; one that exists can be kept."""

    name: str
    kind: str
    address: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: str = ""
    source: Party | None = None
    note: str = ""
    label: Tlp | None = None
    purpose: Purpose = Purpose.NETWORK_DEFENCE  # whose agreement binds what a party gives
    licence: str = ""
    confidence: int | None = None
    expiry: int | None = None
    strict: bool = False
    every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        check_address(self.address, settings.CONFIG)
        kind_of(self.kind).check(self.settings)
        if len(self.address) > MAX_ADDRESS:
            raise Malformed("address", f"at most {MAX_ADDRESS:,} characters are kept")
        if self.credential and not NAME.fullmatch(self.credential):
            raise Malformed("credential", "expected the name of a file in the folder of credentials")
        if self.source is None and not self.note.strip():
            raise Malformed("source", "say where it comes from: a party, or a few words.")
        if self.confidence is not None and not 0 <= self.confidence <= MOST_CONFIDENT:
            raise Malformed("confidence", f"expected a number from 0 to {MOST_CONFIDENT}")
        if self.expiry is not None and not 0 < self.expiry <= MOST_EXPIRY:
            raise Malformed("expiry", f"expected 1 to {MOST_EXPIRY:,} days")
        if not LEAST_EVERY <= self.every <= MOST_EVERY:
            raise Malformed("every", "expected five minutes to 31 days")

    def as_fields(self) -> dict[str, Any]:
        """The columns of the row."""
        return {
            "name": read_line(self.name, "name", most=MAX_NAME),
            "kind": self.kind,
            "address": self.address,
            "settings": dict(self.settings),
            "credential": self.credential,
            "source": self.source,
            "note": read_line(self.note, "note", most=MAX_NOTE) if self.note.strip() else "",
            "label": self.label.value if self.label else "",
            "purpose": self.purpose.value,
            "licence": read_line(self.licence, "licence", most=MAX_LICENCE) if self.licence.strip() else "",
            "confidence": self.confidence,
            "expiry": self.expiry,
            "strict": self.strict,
            "every": int(self.every.total_seconds()),
        }


def try_feed(*, actor: Actor, wish: Wish, now: datetime, most: int = SHOWN) -> Glimpse:
    """What the feed would bring, read as it would be in a run; nothing of it is kept."""
    actor.may(Power.APPROVE).require()
    look = kind_of(wish.kind).look
    if look is None:
        raise Conflict(f"A feed of the kind {wish.kind} cannot be tried; open it, and look at its first run.")
    with reaching(wish.address, wish.credential) as reach:
        return look(Glance(wish.address, wish.settings, reach, now, most))


@transaction.atomic
def open_feed(*, actor: Actor, wish: Wish, ref: UUID, now: datetime) -> Feed:
    """Read something again and again from now on."""
    actor.may(Power.APPROVE).require()
    holder = queries.own_body(actor)
    _not_of_ours(wish)
    if Feed.objects.filter(holder=holder, closed_at=None).count() >= MOST:
        raise Conflict(f"{holder.name} has {MOST} feeds; remove one first.")
    _name_free(holder, wish)
    told = wish.as_fields()
    made = Feed.objects.create(holder=holder, ref=ref, opened_by=actor.name, opened_at=now, due=now, **told)
    _record(made, "opened", now)
    return made


@transaction.atomic
def change_feed(*, actor: Actor, ref: UUID, wish: Wish, now: datetime) -> Feed:
    """Make a feed another; all of it is read anew, and what it says otherwise now gets a new version."""
    actor.may(Power.APPROVE).require()
    found = _locked(actor, ref)
    _not_of_ours(wish)
    _name_free(found.holder, wish, found)
    if wish.kind != found.kind:
        raise Conflict("What a feed is cannot be changed; remove it, and open another.")
    for name, value in wish.as_fields().items():
        setattr(found, name, value)
    found.etag, found.last_modified, found.cursor = "", "", {}
    found.due = None if found.paused_at else now
    found.save()
    _record(found, "changed", now)
    return found


@transaction.atomic
def pause_feed(*, actor: Actor, ref: UUID, why: str = "", now: datetime) -> Feed:
    """Leave a feed alone until somebody resumes it."""
    actor.may(Power.IMPORT).require()
    found = _locked(actor, ref)
    if found.paused_at is not None:
        raise Conflict(f"{found.name} is paused already.")
    found.paused_at, found.paused_by, found.due = now, actor.name, None
    found.paused_why = read_line(why, "why", most=MAX_WHY) if why.strip() else ""
    found.save(update_fields=["paused_at", "paused_by", "paused_why", "due"])
    _record(found, "paused", now)
    return found


@transaction.atomic
def resume_feed(*, actor: Actor, ref: UUID, now: datetime) -> Feed:
    """Read a paused feed again, at once and then regularly."""
    actor.may(Power.IMPORT).require()
    found = _locked(actor, ref)
    if found.paused_at is None:
        raise Conflict(f"{found.name} is not paused.")
    found.paused_at, found.paused_by, found.paused_why = None, "", ""
    found.failures, found.due = 0, now
    found.save(update_fields=["paused_at", "paused_by", "paused_why", "failures", "due"])
    _record(found, "resumed", now)
    return found


@transaction.atomic
def close_feed(*, actor: Actor, ref: UUID, now: datetime) -> Feed:
    """Read it no more; what it brought stays where it is."""
    actor.may(Power.APPROVE).require()
    found = _locked(actor, ref)
    found.closed_at, found.due = now, None
    found.save(update_fields=["closed_at", "due"])
    _record(found, "closed", now)
    return found


@transaction.atomic
def accept_fall(*, actor: Actor, ref: UUID, now: datetime) -> Feed:
    """Take as it is what was held back: so few entries, or more, are taken in the next run, which is now."""
    actor.may(Power.APPROVE).require()
    found = _locked(actor, ref)
    last = FeedRun.objects.filter(feed=found).first()
    if last is None or last.outcome != Outcome.HELD:
        raise Conflict(f"Nothing of {found.name} is held back.")
    found.floor, found.due = last.entries, None if found.paused_at else now
    found.save(update_fields=["floor", "due"])
    _record(found, "accepted", now)
    return found


def run_now(*, actor: Actor, ref: UUID, now: datetime) -> FeedRun:
    """Run a feed at once, whatever its schedule says; one that is paused stays so."""
    actor.may(Power.IMPORT).require()
    found = feed_for(actor, ref)
    _not_going_on(found, now)
    return run_feed(found, now=now, by=actor.name)


def ask_for_run(*, actor: Actor, ref: UUID, now: datetime) -> Feed:
    """Let the worker run a feed next, so that nobody waits for it."""
    actor.may(Power.IMPORT).require()
    with transaction.atomic():
        found = _locked(actor, ref)
        if found.paused_at is not None:
            raise Conflict(f"{found.name} is paused; resume it first.")
        _not_going_on(found, now)
        found.due = now
        found.save(update_fields=["due"])
    return found


def _not_going_on(feed: Feed, now: datetime) -> None:
    if Feed.objects.filter(going_on(now), pk=feed.pk).exists():
        raise Conflict(f"{feed.name} is being read now; look again in a moment.")


def _locked(actor: Actor, ref: UUID) -> Feed:
    rows = Feed.objects.select_for_update(of=("self",)).select_related("holder", "source")
    found = rows.filter(holder_id=actor.body, ref=ref, closed_at=None).first()
    if found is None:
        raise NotFound("feed")
    return found


def _not_of_ours(wish: Wish) -> None:
    """What we published ourselves would come back as another's."""
    if wish.source is not None and wish.source.ours:
        text = f"{wish.source.name} is a body of this node; a feed is read from others."
        raise Refused(Verdict.no(Ground("feed.source", "Comity rules of import", text)))


def _name_free(holder: Party, wish: Wish, own: Feed | None = None) -> None:
    taken = Feed.objects.filter(holder=holder, name=" ".join(wish.name.split()), closed_at=None)
    if (taken.exclude(pk=own.pk) if own else taken).exists():
        raise Conflict(f"Another feed has the name {wish.name!r}.")


def _record(row: Feed, what: str, now: datetime) -> None:
    told = {
        "name": row.name,
        "kind": row.kind,
        "address": row.address,
        "settings": row.settings,
        "label": row.label,
        "licence": row.licence,
        "source": row.source.ref if row.source else row.note,
    }
    entry = LogEntry(
        Event.FEED_CHANGED, now, f"feed {row.ref}", sha256_hex(canonical(told)),
        sender=row.holder.ref, more={"what": what},
    )  # fmt: skip  # an entry
    record([entry], now=now)
