"""What an administrator may do to whom: each rule is one small function with its ground.

A body looks after its own people. A body that has no administrator yet is set up by those of another body.
Nobody gives a role to themselves. A body keeps its last administrator.
"""

from __future__ import annotations

from collections.abc import Collection

from comity.base.verdict import Ground, Verdict
from comity.node.parties.actors import Actor
from comity.node.parties.models import Person
from comity.node.parties.roles import Power, Role, powers_of

_SOURCE = "roles of this node"
_FOR_PEOPLE_ONLY = frozenset({Power.APPROVE, Power.MANAGE_PEOPLE, Power.MANAGE_PARTNERS})


def manages(body: int, name: str, managed: Collection[int]) -> Verdict:
    """Whether the body is among those the actor looks after."""
    if body in managed:
        return Verdict.yes(Ground("people.own-body", _SOURCE, f"You look after {name}."))
    text = f"{name} has administrators of its own; ask one of them."
    return Verdict.no(Ground("people.other-body", _SOURCE, text))


def not_oneself(actor: Actor, person: Person) -> Verdict:
    """Whether somebody else gives the role."""
    if actor.person != person.pk:
        return Verdict.yes(Ground("people.another", _SOURCE, "The role is given by somebody else."))
    text = "Nobody gives a role to themselves; ask another administrator."
    return Verdict.no(Ground("people.not-oneself", _SOURCE, text))


def keeps_administrator(body: str, others: int) -> Verdict:
    """Whether the body has an administrator left; `others` counts those who would stay."""
    if others:
        return Verdict.yes(Ground("people.administrator-left", _SOURCE, f"{body} keeps an administrator."))
    text = f"This is the last administrator of {body}; give the role to somebody else first."
    return Verdict.no(Ground("people.last-administrator", _SOURCE, text))


def fit_for_machine(roles: frozenset[Role]) -> Verdict:
    """Whether a program may hold these roles: approving and administering are for people."""
    if not roles:
        text = "A program needs at least one role; choose what it may do."
        return Verdict.unknown(Ground("machine.role-missing", _SOURCE, text))
    if powers_of(roles) & _FOR_PEOPLE_ONLY:
        text = "Approving and administering are for people; choose other roles for the program."
        return Verdict.no(Ground("machine.people-only", _SOURCE, text))
    return Verdict.yes(Ground("machine.fit", _SOURCE, "A program may hold these roles."))
