"""What a collection holds now, what of it each party would see, and who read it when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from comity.base.errors import NotFound
from comity.engines.release.handling import Handling
from comity.engines.release.judge import Release
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.node.accountability import models as log
from comity.node.exchange import queries
from comity.node.exchange.handling import of_classes
from comity.node.exchange.models import Collection, HandlingClass, HookState, Label, StixObject, Webhook
from comity.node.exchange.sights import Asked, Sight, asked, asked_each
from comity.node.exchange.taxii.chosen import Query, fits, names_of, read_query
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

PAGES_READ = 500  # of the log about one collection


@dataclass(frozen=True, slots=True)
class Held:
    """What a query chooses of what a body holds: how many of each type, and of each class."""

    types: tuple[tuple[str, int], ...]
    classes: dict[int, int]

    @property
    def count(self) -> int:
        """How many they are."""
        return sum(count for _, count in self.types)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a collection one party would be given, by TAXII or by acts alone, and how much not."""

    party: Party
    given: int
    by_acts: int
    closed: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What one party was given of a collection in the pages that were looked through."""

    party: str
    last: datetime
    pages: int
    objects: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A collection through the eyes of one party."""

    sight: Sight
    rows: QuerySet[StixObject]  # all of the collection

    @property
    def given(self) -> list[int]:
        """The classes that are given by TAXII and to webhooks, whole or after a removal."""
        return [key for key, release in self.sight.releases.items() if _level(release) == _GIVEN]

    @property
    def by_acts(self) -> list[int]:
        """The classes that leave by shares alone: a second person approves them."""
        return [key for key, release in self.sight.releases.items() if _level(release) == _BY_ACTS]

    def count(self, classes: Iterable[int]) -> int:
        """How many objects of the collection are in these classes."""
        return sum(self.sight.counts[key] for key in classes)

    def among(self, classes: Iterable[int]) -> QuerySet[StixObject]:
        """The objects of the collection in these classes, the newest first."""
        return self.rows.filter(handling_id__in=list(classes)).order_by("-added")


_GIVEN, _BY_ACTS, _CLOSED = "given", "by-acts", "closed"


def collection_for(actor: Actor, ref: UUID) -> Collection:
    """One open collection of the actor's body; raises `NotFound`."""
    found = queries.collections_of(actor).filter(ref=ref).first()
    if found is None:
        raise NotFound("collection")
    return found


def webhooks_for(actor: Actor) -> QuerySet[Webhook]:
    """The webhooks of the actor's body that have not ended; none without the power to read who is who."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Webhook.objects.none()
    rows = Webhook.objects.filter(collection__holder_id=actor.body).exclude(state=HookState.ENDED)
    return rows.select_related("collection__holder", "party")


def webhook_for(actor: Actor, key: int) -> Webhook:
    """One of them; raises `NotFound`."""
    found = webhooks_for(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("webhook")
    return found


def chosen(holder: Party, query: Query) -> QuerySet[StixObject]:
    """The newest versions that a query chooses, whoever may see them."""
    rows = StixObject.objects.filter(holder=holder, latest=True)
    if query.types:
        rows = rows.filter(type__in=query.types)
    if query.sources or query.up_to:
        rows = rows.filter(handling_id__in=_fitting(query))
    for names in (names_of("label", query.labels), names_of("sector", query.sectors)):
        if names:
            rows = rows.filter(Exists(Label.objects.filter(object=OuterRef("pk"), name__in=names)))
    return rows


def held_by(actor: Actor, query: Query) -> Held:
    """The counts of what the query chooses, for those who may read content."""
    actor.may(Power.READ_CONTENT).require()
    return _held(queries.own_body(actor), query)


def shares_of(actor: Actor, held: Held, purpose: Purpose, now: datetime) -> list[Share]:
    """How much of it each partner would be given for this purpose."""
    holder = queries.own_body(actor)
    questions = asked_each(holder, list(queries.partners(actor)), purpose=purpose, now=now)
    facts = of_classes(held.classes)
    return [_share(party, question, held, facts) for party, question in questions]


def seen_by(actor: Actor, collection: Collection, party: Party, now: datetime) -> Seen:
    """The collection as one party would see it, class by class."""
    actor.may(Power.READ_CONTENT).require()
    query = read_query(collection.query)
    question = asked(collection.holder, party, purpose=Purpose(collection.purpose), now=now)
    counts = _held(collection.holder, query).classes
    releases = {key: question.judge(known) for key, known in of_classes(counts).items()}
    return Seen(Sight(question, releases, counts), chosen(collection.holder, query))


def readings_of(collection: Collection) -> list[Reading]:
    """Who was given pages of it, the latest first, as far as the newest entries of the log tell."""
    rows = log.LogEntry.objects.filter(
        subject=f"collection {collection.ref}", event=Event.CONTENT_GIVEN.value
    )
    found: dict[str, Reading] = {}
    for row in rows.order_by("-index").exclude(entry=None)[:PAGES_READ]:
        entry = LogEntry.decode(bytes(row.entry or b""))
        known = found.get(entry.to[0], Reading(entry.to[0], row.at, 0, 0))
        count = int(entry.more.get("count", 0))
        found[entry.to[0]] = Reading(known.party, known.last, known.pages + 1, known.objects + count)
    names = dict(Party.objects.filter(ref__in=found).values_list("ref", "name"))
    return [Reading(names.get(ref, ref), each.last, each.pages, each.objects) for ref, each in found.items()]


def _held(holder: Party, query: Query) -> Held:
    rows = chosen(holder, query).order_by().values_list("type", "handling_id")
    types: dict[str, int] = {}
    classes: dict[int, int] = {}
    for kind, key, count in rows.annotate(n=Count("pk")):
        types[kind] = types.get(kind, 0) + count
        classes[key] = classes.get(key, 0) + count
    return Held(tuple(sorted(types.items(), key=lambda pair: (-pair[1], pair[0]))), classes)


def _fitting(query: Query) -> Sequence[int]:
    known = of_classes(HandlingClass.objects.values_list("pk", flat=True))
    return [key for key, handling in known.items() if fits(query, handling)]


def _share(party: Party, question: Asked, held: Held, facts: Mapping[int, Handling]) -> Share:
    counts = dict.fromkeys((_GIVEN, _BY_ACTS, _CLOSED), 0)
    for key, handling in facts.items():
        counts[_level(question.judge(handling))] += held.classes[key]
    return Share(party, counts[_GIVEN], counts[_BY_ACTS], counts[_CLOSED])


def _level(release: Release) -> str:
    if not release.verdict.allowed:
        return _CLOSED
    return _BY_ACTS if release.second_person else _GIVEN
