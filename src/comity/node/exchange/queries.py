"""Every read of objects, victims and imports; the actor is asked, so hidden and missing look the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Count, Exists, OuterRef, QuerySet

from comity.base.errors import NotFound
from comity.engines.release.judge import Removal
from comity.engines.release.redact import Parties, redacted_id
from comity.formats.stix import ID, IDENTITY_ID
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import Limits, decode
from comity.node.acts.models import Act, ActContent, Delivery, DeliveryState
from comity.node.acts.queries import acts_for, keeping_ended
from comity.node.acts.together import all_asked_about, once_together
from comity.node.exchange import remotes
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import parties_of
from comity.node.exchange.models import (
    AlsoGiven,
    Collection,
    ErasedObject,
    Import,
    StixObject,
    TaxiiAccount,
    Victim,
)
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power
from comity.node.site.among import Among
from comity.node.site.prepared import Prepared

Key = TypeVar("Key", str, int)

CHUNK = 500  # refs in one question to the database


def objects_for(actor: Actor) -> QuerySet[StixObject]:
    """The newest versions of what the actor's body holds; none without the power to read content."""
    return versions_for(actor).filter(latest=True)


def versions_for(actor: Actor) -> QuerySet[StixObject]:
    """All versions of what the actor's body holds; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return StixObject.objects.none()
    return StixObject.objects.filter(holder_id=actor.body)


def collections_of(actor: Actor) -> QuerySet[Collection]:
    """The open collections of the actor's body."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Collection.objects.none()
    return Collection.objects.filter(holder_id=actor.body, closed_at=None).select_related("holder")


def accounts_for(actor: Actor) -> QuerySet[TaxiiAccount]:
    """The accounts whose tokens are valid; none without the power to read who is who."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return TaxiiAccount.objects.none()
    return TaxiiAccount.objects.filter(revoked_at=None).select_related("party")


def account_for(actor: Actor, key: int) -> TaxiiAccount:
    """One of them; raises `NotFound`."""
    found = accounts_for(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("account")
    return found


def readers(actor: Actor) -> QuerySet[Party]:
    """The parties whose programs can be given content: whoever is neither ours nor an observer."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Party.objects.none()
    return Party.objects.filter(ours=False).exclude(kind=PartyKind.OBSERVER)


def object_for(actor: Actor, ref: str) -> StixObject:
    """The newest version with its provenance; raises `NotFound`."""
    related = ("handling", "source", "act", "brought", "holder", "act__author")
    found = versions_of(actor, _known_form(ref, ID)).filter(latest=True).select_related(*related).first()
    if found is None:
        raise NotFound("object")
    return found


def versions_of(actor: Actor, ref: str) -> QuerySet[StixObject]:
    """The versions of one object, the newest first: in the order of the index that names them."""
    return versions_for(actor).filter(ref=ref).order_by("-modified")


def erasures_for(actor: Actor) -> QuerySet[ErasedObject]:
    """What the actor's body has erased by law; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return ErasedObject.objects.none()
    return ErasedObject.objects.filter(holder_id=actor.body)


def erasure_for(actor: Actor, ref: str) -> ErasedObject | None:
    """The erasure of this object, if the actor's body has erased it."""
    return erasures_for(actor).filter(ref=_known_form(ref, ID)).first()


def _erased(holder: int, refs: tuple[str, ...]) -> QuerySet[ErasedObject, Any]:
    rows = ErasedObject.objects.filter(Among("ref", refs), holder=holder).order_by()
    return rows.values_list("ref", "at")


_ERASED = Prepared(_erased, int, tuple)


def erased_among(holder: Party, refs: Iterable[str]) -> dict[str, str]:
    """Those of the objects that a body has erased by law, with what is said of it to whoever brings them."""
    return {
        ref: f"It was erased here by law on {at:%Y-%m-%d}; who may approve can lift that."
        for ref, at in _ERASED.rows(holder.pk, tuple(refs))
    }


def acts_carrying(actor: Actor, ref: str) -> QuerySet[Act]:
    """The acts that carry the object, as it is or after a removal."""
    names = {ref, *(redacted_id(ref, removal) for removal in Removal)}
    carrying = ActContent.objects.filter(act=OuterRef("pk"), content__ref__in=names)
    return acts_for(actor).filter(Exists(carrying)).select_related("author")


