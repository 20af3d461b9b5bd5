"""Erase an object by law: every version that a body holds goes, and the object does not come in again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from comity.base.errors import Malformed, NotFound
from comity.formats.entries import Event, LogEntry
from comity.formats.stix import is_observable
from comity.node.accountability.services import record
from comity.node.exchange import queries
from comity.node.exchange.models import (
    MAY_BE_THERE,
    AlsoGiven,
    ErasedObject,
    Posted,
    PostState,
    RemoteCollection,
    StixObject,
)
from comity.node.exchange.services.holding import naming, one_at_a_time, retitle, show_anew
from comity.node.exchange.services.remotes import ASK_OWNER
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_MAX_WHY = 500


@transaction.atomic
def erase_object(*, actor: Actor, ref: str, why: str, now: datetime) -> ErasedObject:
    """Remove by law all versions of an object that the actor's body holds; acts that carry it stay.

    Where it was posted to collections of others, the worker asks for its deletion until that is done.
    """
    actor.may(Power.APPROVE).require()
    _check_why(why)
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    queries.object_for(actor, ref)
    StixObject.objects.filter(holder=holder, ref=ref).delete()
    AlsoGiven.objects.filter(holder=holder, ref=ref).delete()
    if is_observable(ref):
        show_anew(holder, naming(holder, [ref]), now)
    retitle(holder, [ref])
    _leave(holder, ref, now)
    erased = ErasedObject.objects.create(holder=holder, ref=ref, at=now, why=why, by_name=actor.name)
    record([_entry(Event.CONTENT_ERASED, erased, why, now)], now=now)
    return erased


@transaction.atomic
def lift(*, actor: Actor, ref: str, why: str, now: datetime) -> None:
    """Let an erased object in again; what was erased does not come back by that."""
    actor.may(Power.APPROVE).require()
    _check_why(why)
    found = queries.erasures_for(actor).select_related("holder").select_for_update(of=("self",))
    erased = found.filter(ref=ref).first()
    if erased is None:
        raise NotFound("erased object")
    record([_entry(Event.ERASURE_LIFTED, erased, why, now)], now=now)
    erased.delete()


def _leave(holder: Party, ref: str, now: datetime) -> None:
    """Where it may be at servers of others it has to go; nobody asks one that was ended here."""
    there = Posted.objects.filter(remote__holder=holder, ref=ref, state__in=MAY_BE_THERE)
    told = {"state": PostState.LEAVING, "status": "", "at": now}
    open_ = RemoteCollection.objects.filter(pk=OuterRef("remote"), ended_at=None)
    there.filter(Exists(open_)).update(**told, words="")
    there.filter(~Exists(open_)).update(**told, words=ASK_OWNER)


def _entry(event: Event, erased: ErasedObject, why: str, now: datetime) -> LogEntry:
    return LogEntry(event, now, erased.ref, sender=erased.holder.ref, more={"what": "object", "why": why})


def _check_why(why: str) -> None:
    if not 1 <= len(why) <= _MAX_WHY:
        raise Malformed("why", f"a reason of 1 to {_MAX_WHY} characters is kept with the decision")
