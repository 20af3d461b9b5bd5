"""The handling class: everything that a release judgement looks at, and nothing else.

Objects of one class get one judgement: a node keeps a row per class, found by its `key`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Self

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.tlp import Tlp
from comity.engines.release.iep import Iep
from comity.engines.release.terms import Category, Terms


class Ownership(Enum):
    """Whose thing it is to give."""

    OWN = "own"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Handling:
    """What the markings, the origin and the state of a thing say about passing it on."""

    category: Category
    ownership: Ownership
    origin: str  # the party it comes from; for our own, the body that made it
    tlp: Tlp | None  # None: no TLP marking
    policies: frozenset[Iep] = frozenset()
    unknown_markings: frozenset[str] = frozenset()  # ids of markings that nobody here can read
    origin_terms: Terms | None = None  # under which it came to us
    keep_until: date | None = None  # last day on which the origin lets us keep it
    named: frozenset[str] = frozenset()  # parties that the source named, or allowed by explicit permission
    names_victims: bool = False
    expires: date | None = None  # last day (UTC) on which its maker calls it valid
    revoked: bool = False
    recalled: bool = False  # whoever gave it has asked for it back
    conditions_read: frozenset[str] = frozenset()  # outside conditions that a person read and found met

    def __post_init__(self) -> None:
        if self.ownership is Ownership.OWN and (self.origin_terms or self.keep_until):
            raise ValueError("what is ours did not come under another's terms")

    @property
    def label(self) -> Tlp | None:
        """The strictest TLP that any marking gives; None where no marking gives one."""
        if not self.policies:
            return self.tlp
        labels = [policy.tlp for policy in self.policies]
        return max([*labels, self.tlp] if self.tlp else labels, default=None)

    def key(self) -> str:
        """A digest that is the same for equal classes on every machine and in every year."""
        return hashlib.sha256(_canonical(self.as_json()).encode()).hexdigest()

    @classmethod
    def from_json(cls, raw: object, where: str = "handling") -> Self:
        """Decode what `as_json` writes; anything else is `Malformed`."""
        fields = Fields(raw, where)
        handling: dict[str, Any] = {
            "category": fields.choice("category", Category),
            "ownership": fields.choice("ownership", Ownership),
            "origin": fields.prose("origin"),
            "tlp": fields.nullable(lambda name: fields.choice(name, Tlp), "tlp"),
            "policies": fields.each("policies", Iep.from_json),
            "unknown_markings": fields.all_prose("unknown_markings"),
            "origin_terms": fields.nullable(
                lambda name: Terms.from_json(fields.value(name), fields.at(name)), "origin_terms"
            ),
            "keep_until": fields.nullable(fields.day, "keep_until"),
            "named": fields.all_prose("named"),
            "names_victims": fields.truth("names_victims"),
            "expires": fields.nullable(fields.day, "expires"),
            "revoked": fields.truth("revoked"),
            "recalled": fields.has("recalled") and fields.truth("recalled"),
            "conditions_read": fields.all_prose("conditions_read"),
        }
        fields.nothing_else()
        try:
            return cls(**handling)
        except ValueError as problem:
            raise Malformed(where, f"{problem}.") from problem

    def as_json(self) -> dict[str, Any]:
        """The class as a node keeps it."""
        return {
            "category": self.category.value,
            "ownership": self.ownership.value,
            "origin": self.origin,
            "tlp": self.tlp and self.tlp.value,
            "policies": sorted((policy.as_json() for policy in self.policies), key=_canonical),
            "unknown_markings": sorted(self.unknown_markings),
            "origin_terms": self.origin_terms and self.origin_terms.as_json(),
            "keep_until": self.keep_until and self.keep_until.isoformat(),
            "named": sorted(self.named),
            "names_victims": self.names_victims,
            "expires": self.expires and self.expires.isoformat(),
            "revoked": self.revoked,
            "conditions_read": sorted(self.conditions_read),
            **({"recalled": True} if self.recalled else {}),  # absent: the keys of all others stay
        }


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