def retention_ended(day: date) -> list[tuple[Party, Party]]:
    """Bodies and givers between whom something is to be deleted: its last day lies before this one."""
    due = StixObject.objects.filter(handling__keep_until__lt=day, source__isnull=False).order_by()
    beside = AlsoGiven.objects.filter(keep_until__lt=day).order_by().values_list("holder", "party").distinct()
    keys = {*due.values_list("holder", "source").distinct(), *beside, *keeping_ended(day)}
    parties = Party.objects.in_bulk({key for pair in keys for key in pair})
    return [(parties[holder], parties[source]) for holder, source in sorted(keys)]


def types_held(actor: Actor) -> list[tuple[str, int]]:
    """The types that the body holds, with how many objects of each."""
    rows = objects_for(actor).exclude(type__in=DEFINITIONS).values_list("type")
    return list(rows.annotate(n=Count("pk")).order_by("type"))


def givers(actor: Actor) -> QuerySet[Party]:
    """The parties that gave something which the body holds."""
    return Party.objects.filter(Exists(objects_for(actor).filter(source=OuterRef("pk"))))


def held(holder: Party, refs: Iterable[str]) -> dict[str, StixObject]:
    """The newest versions that a body holds, by ref, with their classes."""
    wanted = tuple(dict.fromkeys(refs))
    rows = _held(holder, all_asked_about(wanted))
    return {ref: rows[ref] for ref in wanted if ref in rows}


@once_together
def _held(holder: Party, refs: tuple[str, ...]) -> dict[str, StixObject]:
    rows = StixObject.objects.filter(holder=holder, latest=True).select_related("handling")
    return {row.ref: row for chunk in chunks(refs) for row in rows.filter(ref__in=chunk)}


def versions_held(holder: Party, refs: Iterable[str]) -> dict[tuple[str, str], str]:
    """The digests of all versions that a body holds of these objects, by ref and version."""
    rows = StixObject.objects.filter(Among("ref", refs), holder=holder).order_by()
    found = rows.values_list("ref", "modified", "sha256")
    return {(ref, modified): sha256 for ref, modified, sha256 in found}


def rows_of_versions(holder: Party, refs: Iterable[str]) -> Iterator[StixObject]:
    """All versions that a body holds of these objects, with their classes."""
    rows = StixObject.objects.filter(holder=holder).select_related("handling").defer("wire", "words")
    for chunk in chunks(refs):
        yield from rows.filter(ref__in=chunk)


def also_given(holder: Party, party: Party, refs: Iterable[str]) -> dict[tuple[str, str], str]:
    """The digests of what the party gave of versions that others had given, by ref and version."""
    if not _ever_also_given(holder, party):
        return {}
    rows = AlsoGiven.objects.filter(Among("ref", refs), holder=holder, party=party).order_by()
    found = rows.values_list("ref", "modified", "sha256")
    return {(ref, modified): sha256 for ref, modified, sha256 in found}


@once_together
def _ever_also_given(holder: Party, party: Party) -> bool:
    return AlsoGiven.objects.filter(holder=holder, party=party).exists()


def definitions_held(holder: Party, refs: Iterable[str]) -> dict[str, Found]:
    """Definitions of markings and extensions that a body holds, decoded."""
    named = tuple(refs)
    if not named:
        return {}
    rows = StixObject.objects.filter(Among("ref", named), holder=holder, latest=True).order_by()
    return {row.ref: decoded(row) for row in rows if row.type in DEFINITIONS}


def receivers_of(acts: Sequence[Act]) -> list[tuple[Act, Party]]:
    """Each act with each of the bodies of ours that it was addressed to."""
    known = {act.pk: act for act in acts}
    rows = Act.recipients.through.objects.filter(act__in=list(known), party__ours=True)
    pairs = rows.select_related("party").order_by("act_id", "party_id")
    return [(known[pair.act_id], pair.party) for pair in pairs]


def decoded(row: StixObject) -> Found:
    """The object in a row."""
    wire = bytes(row.wire)
    return Found.decode(decode(wire, limits=Limits(size=len(wire))), row.ref)


