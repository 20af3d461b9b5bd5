"""What several operations take and tell: an object in a list, and for what it would be shared."""

from __future__ import annotations

from typing import Any

from ninja import Field

from comity.engines.release.terms import Purpose
from comity.node.exchange import models
from comity.node.parties.api.words import (
    Given,
    Named,
    Time,
    Told,
    named,
)

MAX_REF = 300


class ObjectRow(Told):
    """An object in a list; `tlp` is empty for one that carries no label."""

    ref: str
    type: str
    modified: str
    title: str
    tlp: str
    confidence: int | None = Field(description="0 to 100, as its maker says")
    source: Named | None
    added: Time


class Look(Given):
    """What it would be shared for."""

    purpose: Purpose = Purpose.NETWORK_DEFENCE


def row_of(row: models.StixObject) -> dict[str, Any]:
    """The fields of an `ObjectRow`."""
    return {
        "ref": row.ref,
        "type": row.type,
        "modified": row.modified,
        "title": row.title,
        "tlp": row.tlp,
        "confidence": row.confidence,
        "source": named(row.source) if row.source else None,
        "added": row.added,
    }
