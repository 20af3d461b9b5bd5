"""Write what a search found into a file: judged for our own use or for a partner, removals made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.tlp import Tlp
from comity.engines.patterns.values import values_of_object
from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event, LogEntry
from comity.formats.exports.all import FORMS
from comity.formats.exports.table import csv_record
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import Limits, decode
from comity.node.accountability.services import record
from comity.node.acts.kinds import Item
from comity.node.exchange import queries, searching
from comity.node.exchange.content import confidence_of
from comity.node.exchange.judging import SECOND_PERSON, judged_items
from comity.node.exchange.models import StixObject
from comity.node.exchange.narrowing import Narrow
from comity.node.exchange.services import exporting
from comity.node.exchange.services.publishing import MISP, published
from comity.node.exchange.sights import Asked, asked
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST = 2_000  # objects in one file, the first of the list
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
    content: bytes
    count: int
    staying: int | None = None  # objects of the list that are not in it; a form for devices says why itself
    unmapped: tuple[str, ...] = ()  # what MISP has no place for, in words

    @property
    def media(self) -> str:
        """Its media type."""
        return _MEDIA[self.form][0]

    @property
    def file(self) -> str:
        """A name for it."""
        what = "objects" if self.form in (CSV, STIX) else self.form
        return f"comity-{what}.{_MEDIA[self.form][1]}"


@transaction.atomic
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

    What needs a second person is not in it: that leaves by an act alone.
    """
    actor.may(Power.READ_CONTENT if partner is None else Power.COMPOSE).require()
    keys = searching.keys_found(actor, narrow, 0, MOST)
    if form not in (CSV, STIX, MISP):
        done = exporting.export_as(form, actor=actor, partner=partner, purpose=purpose, among=keys, now=now)
        return Result(form, b"".join(done), done.about.count)
    holder = queries.own_body(actor)
    rows = _rows(keys)
    question = asked(holder, partner or holder, purpose=purpose, now=now)
    going = [
        (item.ref, decode(item.leaving.wire, limits=Limits(size=len(item.leaving.wire))))
        for item in judged_items(question, rows)
        if item.leaving and _alone(item)
    ]
    known = {row.ref: row for row in rows}
    unmapped: tuple[str, ...] = ()
    if form == STIX:
        told = {"type": "bundle", "id": f"bundle--{new_id()}", "objects": [value for _, value in going]}
        content = canonical(told)
    elif form == MISP:
        content, unmapped = _events(going, known, question)
    else:
        content = _table(going, known, at_home=partner is None)
    if partner is not None:
        more = {"form": form, "values": len(going)}
        subject, digest = partner.ref, sha256_hex(content)
        record(
            [LogEntry(Event.CONTENT_EXPORTED, now, subject, digest, sender=holder.ref, more=more)], now=now
        )
    staying = known.keys() - {ref for ref, _ in going}
    return Result(form, content, len(going), len(staying), unmapped)


def _events(
    going: Sequence[tuple[str, Any]], rows: Mapping[str, StixObject], question: Asked
) -> tuple[bytes, tuple[str, ...]]:
    """Events of MISP, and what they do not say; the labels stand in them as tags."""
    objects = [(Found.decode(value), rows[ref].added) for ref, value in going if ref in rows]
    done = published(MISP, objects, question.holder, question.partner)
    return b"".join(each.content for each in done.files), tuple(each.text for each in done.unmapped)


def _rows(keys: Sequence[int]) -> list[StixObject]:
    found = StixObject.objects.select_related("handling", "source").defer("words").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _alone(item: Item) -> bool:
    """Whether no second person has to approve it."""
    return all(ground.rule != SECOND_PERSON for ground in item.verdict.grounds)


def _table(values: Sequence[tuple[str, Any]], rows: Mapping[str, StixObject], *, at_home: bool) -> bytes:
    """A record for each object that was chosen, harmless in a spreadsheet."""
    told = ((value, rows[ref]) for ref, value in values if ref in rows)
    cells = (_cells(value, row, at_home=at_home) for value, row in told)
    return csv_record(COLUMNS) + b"".join(csv_record(cell[:LONGEST_CELL] for cell in each) for each in cells)


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
