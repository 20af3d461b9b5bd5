"""Every read of objects, victims and imports; the actor is asked, so hidden and missing look the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import islice
from operator import or_
from typing import TypeVar

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from comity.base.errors import NotFound
from comity.engines.patterns.kinds import Value as Looked
from comity.engines.patterns.query import understood
from comity.engines.patterns.values import values_of_object
from comity.engines.release.judge import Removal
from comity.engines.release.redact import Parties, redacted_id
from comity.formats.markings import TLP_OF_ID
from comity.formats.stix import ID, IDENTITY_ID
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import Limits, decode
from comity.node.acts.models import Act, ActContent, Delivery, DeliveryState
from comity.node.acts.queries import acts_for, keeping_ended
from comity.node.acts.queries import listed as acts_listed
from comity.node.acts.together import all_asked_about, once_together
from comity.node.exchange import fulltext
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import parties_of
from comity.node.exchange.models import (
    Collection,
    ErasedObject,
    HandlingClass,
    Import,
    Link,
    StixObject,
    TaxiiAccount,
    Value,
    Victim,
)
from comity.node.exchange.values import key_of, looked_for
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

Key = TypeVar("Key", str, int)

CHUNK = 500  # refs in one question to the database
SEARCH_ROWS = 20
FOUND = 1_000  # objects with some words that a page counts and turns to
SEARCHED = 10_000  # and how far the API goes on
MOST_WORDS = 8
ALIKE_VALUES, ALIKE = 20, 10  # values of one object that are compared, and objects that are shown for each
_KEY = re.compile("[0-9]{1,18}")  # what fits into the column


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


def listed(
    actor: Actor,
    most: int | None = None,
    /,
    *,
    words: str = "",
    kind: str = "",
    tlp: str = "",
    source: str = "",
    brought: str = "",
    until: str = "",
    value: Looked | None = None,
) -> QuerySet[StixObject]:
    """The objects of the list page, newest first, narrowed as its form says; with words, at least `most`.

    With a value instead, the newest `most` that have it, or that a network or a domain holds which is meant.
    """
    found = objects_for(actor).exclude(type__in=DEFINITIONS)
    found = found.filter(type=kind) if kind else found
    found = found.filter(tlp="" if tlp == "none" else tlp) if tlp else found
    if until:
        ending = HandlingClass.objects.filter(keep_until__lte=date.fromisoformat(until))
        found = found.filter(handling__in=list(ending.values_list("pk", flat=True)))
    if brought:
        found = found.filter(brought_id=int(brought)) if _KEY.fullmatch(brought) else found.none()
    found = found.filter(source__ref=source) if source else found
    wanted = plain(words).split()[:MOST_WORDS]
    if value is not None:
        found = _with_value(found, value, most or FOUND + 1)
    elif wanted:
        found = fulltext.carrying(found, wanted, parts=_parts(actor, kind, source), most=most or FOUND + 1)
    return found.select_related("source").defer("wire", "words")


def _with_value(found: QuerySet[StixObject], value: Looked, most: int) -> QuerySet[StixObject]:
    """Those with the value: the index names them, and Django's own order of joins would walk the list."""
    within = Exists(found.order_by().filter(pk=OuterRef("object")))
    ask = Value.objects.filter(looked_for(value)).filter(within)
    keys = ask.order_by("-object").values_list("object", flat=True).distinct()[:most]
    return StixObject.objects.filter(pk__in=list(keys))


@dataclass(frozen=True, slots=True)
class Alike:
    """A value of an object that others have too: how many, and the newest of them, whoever they are from."""

    value: Looked
    count: int
    newest: tuple[StixObject, ...]

    @property
    def more(self) -> int:
        """How many there are beside the newest."""
        return self.count - len(self.newest)

    @property
    def givers(self) -> tuple[str, ...]:
        """Whom the newest are from, each once."""
        names = (row.source.name if row.source else "a file" for row in self.newest)
        return tuple(dict.fromkeys(names))


def alike(actor: Actor, row: StixObject, value: Mapping[str, object]) -> list[Alike]:
    """The values that the object shares with others that the actor's body holds."""
    own = {(each.kind.value, key_of(each)): each for each in islice(values_of_object(value), ALIKE_VALUES)}
    if not own:
        return []
    same = reduce(or_, (Q(kind=kind, key=key) for kind, key in own))
    among = objects_for(actor).exclude(ref=row.ref)
    pair, newest = (F("kind"), F("key")), F("object").desc()
    within = Exists(among.order_by().filter(pk=OuterRef("object")))
    ranked = (
        Value.objects.filter(same)
        .filter(within)
        .annotate(
            place=Window(RowNumber(), partition_by=pair, order_by=newest),
            of=Window(Count("pk"), partition_by=pair),
        )
    )
    shown = ranked.filter(place__lte=ALIKE).order_by("-object")
    found = list(shown.values_list("kind", "key", "of", "object"))
    rows = among.select_related("source").defer("wire", "words").in_bulk([key for *_, key in found])
    return [
        Alike(each, hits[0][2], tuple(rows[key] for *_, key in hits))
        for named, each in own.items()
        if (hits := [hit for hit in found if hit[:2] == named])
    ]


