"""One case before the rules: a handling class, a recipient, the terms between, a purpose and a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum

from comity.base.tlp import Tlp
from comity.base.verdict import Verdict
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.terms import Purpose, Terms


class Relation(Enum):
    """How near a recipient stands to the node that would give, nearest first."""

    ORGANISATION = "organisation"  # the same body
    CONSTITUENT = "constituent"  # whom the body protects: TLP's "clients"
    PARTNER = "partner"  # accepted by a person on this node: TLP's "community"
    PUBLIC = "public"  # anyone else

    def within(self, reach: Relation | None) -> bool:
        """Whether something that may go as far as `reach` gets here; None reaches nobody."""
        return reach is not None and _DISTANCE[self] <= _DISTANCE[reach]


_DISTANCE = {relation: distance for distance, relation in enumerate(Relation)}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who would receive."""

    party: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a rule may look at."""

    handling: Handling
    recipient: Recipient
    terms: Terms | None
    purpose: Purpose
    now: datetime
    held: bool  # the recipient already holds an earlier version

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("a judgement needs a time with its zone")

    @property
    def day(self) -> date:
        """The day in UTC, by which agreements and validity are counted."""
        return self.now.astimezone(UTC).date()

    @property
    def open_to_all(self) -> bool:
        """TLP:CLEAR, which needs no agreement."""
        return self.handling.label is Tlp.CLEAR

    @property
    def at_home(self) -> bool:
        """Whether it stays within the body that holds it, for its own devices and people."""
        return self.recipient.relation is Relation.ORGANISATION

    @property
    def received(self) -> bool:
        """Whether another party gave it to us, so that its conditions bind us."""
        return self.handling.ownership is Ownership.RECEIVED

    @property
    def permitted_by_source(self) -> bool:
        """Whether the source itself named this recipient or gave explicit permission."""
        return self.recipient.party in self.handling.named


Rule = Callable[[Case], Verdict | None]  # None: the rule has nothing to say about this case
