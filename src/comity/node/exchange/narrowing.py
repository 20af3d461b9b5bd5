"""What a list of objects is narrowed by, and how the database answers it without reading the whole record.

What an object says of itself stands in its row, and one index has it all (`object_facets`). What other rows
say of it, labels, values, relationships, sightings, gives keys to begin with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models import Value as Constant
from django.db.models.functions import Concat

from comity.engines.patterns.kinds import Value as Looked
from comity.node.exchange import contradicted
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.models import HandlingClass, Label, StixObject, Value
from comity.node.exchange.queries import objects_for, plain
from comity.node.exchange.relations.related import Related, related_keys, sighted
from comity.node.exchange.values import looked_for
from comity.node.parties.actors import Actor

MOST_WORDS = 8
FEW = 2_000  # objects of a type up to which they are looked up and sorted
UNMARKED = "none"  # as a label: what carries none
_KEY = re.compile("[0-9]{1,18}")  # what fits into the column
_BEHIND = "~"  # sorts behind every sign of a time


class Order(Enum):
    """How a list is sorted; what says nothing comes last."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SCORE = "score"
    CONFIDENCE = "confidence"
    MODIFIED = "modified"

    @property
    def words(self) -> str:
        """The order for people."""
        return _ORDERS[self]


_ORDERS = {
    Order.NEWEST: "Newest here first",
    Order.OLDEST: "Oldest here first",
    Order.SCORE: "Highest score now first",
    Order.CONFIDENCE: "Highest confidence first",
    Order.MODIFIED: "Last changed by its maker first",
}


