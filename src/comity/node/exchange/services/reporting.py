"""Record what was seen of objects, what is wrong and what is over: our own work, kept like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.formats.stix import ID, is_observable
from comity.node.exchange import queries
from comity.node.exchange.models import Import, StixObject
from comity.node.exchange.reports import Making, Report, What
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.telling import Told, tell_by_rule
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST_REPORTS = 10_000  # in one transaction
PLACES = ("identity", "location")  # STIX 2.1, section 5.2: where something is sighted
NOTE = "Recorded here"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of reports: the import they are kept by, and the ref of the object of each."""

    brought: Import
    refs: tuple[str, ...]
    told: tuple[Told, ...] = ()  # givers for whom a rule stands


@transaction.atomic
def record_reports(
    *,
    actor: Actor,
    reports: Sequence[tuple[str, Report]],
    now: datetime,
    new_id: Callable[[], UUID] = uuid4,
) -> Recorded:
    """Keep what is reported of these objects, all or nothing; each report comes with the object's ref."""
    actor.may(Power.IMPORT).require()
    if not 0 < len(reports) <= MOST_REPORTS:
        raise Malformed("reports", f"{len(reports):,} reports; from 1 to {MOST_REPORTS:,} are taken.")
    holder = queries.own_body(actor)
    rows = queries.held(holder, (ref for ref, _ in reports))
    places = _Places(holder, rows, _identities(holder, (said for _, said in reports)))
    made: list[dict[str, Any]] = []
    remarks: list[str] = []
    for ref, said in reports:
        row = _reported(rows, ref, said, now)
        making = Making(holder.ref, label_of(row, said.tlp), now, new_id)
        place, more = places.place(said, making)
        remark = making.remark(ref, said, place)
        made += [*more, remark]
        remarks.append(remark["id"])
    file = BytesIO(canonical({"type": "bundle", "id": f"bundle--{new_id()}", "objects": made}))
    brought = import_bundle(actor=actor, file=file, source=Source(holder, NOTE), now=now)
    if brought.report["refused"]:
        raise Malformed(*brought.report["refused"][0])
    about = {remark: ref for remark, (ref, _) in zip(remarks, reports, strict=True)}
    told = tell_by_rule(holder, about, actor.answerable, now)
    return Recorded(brought, tuple(remarks), tuple(told))


def _reported(rows: Mapping[str, StixObject], ref: str, said: Report, now: datetime) -> StixObject:
    row = rows.get(ref)
    if row is None:
        raise NotFound(f"object {ref}")
    if said.what is What.SEEN and (is_observable(ref) or row.type in ("sighting", "relationship")):
        raise Malformed(
            "object", f"a sighting is of an indicator or its like, not of {row.type} (STIX 2.1, 5.2)."
        )
    said.not_after(now)
    return row


def label_of(row: StixObject, tlp: Tlp | None) -> Tlp:
    """That of the object, or a stricter one: whatever is said of it tells that we have it."""
    least = Tlp(row.tlp) if row.tlp else Tlp.AMBER
    if tlp is not None and tlp < least:
        raise Malformed("tlp", f"what it is about is {least.label}; what is said of it is that or stricter.")
    return tlp or least


def _identities(holder: Party, reports: Iterable[Report]) -> dict[str, str]:
    """The ids of the organisations that are named, as far as they are held."""
    names = {said.where.strip() for said in reports} - {""}
    rows = StixObject.objects.filter(holder=holder, type="identity", latest=True).order_by("-pk")
    pairs = (
        pair for chunk in queries.chunks(names)
        for pair in rows.filter(title__in=chunk).values_list("title", "ref")
    )  # fmt: skip  # one clause to a line
    return dict(pairs)


@dataclass(slots=True)
class _Places:
    """Where things were seen; an organisation that is new is made once."""

    holder: Party
    rows: Mapping[str, StixObject]
    known: dict[str, str]

    def place(self, said: Report, making: Making) -> tuple[str | None, list[dict[str, Any]]]:
        """The ref of the place, and what has to be made for it."""
        name = said.where.strip()
        if not name:
            return None, []
        if ID.fullmatch(name):
            return self._named(name), []
        if name in self.known:
            return self.known[name], []
        made = making.object("identity", name=name, identity_class="organization")
        self.known[name] = made["id"]
        return made["id"], [made]

    def _named(self, ref: str) -> str:
        if not ref.startswith(PLACES):
            raise Malformed("where", f"{ref} is neither an identity nor a location.")
        if ref not in queries.held(self.holder, [ref]):
            raise NotFound(f"object {ref}")
        return ref