def _parts(actor: Actor, kind: str, source: str) -> list[QuerySet[StixObject]]:
    """What an index can count of a narrowed list: all that is held, those of a type, those of a giver."""
    held = objects_for(actor)
    of_type = [held.filter(type=kind)] if kind else []
    return [held, *of_type, *([held.filter(source__ref=source)] if source else [])]


def erasures_for(actor: Actor) -> QuerySet[ErasedObject]:
    """What the actor's body has erased by law; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return ErasedObject.objects.none()
    return ErasedObject.objects.filter(holder_id=actor.body)


def erasure_for(actor: Actor, ref: str) -> ErasedObject | None:
    """The erasure of this object, if the actor's body has erased it."""
    return erasures_for(actor).filter(ref=_known_form(ref, ID)).first()


def erased_among(holder: Party, refs: Iterable[str]) -> dict[str, str]:
    """Those of the objects that a body has erased by law, with what is said of it to whoever brings them."""
    rows = ErasedObject.objects.filter(holder=holder).values_list("ref", "at")
    found = {ref: at for chunk in chunks(refs) for ref, at in rows.filter(ref__in=chunk)}
    return {
        ref: f"It was erased here by law on {at:%Y-%m-%d}; who may approve can lift that."
        for ref, at in found.items()
    }


def acts_carrying(actor: Actor, ref: str) -> QuerySet[Act]:
    """The acts that carry the object, as it is or after a removal."""
    names = {ref, *(redacted_id(ref, removal) for removal in Removal)}
    carrying = ActContent.objects.filter(act=OuterRef("pk"), content__ref__in=names)
    return acts_for(actor).filter(Exists(carrying)).select_related("author")


def retention_ended(day: date) -> list[tuple[Party, Party]]:
    """Bodies and givers between whom something is to be deleted: its last day lies before this one."""
    due = StixObject.objects.filter(handling__keep_until__lt=day, source__isnull=False).order_by()
    keys = {*due.values_list("holder", "source").distinct(), *keeping_ended(day)}
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
    rows = StixObject.objects.filter(holder=holder).values_list("ref", "modified", "sha256")
    found = (row for chunk in chunks(refs) for row in rows.filter(ref__in=chunk))
    return {(ref, modified): sha256 for ref, modified, sha256 in found}


def definitions_held(holder: Party, refs: Iterable[str]) -> dict[str, Found]:
    """Definitions of markings and extensions that a body holds, decoded."""
    rows = StixObject.objects.filter(holder=holder, latest=True, type__in=DEFINITIONS)
    return {row.ref: decoded(row) for chunk in chunks(refs) for row in rows.filter(ref__in=chunk)}


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


def titles_held(holder: Party, refs: Iterable[str]) -> dict[str, str]:
    """The titles of those of the objects that a body holds."""
    rows = StixObject.objects.filter(holder=holder, latest=True).values_list("ref", "title")
    return {ref: title for chunk in chunks(refs) for ref, title in rows.filter(ref__in=chunk)}


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
    """Those of the objects that the partner has: it receipted them, or gave them to us."""
    wanted = set(refs)
    given = StixObject.objects.filter(holder=holder, source=partner)
    came = {
        ref for chunk in chunks(wanted) for ref in given.filter(ref__in=chunk).values_list("ref", flat=True)
    }
    return came | receipted_by(holder, partner, wanted)


def linking_to(actor: Actor, ref: str, limit: int = 50) -> QuerySet[StixObject]:
    """The objects that name this one, newest first; looked up by their keys, not found on a walk of all."""
    naming = Link.objects.filter(ref=ref).values("object_id")
    rows = objects_for(actor).filter(pk__in=naming).defer("wire", "words")
    return rows.order_by((F("pk") + 0).desc())[:limit]


def linked_from(actor: Actor, row: StixObject) -> list[tuple[str, str, StixObject | None]]:
    """What the object names: the property, the ref, and the object if the body holds it."""
    named = row.links.exclude(ref__in=TLP_OF_ID).order_by("path", "ref")
    links = list(named.values_list("path", "ref")[:200])
    here = {each.ref: each for each in objects_for(actor).filter(ref__in={ref for _, ref in links})}
    return [(path, ref, here.get(ref)) for path, ref in links]


def import_for(actor: Actor, key: int) -> Import:
    """One import of the body; raises `NotFound`."""
    found = None
    if actor.may(Power.READ_CONTENT).allowed:
        found = Import.objects.select_related("source").filter(holder_id=actor.body, pk=key).first()
    if found is None:
        raise NotFound("import")
    return found


def search_objects(actor: Actor, words: str) -> QuerySet[StixObject]:
    """The objects that have the value which the words mean; or carry all the words, if they mean none."""
    return listed(actor, words=words, value=understood(words))


def search_acts(actor: Actor, words: str) -> QuerySet[Act]:
    """The acts whose title carries the words, or whose ref it is."""
    words = plain(words)
    return acts_listed(actor, words=words)


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


def party_named(actor: Actor, ref: str) -> Party:
    """A party that is not ours, by its ref; raises `NotFound`."""
    found = None
    if actor.may(Power.READ_PARTIES).allowed:
        found = Party.objects.filter(ref=_known_form(ref, IDENTITY_ID), ours=False).first()
    if found is None:
        raise NotFound("party")
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
