"""What every signed STIX object of ours has in common: acts and receipts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from re import Pattern
from typing import Any, TypedDict

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS, TLP_OF_ID
from comity.formats.stix import IDENTITY_ID, MARKING_ID

WIRE = 1
MAX_MARKINGS = 20


class UnknownWire(Malformed):
    """An object of ours in a version of the wire format that is not known here."""

    code = "wire.version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The members both have; `more` holds those that this version does not know, and passes on."""

    id: str
    created: datetime
    author: str
    recipients: tuple[str, ...]
    tlp: Tlp
    markings: tuple[str, ...] = ()  # those beside TLP
    more: Mapping[str, Any] = field(default_factory=dict)


def encode_common(value: Common, kind: str, extension: str) -> dict[str, Any]:
    """The common members, and those of a later version that came along."""
    return {
        **value.more,
        "type": kind,
        "spec_version": "2.1",
        "id": value.id,
        "created": encode_time(value.created),
        "modified": encode_time(value.created),
        "created_by_ref": value.author,
        "object_marking_refs": [TLP_IDS[value.tlp], *value.markings],
        "extensions": {**value.more.get("extensions", {}), extension: {"extension_type": "new-sdo"}},
        "wire": WIRE,
        "author": value.author,
        "recipients": list(value.recipients),
    }


class Members(TypedDict):
    """The common members as they were read, but for `more`, which is what stays when all has been read."""

    id: str
    created: datetime
    author: str
    recipients: tuple[str, ...]
    tlp: Tlp
    markings: tuple[str, ...]


def decode_common(fields: Fields, kind: str, form: Pattern[str], *, most_recipients: int) -> Members:
    """The common members; `form` is that of the id. What can have one form only has that."""
    _check_fixed(fields, kind)
    tlp, markings = _markings(fields)
    return {
        "id": fields.text("id", form=form),
        "created": fields.moment("created"),
        "author": fields.text("author", form=IDENTITY_ID),
        "recipients": fields.distinct_texts("recipients", least=1, most=most_recipients, form=IDENTITY_ID),
        "tlp": tlp,
        "markings": markings,
    }


def decode_more(fields: Fields, extension: str) -> dict[str, Any]:
    """The members that nobody asked for, with the extensions beside ours, which must be there."""
    extensions = fields.object("extensions")
    ours = extensions.object(extension)
    ours.exactly("extension_type", "new-sdo")
    ours.nothing_else()
    others = extensions.rest()
    return fields.rest() | ({"extensions": others} if others else {})


def _check_fixed(fields: Fields, kind: str) -> None:
    fields.exactly("type", kind)
    if fields.number("wire") != WIRE:
        raise UnknownWire(fields.at("wire"), f"is not {WIRE}, the only version of this format known here.")
    fields.exactly("spec_version", "2.1")
    fields.exactly("modified", fields.text("created"))
    fields.exactly("created_by_ref", fields.text("author"))
    fields.absent("revoked", "must be absent: what was done is answered by another act, not revoked.")
    fields.absent(
        "granular_markings", "must be absent: the marking of the whole is the marking of its parts."
    )


def _markings(fields: Fields) -> tuple[Tlp, tuple[str, ...]]:
    """The TLP 2.0 label, which stands first, and the markings beside it."""
    first, *others = fields.distinct_texts("object_marking_refs", least=1, most=MAX_MARKINGS, form=MARKING_ID)
    tlp = TLP_OF_ID.get(first)
    if tlp is None or TLP_IDS[tlp] != first:
        raise Malformed(f"{fields.at('object_marking_refs')}/0", "is not one of the five labels of TLP 2.0.")
    if any(ref in TLP_OF_ID for ref in others):
        raise Malformed(fields.at("object_marking_refs"), "has two TLP labels.")
    return tlp, tuple(others)
