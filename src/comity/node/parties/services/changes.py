"""The list of changes: a row for each, in the transaction of what it tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from comity.node.parties.actors import Actor
from comity.node.parties.models import ChangeKind, MachineUser, Party, PeopleChange, Person


def note(
    what: ChangeKind,
    *,
    actor: Actor,
    now: datetime,
    person: Person | None = None,
    party: Party | None = None,
    machine: MachineUser | None = None,
    **detail: Any,  # noqa: ANN401  what JSON can hold
) -> None:
    """Keeps who changed what, and when."""
    PeopleChange.objects.create(
        at=now,
        by=actor.name,
        by_person_id=actor.person,
        what=what,
        person=person,
        party=party,
        machine=machine,
        detail=detail,
    )
