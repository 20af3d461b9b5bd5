"""Write a note or an opinion about an object, and take it back: our own work, kept like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.times import encode_time
from comity.formats.canonical import canonical
from comity.formats.stix import in_time
from comity.node.exchange import queries
from comity.node.exchange.comments import Said, may_be_taken_back
from comity.node.exchange.models import StixObject
from comity.node.exchange.reports import Making
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.reporting import NOTE, label_of
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


@transaction.atomic
def comment(
    *, actor: Actor, ref: str, said: Said, now: datetime, new_id: Callable[[], UUID] = uuid4
) -> StixObject:
    """Keep what somebody writes about an object that the body holds, marked as that is or more strictly."""
    actor.may(Power.IMPORT).require()
    row = queries.object_for(actor, ref)
    making = Making(row.holder.ref, label_of(row, said.tlp), now, new_id)
    return _kept(actor, said.object(ref, making), now, new_id)


@transaction.atomic
def take_back(*, actor: Actor, ref: str, now: datetime, new_id: Callable[[], UUID] = uuid4) -> StixObject:
    """Revoke a note or an opinion of our own by a newer version; whoever has it can be sent that."""
    actor.may(Power.IMPORT).require()
    row = queries.object_for(actor, ref)
    if not may_be_taken_back(row):
        raise NotFound("note or opinion of ours that still stands")
    value = queries.decoded(row).value
    modified = encode_time(now)
    if in_time(modified) <= in_time(row.modified):
        raise Conflict("It was written this very moment; take it back in a second.")
    return _kept(actor, value | {"modified": modified, "revoked": True}, now, new_id)


def _kept(actor: Actor, value: dict[str, Any], now: datetime, new_id: Callable[[], UUID]) -> StixObject:
    file = BytesIO(canonical({"type": "bundle", "id": f"bundle--{new_id()}", "objects": [value]}))
    source = Source(queries.own_body(actor), NOTE, strict=True)
    report = import_bundle(actor=actor, file=file, source=source, now=now).report
    if report["refused"]:
        raise Malformed(*report["refused"][0])
    return queries.object_for(actor, value["id"])
