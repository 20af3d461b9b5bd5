"""Write what a search found into a file: judged for our own use or for a partner, removals made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.tlp import Tlp
from comity.engines.patterns.values import values_of_object
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.formats.exports.all import FORMS
from comity.formats.exports.table import csv_record
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import Limits, decode
from comity.node.accountability.services import record
from comity.node.acts.kinds import Leaving
from comity.node.exchange import queries, searching
from comity.node.exchange.content import confidence_of
from comity.node.exchange.models import StixObject
from comity.node.exchange.narrowing import Narrow, Order
from comity.node.exchange.outgoing import outgoing
from comity.node.exchange.services import exporting
from comity.node.exchange.services.publishing import MISP, published
from comity.node.exchange.services.publishing import MOST as MOST_OF_MISP
from comity.node.exchange.services.spooled import Spooled
from comity.node.exchange.sights import asked
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST = 100_000  # objects in one file; of what words, values or labels name, as many as an index finds
MOST_VALUES = 20  # of one object in a cell
LONGEST_CELL = 4_096
COLUMNS = (
    *("id", "type", "name", "values", "labels", "confidence", "created", "modified"),
    *("valid_from", "valid_until", "tlp", "source"),
)


CSV, STIX = "csv", "stix"
RESULT_FORMS = (CSV, STIX, MISP, *(name for name in FORMS if name != CSV))  # what a list can be taken as
_MEDIA = {
    CSV: ("text/csv; charset=utf-8; header=present", "csv"),
    STIX: ("application/stix+json", "json"),
    MISP: ("application/json", "json"),
    **{name: (form.media, form.suffix) for name, form in FORMS.items() if name != CSV},
}


MEDIA = frozenset(media for media, _ in _MEDIA.values())


@dataclass(frozen=True, slots=True)
class Result:
    """A file, what it holds (objects, or values in a form for devices), and what it does not say."""

    form: str
    content: Spooled
    count: int
    staying: int | None = None  # objects of the list that are not in it; a form for devices says why itself
    unmapped: tuple[str, ...] = ()  # what MISP has no place for, in words
    more: bool = False  # whether the list goes on behind what was looked at

    @property
    def media(self) -> str:
        """Its media type."""
        return _MEDIA[self.form][0]

    @property
    def file(self) -> str:
        """A name for it."""
        what = "objects" if self.form in (CSV, STIX) else self.form
        return f"comity-{what}.{_MEDIA[self.form][1]}"


def export_result(
    *,
    actor: Actor,
    narrow: Narrow,
    form: str,
    partner: Party | None = None,
    purpose: Purpose = Purpose.NETWORK_DEFENCE,
    now: datetime,
    new_id: Callable[[], UUID] = uuid4,
) -> Result:
    """What of a list may go to the partner, or may be used by ourselves; for a partner, recorded.

    What needs a second person is not in it: that leaves by an act alone. What joins others comes last.
    """
    actor.may(Power.READ_CONTENT if partner is None else Power.COMPOSE).require()
    keys, more = _first(actor, narrow, MOST_OF_MISP if form == MISP else MOST, now)
    if form not in (CSV, STIX, MISP):
        done = exporting.export_as(form, actor=actor, partner=partner, purpose=purpose, among=keys, now=now)
        return Result(form, done.file, done.about.count, more=more)
    holder = queries.own_body(actor)
    going = _Going(outgoing(asked(holder, partner or holder, purpose=purpose, now=now), keys))
    unmapped: tuple[str, ...] = ()
    if form == STIX:
        file = Spooled.of(exporting.Bundle(f"bundle--{new_id()}").pieces(each for _, each in going))
    elif form == MISP:
        file, unmapped = _events(going, holder, partner or holder)
    else:
        file = Spooled.of(_table(going, at_home=partner is None))
    if partner is not None:
        _record(form, file, going.count, holder=holder, partner=partner, now=now)
    return Result(form, file, going.count, len(keys) - going.listed, unmapped, more)


@dataclass(slots=True)
class _Going:
    """What leaves, counted while it is written."""

    leaving: Iterable[tuple[StixObject | None, Leaving]]
    count: int = 0
    listed: int = 0  # those that stand in the list themselves

    def __iter__(self) -> Iterator[tuple[StixObject | None, Leaving]]:
        for row, each in self.leaving:
            self.count += 1
            self.listed += row is not None
            yield row, each


def _first(actor: Actor, narrow: Narrow, most: int, now: datetime) -> tuple[list[int], bool]:
    """The keys of as much of a list as one file holds, and whether there is more; any order finds all."""
    order = narrow.order if narrow.order in searching.WALKED else Order.NEWEST
    keys = searching.keys_found(actor, replace(narrow, order=order), 0, most + 1, now=now)
    return keys[:most], len(keys) > most


def _record(form: str, file: Spooled, count: int, *, holder: Party, partner: Party, now: datetime) -> None:
    more = {"form": form, "values": count}
    entry = LogEntry(Event.CONTENT_EXPORTED, now, partner.ref, file.sha256, sender=holder.ref, more=more)
    try:
        with transaction.atomic():
            record([entry], now=now)
    except BaseException:
        file.close()  # what was not recorded does not leave
        raise


def _events(going: _Going, holder: Party, receiver: Party) -> tuple[Spooled, tuple[str, ...]]:
    """Events of MISP, and what they do not say; the labels stand in them as tags."""
    objects = [(Found.decode(_value(each)), row.added) for row, each in going if row is not None]
    done = published(MISP, objects, holder, receiver)
    return Spooled.of(each.content for each in done.files), tuple(each.text for each in done.unmapped)


def _value(each: Leaving) -> Any:  # noqa: ANN401  any object of STIX
    return decode(each.wire, limits=Limits(size=len(each.wire)))


def _table(going: _Going, *, at_home: bool) -> Iterator[bytes]:
    """A record for each object that was chosen, harmless in a spreadsheet."""
    yield csv_record(COLUMNS)
    for row, each in going:
        if row is not None:
            cells = _cells(_value(each), row, at_home=at_home)
            yield csv_record(cell[:LONGEST_CELL] for cell in cells)


def _cells(value: Mapping[str, Any], row: StixObject, *, at_home: bool) -> Iterator[str]:
    """The cells in the order of the columns; a partner learns no more than the object says."""
    found = list(dict.fromkeys(each.text for each in values_of_object(value)))[:MOST_VALUES]
    labels, confidence = value.get("labels"), confidence_of(value)
    yield from (str(value["id"]), str(value["type"]), str(value.get("name", "")), " ".join(found))
    yield " ".join(map(str, labels)) if isinstance(labels, list) else ""
    yield "" if confidence is None else str(confidence)
    yield from (str(value.get(name, "")) for name in ("created", "modified", "valid_from", "valid_until"))
    yield Tlp(row.tlp).label if row.tlp else ""
    yield row.source.name if at_home and row.source else str(value.get("created_by_ref", ""))