@dataclass(frozen=True, slots=True)
class Days:
    """From a day to another, both among them; either may be open."""

    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    @property
    def told(self) -> str:
        """The days in words."""
        begin = f"from {self.first}" if self.first else ""
        return f"{begin} to {self.last}".strip() if self.last else begin


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which objects somebody wants; all parts must fit, and an empty one leaves all."""

    words: str = ""
    value: Looked | None = None  # instead of words
    kind: str = ""
    tlp: str = ""
    source: str = ""  # ref of the party that gave it
    brought: str = ""  # number of an import
    until: date | None = None  # may be kept no longer than to this day
    label: str = ""  # or a sector
    added: Days = Days()
    created: Days = Days()
    modified: Days = Days()
    valid: date | None = None  # on this day
    confidence: int | None = None  # at least
    related: Related | None = None
    sighted: bool = False
    contradicted: bool = False
    order: Order = Order.NEWEST

    @property
    def told(self) -> tuple[str, ...]:
        """What is wanted, in words: for a list that turns out empty."""
        return tuple(_told(self))

    @property
    def named(self) -> bool:
        """Whether an index names what is wanted, so that the list is not walked."""
        return bool(self.words or self.value or self.label or self.related is not None)

    @property
    def searching(self) -> tuple[str, ...]:
        """The words that are looked for in texts."""
        return () if self.value is not None else tuple(plain(self.words).split()[:MOST_WORDS])


def _told(narrow: Narrow) -> Iterator[str]:
    if narrow.value is not None:
        yield f"{narrow.value.kind.value.replace('-', ' ')} {narrow.value.text}"
    elif narrow.words:
        yield "with every one of the words: " + ", ".join(narrow.searching)
    yield from (f"{words} {value}" for words, value in _plain_parts(narrow) if value)
    for words, days in (("here", narrow.added), ("made", narrow.created), ("changed", narrow.modified)):
        if days:
            yield f"{words} {days.told}"
    if narrow.related is not None:
        yield narrow.related.told
    if narrow.confidence is not None:
        yield f"confidence at least {narrow.confidence}"
    if narrow.sighted:
        yield "sighted by somebody"
    if narrow.contradicted:
        yield "contradicted by somebody"


def _plain_parts(narrow: Narrow) -> tuple[tuple[str, object], ...]:
    return (
        ("of type", narrow.kind),
        (
            "marked",
            "with no TLP label" if narrow.tlp == UNMARKED else narrow.tlp and f"TLP:{narrow.tlp.upper()}",
        ),
        ("from", narrow.source),
        ("of import", narrow.brought),
        ("with the label or sector", narrow.label),
        ("valid on", narrow.valid),
        ("to be deleted by", narrow.until),
    )


def by_columns(actor: Actor, narrow: Narrow) -> QuerySet[StixObject]:
    """The newest versions that fit as far as their own rows tell; definitions are in no list."""
    found = objects_for(actor).exclude(type__in=DEFINITIONS)
    if narrow.kind and found.order_by().filter(type=narrow.kind)[: FEW + 1].count() <= FEW:
        found = found.filter(type=narrow.kind)
    elif narrow.kind:
        # No index has a concatenation: a common type would be read by rows, and sorted by hand.
        found = found.alias(kind=Concat("type", Constant(""), output_field=CharField()))
        found = found.filter(kind=narrow.kind)
    found = found.filter(tlp="" if narrow.tlp == UNMARKED else narrow.tlp) if narrow.tlp else found
    found = found.filter(source__ref=narrow.source) if narrow.source else found
    if narrow.brought:
        known = _KEY.fullmatch(narrow.brought)
        found = found.filter(brought_id=int(narrow.brought)) if known else found.none()
    if narrow.until is not None:
        ending = HandlingClass.objects.filter(keep_until__lte=narrow.until)
        found = found.filter(handling__in=list(ending.values_list("pk", flat=True)))
    if narrow.confidence is not None:
        found = found.filter(confidence__gte=narrow.confidence)
    return _by_time(found, narrow)


def _by_time(found: QuerySet[StixObject], narrow: Narrow) -> QuerySet[StixObject]:
    if narrow.added.first is not None:
        found = found.filter(added__gte=_midnight(narrow.added.first))
    if narrow.added.last is not None and narrow.added.last < date.max:
        found = found.filter(added__lt=_midnight(narrow.added.last + timedelta(days=1)))
    for name, days in (("created", narrow.created), ("modified", narrow.modified)):
        if days:
            found = found.filter(**{f"{name}__gte": str(days.first or "0")})
        if days.last is not None:
            found = found.filter(**{f"{name}__lt": _after(days.last)})
    if narrow.valid is not None:
        found = found.filter(valid_from__gt="", valid_from__lt=_after(narrow.valid))
        found = found.exclude(valid_until__gt="", valid_until__lte=_beginning(narrow.valid))
    return found


def by_others(actor: Actor, narrow: Narrow, found: QuerySet[StixObject]) -> QuerySet[StixObject]:
    """Those of which other rows say what is wanted: labels, relationships, sightings."""
    if narrow.related is not None:
        found = found.filter(pk__in=related_keys(actor, narrow.related))
    if narrow.sighted:
        found = found.filter(sighted(actor))
    if narrow.contradicted:
        found = found.filter(pk__in=contradicted.keys_found(actor))
    if narrow.label:
        found = found.filter(Exists(_labels(narrow.label).filter(object=OuterRef("pk"))))
    return found


def beginning(narrow: Narrow) -> QuerySet[Value] | QuerySet[Label] | None:
    """The rows of an index that name what is wanted, to begin with; None to read the list through."""
    if narrow.value is not None:
        return Value.objects.filter(looked_for(narrow.value))
    return _labels(narrow.label) if narrow.label else None


def _labels(words: str) -> QuerySet[Label]:
    name = plain(words).casefold()
    return Label.objects.filter(name__in=(f"label:{name}", f"sector:{name}"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _beginning(day: date) -> str:
    """The first moment of the day as the wire writes it; every later moment sorts behind it."""
    return f"{day.isoformat()}T00:00:00Z"


def _after(day: date) -> str:
    """A text behind all times of the day, and before those of the next."""
    return (day + timedelta(days=1)).isoformat() if day < date.max else _BEHIND
