"""Collections: opened, changed and closed by people, each time recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.exchange import queries
from comity.node.exchange.models import Collection
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.webhooks import end_all_of
from comity.node.exchange.taxii.chosen import Query
from comity.node.exchange.taxii.standing import begin_wave, moment
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST = 200  # open collections of one body
MAX_TITLE = 200
MAX_DESCRIPTION = 2_000
_ALIAS = re.compile("[a-z0-9][a-z0-9-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a collection is to be; its purpose is the one for which release judges what may be seen of it."""

    title: str
    purpose: Purpose = Purpose.NETWORK_DEFENCE
    description: str = ""
    alias: str = ""
    query: Query = field(default_factory=Query)
    may_post: bool = False

    def __post_init__(self) -> None:
        if self.alias and not _ALIAS.fullmatch(self.alias):
            raise Malformed("alias", "expected up to 80 letters a-z, digits and hyphens")
        if len(self.description) > MAX_DESCRIPTION or "\0" in self.description:
            raise Malformed("description", f"at most {MAX_DESCRIPTION} characters are kept")

    def as_fields(self) -> dict[str, Any]:
        """The columns of the row."""
        return {
            "title": read_line(self.title, "title", most=MAX_TITLE),
            "purpose": self.purpose.value,
            "description": self.description,
            "alias": self.alias,
            "query": self.query.as_json(),
            "may_post": self.may_post,
        }


@transaction.atomic
def open_collection(*, actor: Actor, wish: Wish, ref: UUID, now: datetime) -> Collection:
    """Let callers read a part of what the actor's body holds, as far as release lets it go."""
    actor.may(Power.APPROVE).require()
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    if Collection.objects.filter(holder=holder, closed_at=None).count() >= MOST:
        raise Conflict(f"{holder.name} has {MOST} collections; close one first.")
    _alias_free(holder, wish)
    made = Collection.objects.create(
        holder=holder, ref=ref, made_by=actor.name, made_at=now, **wish.as_fields()
    )
    _record(made, "opened", now)
    return made


@transaction.atomic
def change_collection(*, actor: Actor, ref: UUID, wish: Wish, now: datetime) -> Collection:
    """Make a collection another; with another query or purpose all of it is given anew."""
    found = _locked(actor, ref)
    _alias_free(found.holder, wish, found)
    told = wish.as_fields()
    if (told["query"], told["purpose"]) != (found.query, found.purpose):
        wave = begin_wave(found.holder, now)
        found.since, found.scatter = moment(wave.first), wave.scatter.as_json()
    for name, value in told.items():
        setattr(found, name, value)
    found.save()
    _record(found, "changed", now)
    return found


@transaction.atomic
def close_collection(*, actor: Actor, ref: UUID, now: datetime) -> Collection:
    """Let nobody read the collection any more; what it showed stays where it is."""
    found = _locked(actor, ref)
    found.closed_at = now
    found.save(update_fields=["closed_at"])
    end_all_of(found, now)
    _record(found, "closed", now)
    return found


def _locked(actor: Actor, ref: UUID) -> Collection:
    actor.may(Power.APPROVE).require()
    one_at_a_time(queries.own_body(actor))
    found = Collection.objects.filter(holder_id=actor.body, ref=ref, closed_at=None)
    row = found.select_related("holder").first()
    if row is None:
        raise NotFound("collection")
    return row


def _alias_free(holder: Party, wish: Wish, own: Collection | None = None) -> None:
    taken = Collection.objects.filter(holder=holder, alias=wish.alias, closed_at=None)
    others = taken.exclude(pk=own.pk) if own else taken
    if wish.alias and others.exists():
        raise Conflict(f"Another collection has the alias {wish.alias!r}.")


def _record(row: Collection, what: str, now: datetime) -> None:
    told = {
        "title": row.title,
        "purpose": row.purpose,
        "query": row.query,
        "may_post": row.may_post,
    }
    entry = LogEntry(
        Event.COLLECTION_CHANGED, now, f"collection {row.ref}", sha256_hex(canonical(told)),
        sender=row.holder.ref, more={"what": what},
    )  # fmt: skip  # an entry
    record([entry], now=now)