def _titles(holder: int, refs: tuple[str, ...]) -> QuerySet[StixObject, Any]:
    rows = StixObject.objects.filter(Among("ref", refs), holder=holder, latest=True).order_by()
    return rows.values_list("ref", "title")


_TITLES = Prepared(_titles, int, tuple)


def titles_held(holder: Party, refs: Iterable[str]) -> dict[str, str]:
    """The titles of those of the objects that a body holds."""
    named = tuple(refs)
    return dict(_TITLES.rows(holder.pk, named)) if named else {}


@once_together
def victims_of(holder: Party) -> Parties:
    """Whom this body may have to make unrecognisable."""
    return parties_of(Victim.objects.filter(holder=holder).values_list("ref", "name"))


def victims_for(actor: Actor) -> QuerySet[Victim]:
    """The victims that the actor's body knows; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Victim.objects.none()
    return Victim.objects.filter(holder_id=actor.body)


def receipted_by(holder: Party, partner: Party, refs: Iterable[str]) -> set[str]:
    """Those of the objects of which the partner has receipted a version from us.

    Asked of each act that carried one: the planner would otherwise begin with all that the partner receipted.
    """
    ours = {"act__ours": True, "act__author": holder}
    done = Delivery.objects.filter(**ours, act=OuterRef("act"), party=partner, state=DeliveryState.RECEIPTED)
    sent = ActContent.objects.filter(Exists(done))
    return {
        ref for chunk in chunks(refs)
        for ref in sent.filter(content__ref__in=chunk).values_list("content__ref", flat=True)
    }  # fmt: skip  # one clause to a line


def known_there(holder: Party, partner: Party, refs: Iterable[str]) -> set[str]:
    """Those of the objects that the partner has: it receipted them, its server took them, or it gave them."""
    wanted = set(refs)
    given = StixObject.objects.filter(holder=holder, source=partner)
    came = {
        ref for chunk in chunks(wanted) for ref in given.filter(ref__in=chunk).values_list("ref", flat=True)
    }
    return came | receipted_by(holder, partner, wanted) | remotes.taken_by(holder, partner, wanted)


def imports_for(actor: Actor) -> QuerySet[Import]:
    """All that came to the body otherwise than by acts, the newest first."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Import.objects.none()
    return Import.objects.filter(holder_id=actor.body).select_related("source")


def import_for(actor: Actor, key: int) -> Import:
    """One import of the body; raises `NotFound`."""
    found = imports_for(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("import")
    return found


@once_together
def own_body(actor: Actor) -> Party:
    """The body that the actor acts for."""
    found = Party.objects.filter(pk=actor.body, ours=True).first()
    if found is None:
        raise NotFound("body of this node")
    return found


def partners(actor: Actor) -> QuerySet[Party]:
    """The parties whose node we have accepted."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Party.objects.none()
    return Party.objects.filter(ours=False, partner__state="accepted")


def receivers(actor: Actor) -> QuerySet[Party]:
    """The partners that content can be given to: an observer checks the logs, and sees none."""
    return partners(actor).exclude(kind=PartyKind.OBSERVER)


def party_named(actor: Actor, ref: str) -> Party:
    """A party that is not ours, by its ref; raises `NotFound`."""
    found = None
    if actor.may(Power.READ_PARTIES).allowed:
        found = Party.objects.filter(ref=_known_form(ref, IDENTITY_ID), ours=False).first()
    if found is None:
        raise NotFound("party")
    return found


def partner_named(actor: Actor, ref: str) -> Party:
    """One of our partners, by its ref; raises `NotFound`."""
    found = partners(actor).filter(ref=_known_form(ref, IDENTITY_ID)).first()
    if found is None:
        raise NotFound("partner")
    return found


def plain(words: str) -> str:
    """What a person typed, without characters that a database refuses."""
    return words.replace("\0", "")


def _known_form(ref: str, form: re.Pattern[str]) -> str:
    """The reference from an address, or one that nothing has: PostgreSQL refuses some characters."""
    return ref if form.fullmatch(ref) else ""


def chunks(refs: Iterable[Key]) -> Iterator[Sequence[Key]]:
    """The refs or keys in portions that one question to the database takes."""
    rest = iter(dict.fromkeys(refs))
    while portion := tuple(islice(rest, CHUNK)):
        yield portion
