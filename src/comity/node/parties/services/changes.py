"""The list of changes: a row for each, in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from comity.node.parties.actors import Actor
from comity.node.parties.models import ChangeKind, MachineUser, Party, PeopleChange, Person

Listener = Callable[[PeopleChange], None]
_listeners: list[Listener] = []


def on_change(listener: Listener) -> None:
    """Hear of every change, in its transaction; said once, when a system above is ready."""
    if listener not in _listeners:
        _listeners.append(listener)


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
    change = PeopleChange.objects.create(
        at=now,
        by=actor.name,
        by_person_id=actor.person,
        what=what,
        person=person,
        party=party,
        machine=machine,
        detail=detail,
    )
    for listener in _listeners:
        listener(change)
