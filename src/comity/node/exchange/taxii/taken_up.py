"""What waves take up: the older objects of their classes, and those that name an observable of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import F, Q, QuerySet

from comity.engines.release.handling import Handling
from comity.engines.release.terms import Category
from comity.formats.stix import is_observable
from comity.node.exchange import queries
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.taxii.standing import Wave
from comity.node.parties.models import Party

Facts = Mapping[int, Handling]  # of each class by its key


def taken_up(waves: Iterable[Wave]) -> frozenset[int] | None:
    """The classes whose older objects stand in one of these waves; None means all."""
    found: frozenset[int] = frozenset()
    for each in waves:
        if each.classes is None:
            return None
        found |= each.classes
    return found


def by_class(wave: Wave, left: frozenset[int]) -> Q:
    """Of these classes what a wave took up for its own class."""
    return Q(handling_id__in=left if wave.classes is None else left & wave.classes)


def by_name(wave: Wave, holder: Party, facts: Facts) -> Q | None:
    """What a wave took up for what it names, if that can be."""
    observables = _observables(wave, facts)
    if not observables:
        return None
    held = StixObject.objects.filter(holder=holder, latest=True, handling_id__in=observables)
    naming = Link.objects.filter(ref__in=held.order_by().values("ref"))
    return Q(pk__in=naming.values("object_id"))


def naming_among(keys: Sequence[int], wave: Wave, holder: Party, facts: Facts) -> set[int]:
    """Those of these objects that a wave took up for what they name.

    Asked in steps: as one question the databases would rather read all links, or whole classes.
    """
    observables = _observables(wave, facts)
    if not observables or not keys:
        return set()
    links = Link.objects.filter(object_id__in=keys).order_by().values_list("object_id", "ref")
    named = [(key, ref) for key, ref in links if is_observable(ref)]
    rows = StixObject.objects.filter(holder=holder, latest=True).order_by().values_list("ref", "handling_id")
    chunks = queries.chunks(ref for _, ref in named)
    held = {ref for chunk in chunks for ref, its in rows.filter(ref__in=chunk) if its in observables}
    return {key for key, ref in named if ref in held}


def body_of(holder: Party) -> QuerySet[StixObject]:
    """The holder's objects, to be looked up by their keys.

    No index has a sum: the planner would walk the whole order for what is named.
    """
    return StixObject.objects.alias(body=F("holder_id") + 0).filter(body=holder.pk)


def _observables(wave: Wave, facts: Facts) -> frozenset[int]:
    """The classes of observables that a wave took up."""
    found = (key for key in wave.classes or () if facts[key].category is Category.OBSERVATION)
    return frozenset(found)
