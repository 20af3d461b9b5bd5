"""FIRST Information Exchange Policy 2.0: what a source asks of whoever receives a thing.

Read from FIRST's own JSON (https://www.first.org/iep/iep_framework_2_0) and from the STIX 2.1 marking that
OASIS publishes for it. OBFUSCATE AFFECTED PARTIES was a statement of version 1 that version 2 dropped; a
policy that still carries it is honoured.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Self

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.tlp import Tlp

STIX_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"


class Demand(Enum):
    """How strongly a statement binds the receiver."""

    MAY = "may"
    MUST = "must"
    MUST_NOT = "must-not"


class Actions(Enum):
    """What a receiver may do with the information."""

    NONE = "none"
    CONTACT_FOR_INSTRUCTION = "contact-for-instruction"
    INTERNALLY_VISIBLE = "internally-visible-actions"
    EXTERNALLY_VISIBLE_INDIRECT = "externally-visible-indirect-actions"
    EXTERNALLY_VISIBLE_DIRECT = "externally-visible-direct-actions"


# IEP 2.0 is older than TLP 2.0 and says "white"; policies written since then use the new labels.
_TLP = MappingProxyType({"white": Tlp.CLEAR} | {label.value: label for label in Tlp})
_MAY_OR_MUST = MappingProxyType({"may": Demand.MAY, "must": Demand.MUST})
_MAY_OR_MUST_NOT = MappingProxyType({"may": Demand.MAY, "must-not": Demand.MUST_NOT})
_UUID_4_OR_5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Iep:
    """One policy, with every statement that IEP 2.0 knows."""

    id: str
    name: str
    start: datetime
    encrypt_in_transit: Demand
    permitted_actions: Actions
    affected_party_notifications: Demand
    tlp: Tlp
    attribution: Demand
    unmodified_resale: Demand
    end: datetime | None = None
    description: str | None = None
    external_references: frozenset[str] = frozenset()
    obfuscate_affected_parties: Demand = Demand.MAY

    def in_effect(self, now: datetime) -> bool:
        """Whether the policy speaks at this time."""
        return self.start <= now and (self.end is None or now < self.end)

    @classmethod
    def from_json(cls, raw: object, where: str = "iep") -> Self:
        """Decode a policy object in FIRST's JSON; a policy reference has to be resolved first."""
        fields = Fields(raw, where)
        policy = cls(
            id=_policy_id(fields, "id"),
            name=fields.prose("name"),
            external_references=fields.nullable(fields.all_prose, "external_references") or frozenset(),
            **_statements(fields, attribution="attribution"),
        )
        fields.nothing_else()
        return policy

    @classmethod
    def from_marking(cls, raw: object, where: str = "marking-definition") -> Self:
        """Decode a STIX 2.1 marking-definition that carries the IEP 2.0 extension."""
        marking = Fields(raw, where)  # its common properties are the STIX decoder's to check
        extensions = marking.object("extensions")
        fields = extensions.object(STIX_EXTENSION)
        extensions.nothing_else()
        fields.word("extension_type", {"property-extension": None})
        policy = cls(
            id=_policy_id(fields, "iep_id"),
            name=marking.prose("name"),
            external_references=marking.nullable(_urls(marking), "external_references") or frozenset(),
            **_statements(fields, attribution="provider_attribution"),
        )
        fields.nothing_else()
        return policy

    def as_json(self) -> dict[str, Any]:
        """The policy in FIRST's JSON, with the labels of TLP 2.0."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "iep_version": 2.0,
            "start_date": _written(self.start),
            "end_date": self.end and _written(self.end),
            "encrypt_in_transit": self.encrypt_in_transit.value,
            "permitted_actions": self.permitted_actions.value,
            "affected_party_notifications": self.affected_party_notifications.value,
            "tlp": self.tlp.value,
            "attribution": self.attribution.value,
            "unmodified_resale": self.unmodified_resale.value,
            "obfuscate_affected_parties": self.obfuscate_affected_parties.value,
            "external_references": sorted(self.external_references),
        }


def _statements(fields: Fields, *, attribution: str) -> dict[str, Any]:
    """The statements that both forms spell alike; only attribution has two names."""
    if fields.value("iep_version") not in (2.0, "2.0"):
        raise Malformed(fields.at("iep_version"), "must be 2.0.")
    obfuscate = fields.nullable(lambda name: fields.choice(name, Demand), "obfuscate_affected_parties")
    return {
        "description": fields.nullable(fields.prose, "description"),
        "start": fields.time("start_date"),
        "end": fields.nullable(fields.time, "end_date"),
        "encrypt_in_transit": fields.word("encrypt_in_transit", _MAY_OR_MUST),
        "permitted_actions": fields.choice("permitted_actions", Actions),
        "affected_party_notifications": fields.word("affected_party_notifications", _MAY_OR_MUST_NOT),
        "tlp": fields.word("tlp", _TLP),
        "attribution": fields.choice(attribution, Demand),
        "unmodified_resale": fields.word("unmodified_resale", _MAY_OR_MUST_NOT),
        "obfuscate_affected_parties": obfuscate or Demand.MAY,
    }


def _policy_id(fields: Fields, name: str) -> str:
    value = fields.prose(name)
    if not _UUID_4_OR_5.fullmatch(value):
        raise Malformed(fields.at(name), "must be a UUID of version 4 or 5, in small letters.")
    return value


def _urls(marking: Fields) -> Callable[[str], frozenset[str]]:
    """A reader for STIX external references, of which only the address is a condition of the policy."""

    def url(item: object, where: str) -> str:
        return Fields(item, where).prose("url")

    return lambda name: marking.each(name, url)


def _written(moment: datetime) -> str:
    """With every digit it has: a policy that is kept is read again as the same policy."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
