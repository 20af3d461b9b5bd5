"""What people may do: roles are given to a person in a body, and each role carries powers.

The table is the whole of it: what is not listed is refused.
"""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a person is in a body."""

    ANALYST = "analyst"
    DUTY_OFFICER = "duty-officer"
    APPROVER = "approver"
    DIPLOMAT = "diplomat"
    INVESTIGATOR = "investigator"
    COUNSEL = "counsel"
    ADMINISTRATOR = "administrator"
    OBSERVER = "observer"

    @property
    def words(self) -> str:
        """As people write it, for example `duty officer`."""
        return self.value.replace("-", " ")


class Power(Enum):
    """What a page or a service asks for."""

    READ_PARTIES = "read-parties"  # states, bodies, partners: who is who
    READ_ACTS = "read-acts"
    READ_CONTENT = "read-content"  # the objects themselves
    COMPOSE = "compose"  # which kinds, the kind says by role
    APPROVE = "approve"
    IMPORT = "import"
    READ_LOG = "read-log"
    READ_PEOPLE = "read-people"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_PARTNERS = "manage-partners"


_READ = {Power.READ_PARTIES, Power.READ_ACTS, Power.READ_CONTENT, Power.READ_LOG, Power.READ_PEOPLE}
_POWERS: dict[Role, set[Power]] = {
    Role.ANALYST: _READ | {Power.COMPOSE, Power.IMPORT},
    Role.DUTY_OFFICER: _READ | {Power.COMPOSE, Power.IMPORT},
    Role.APPROVER: _READ | {Power.APPROVE},
    Role.DIPLOMAT: _READ | {Power.COMPOSE},
    Role.INVESTIGATOR: _READ | {Power.COMPOSE},
    Role.COUNSEL: _READ | {Power.APPROVE},
    Role.ADMINISTRATOR: {
        Power.READ_PARTIES,
        Power.READ_LOG,
        Power.READ_PEOPLE,
        Power.MANAGE_PEOPLE,
        Power.MANAGE_PARTNERS,
    },
    Role.OBSERVER: {Power.READ_PARTIES, Power.READ_LOG},
}


def powers_of(roles: frozenset[Role]) -> frozenset[Power]:
    """Every power that one of the roles carries."""
    return frozenset(power for role in roles for power in _POWERS[role])
