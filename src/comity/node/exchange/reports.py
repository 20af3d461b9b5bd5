"""What an analyst or a sensor reports of an object: seen, wrong, or over; and as which STIX object.

A sighting is a `sighting`. What is wrong or over is an `opinion`: `strongly-disagree` with the label
`false-positive`, which MISP's converters read as a sighting of type 1; `disagree` with the label `expired`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.node.exchange.remarks import EXPIRED, FALSE_POSITIVE

MOST_COUNT = 999_999_999  # STIX 2.1, section 5.2
LONGEST_WHY = 4_000
LONGEST_WHERE = 300
LONGEST_OBJECT = 2_000


class What(Enum):
    """What is reported; MISP's sightings of type 0, 1 and 2."""

    SEEN = "seen"
    FALSE_POSITIVE = FALSE_POSITIVE
    EXPIRED = EXPIRED

    @property
    def words(self) -> str:
        """As people read it."""
        return {What.SEEN: "seen", What.FALSE_POSITIVE: "a false positive"}.get(self, "over")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report; `where` is the id of an identity or a location, or the name of an organisation."""

    what: What = What.SEEN
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None
    where: str = ""
    why: str = ""
    tlp: Tlp | None = None  # None: as what it is about

    def __post_init__(self) -> None:
        if not 0 <= self.count <= MOST_COUNT:
            raise Malformed("count", f"must be a number from 0 to {MOST_COUNT}.")
        if self.first and self.last and self.first > self.last:
            raise Malformed("last", "is before it was first seen.")
        if self.what is not What.SEEN and not self.why.strip():
            raise Malformed("why", "say why: whoever gave it has to find the mistake.")
        if self.what is not What.SEEN and (self.where or self.first or self.last or self.count != 1):
            raise Malformed("what", "count, times and place belong to a sighting alone.")

    @classmethod
    def decode(cls, fields: Fields) -> Report:
        """The report in the members of a JSON object; `object` and `value` are its caller's."""
        return cls(
            what=fields.choice("what", What) if fields.has("what") else What.SEEN,
            count=fields.number("count", most=MOST_COUNT) if fields.has("count") else 1,
            first=fields.optional_time("first_seen"),
            last=fields.optional_time("last_seen"),
            where=fields.optional_text("where", limit=LONGEST_WHERE) or "",
            why=fields.optional_text("why", limit=LONGEST_WHY) or "",
            tlp=fields.choice("tlp", Tlp) if fields.has("tlp") else None,
        )

    def not_after(self, now: datetime) -> None:
        """Raise `Malformed` for a sighting in the future."""
        for name, at in (("first_seen", self.first), ("last_seen", self.last)):
            if at is not None and at > now:
                raise Malformed(name, "is still to come.")


@dataclass(frozen=True, slots=True)
class Making:
    """What all objects of one report have in common."""

    author: str
    label: Tlp
    now: datetime
    new_id: Callable[[], UUID]

    def object(self, kind: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  members of a STIX object
        """A new object of our own; members that are None are left out."""
        at = encode_time(self.now)
        head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{self.new_id()}"}
        made = {"created_by_ref": self.author, "created": at, "modified": at}
        marked = {"object_marking_refs": [TLP_IDS[self.label]]}
        return {
            **head,
            **made,
            **marked,
            **{name: value for name, value in more.items() if value is not None},
        }

    def remark(self, of: str, said: Report, where: str | None) -> dict[str, Any]:
        """The sighting or the opinion."""
        if said.what is What.SEEN:
            return self.object(
                "sighting",
                sighting_of_ref=of,
                count=said.count,
                first_seen=encode_time(said.first) if said.first else None,
                last_seen=encode_time(said.last or self.now),
                where_sighted_refs=[where] if where else None,
                description=said.why.strip() or None,
            )
        false = said.what is What.FALSE_POSITIVE
        return self.object(
            "opinion",
            object_refs=[of],
            opinion="strongly-disagree" if false else "disagree",
            labels=[said.what.value],
            explanation=said.why.strip(),
        )
