"""Say something else of our own work, another confidence or validity, and bring it to whoever has it.

A stricter version reaches those who have an older one by itself (`tightening`); any other is brought here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Conflict, Malformed
from comity.base.times import decode_time, encode_time
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.handling import Ownership
from comity.engines.release.tightening import tightened
from comity.formats.canonical import canonical
from comity.formats.stix import is_observable
from comity.node.exchange import queries, reaching
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import StixObject
from comity.node.exchange.reaching import Offered, Words
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

NOTE = "Changed here"
MOST_CONFIDENCE = 100
_TITLE = "A newer version of what we gave you"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is said anew; what is None stays as it is."""

    confidence: int | None = None
    valid_until: datetime | None = None
    revoked: bool = False

    def __post_init__(self) -> None:
        if self.confidence is None and self.valid_until is None and not self.revoked:
            raise Malformed("change", "name a confidence or a validity, or revoke it.")
        if self.confidence is not None and not 0 <= self.confidence <= MOST_CONFIDENCE:
            raise Malformed("confidence", f"must be a number from 0 to {MOST_CONFIDENCE}.")

    def applied(self, value: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The next version of an object."""
        said = {
            "confidence": self.confidence,
            "valid_until": encode_time(self.valid_until) if self.valid_until else None,
            "revoked": True if self.revoked else None,
        }
        new = {name: member for name, member in said.items() if member is not None}
        return {**value, **new, "modified": encode_time(now)}


@dataclass(frozen=True, slots=True)
class Renewed:
    """The new version, and what became of bringing it to whoever has an older one.

    Of a stricter version `offered` is empty: the worker brings it, and asks back where it may not go.
    """

    row: StixObject
    stricter: bool
    offered: tuple[Offered, ...] = ()


@transaction.atomic
def renew(
    *, actor: Actor, ref: str, change: Change, now: datetime, new_id: Callable[[], UUID] = uuid4
) -> Renewed:
    """Keep a new version of our own work, and bring it to every party that was given an older one."""
    actor.may(Power.IMPORT).require()
    holder = queries.own_body(actor)
    before = queries.object_for(actor, ref)
    _ours(before, holder).require()
    value = change.applied(queries.decoded(before).value, now)
    _in_order(value, before)
    bundle = canonical({"type": "bundle", "id": f"bundle--{new_id()}", "objects": [value]})
    brought = import_bundle(actor=actor, file=BytesIO(bundle), source=Source(holder, NOTE), now=now)
    if brought.report["refused"]:
        raise Malformed(*brought.report["refused"][0])
    row = queries.object_for(actor, ref)
    stricter = bool(tightened(of_class(before.handling), of_class(row.handling)))
    offered = [] if stricter else _brought(holder, ref, actor, now)
    return Renewed(row, stricter, tuple(offered))


@transaction.atomic
def bring_newest(*, actor: Actor, ref: str, now: datetime) -> list[Offered]:
    """Share the newest version with every party that was given an older one, as far as release lets it go."""
    actor.may(Power.COMPOSE).require()
    row = queries.object_for(actor, ref)
    offered = _brought(row.holder, ref, actor, now)
    if not offered:
        raise Conflict("Whoever was given it has the newest version, or it is on its way there.")
    return offered


def _brought(holder: Party, ref: str, actor: Actor, now: datetime) -> list[Offered]:
    behind = reaching.behind(holder, [ref])
    return reaching.offer_newest(holder, behind, Words(_TITLE, answerable=actor.answerable), now)


def _ours(row: StixObject, holder: Party) -> Verdict:
    """STIX 2.1, section 3.6: only its creator makes a new version of an object."""
    if of_class(row.handling).ownership is Ownership.OWN and row.source_id == holder.pk:
        return Verdict.yes(Ground("renew.own", "STIX 2.1, section 3.6", "It is our own work."))
    text = "Only its creator makes a new version of it; report what is wrong, and tell whoever gave it."
    return Verdict.no(Ground("renew.own", "STIX 2.1, section 3.6", text))


def _in_order(value: Mapping[str, Any], before: StixObject) -> None:
    if is_observable(before.ref) or not before.modified:
        raise Malformed("object", f"a {before.type} has one version only (STIX 2.1, section 3.6).")
    if queries.decoded(before).value.get("revoked") is True:
        raise Refused(Verdict.no(Ground("renew.revoked", "STIX 2.1, section 3.6", "It is revoked for good.")))
    if decode_time(value["modified"], "modified") <= decode_time(before.modified, "modified"):
        raise Conflict("The version that is held is newer than now; compare clocks.")
    if "valid_until" in value and before.type != "indicator":
        raise Malformed("valid_until", "belongs to indicators alone.")
    ends, begins = value.get("valid_until"), value.get("valid_from")
    if ends and begins and decode_time(ends, "valid_until") <= decode_time(begins, "valid_from"):
        raise Malformed("valid_until", "must be after valid_from (STIX 2.1, section 4.7).")
