"""Who acts: a person in a body with roles, or the node itself under a name. There is no anonymous actor."""

from __future__ import annotations

from dataclasses import dataclass

from comity.base.verdict import Ground, Verdict
from comity.node.parties.roles import Power, Role, powers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who does something: `person` and `body` are database keys; a system actor has no person."""

    name: str
    body: int
    person: int | None = None
    made_by: int | None = None  # of a program: the person who made it, and was shown its token
    roles: frozenset[Role] = frozenset()
    extra: frozenset[Power] = frozenset()  # powers of a system actor, which has no roles

    @property
    def answerable(self) -> int | None:
        """The person who answers for what is done: whoever acts, or made the program that does."""
        return self.made_by if self.person is None else self.person

    @property
    def powers(self) -> frozenset[Power]:
        """Everything this actor may do."""
        return powers_of(self.roles) | self.extra

    def may(self, power: Power) -> Verdict:
        """Whether this actor has the power, and by which role."""
        if power in self.powers:
            return Verdict.yes(Ground("role.has", "roles of this node", f"{self.name} may {_words(power)}."))
        text = f"{self.name} has no role here that may {_words(power)}; an administrator can give one."
        return Verdict.no(Ground("role.lacks", "roles of this node", text))


def system_actor(name: str, body: int, *powers: Power) -> Actor:
    """The node acting by itself, for example a worker or a command, with just these powers."""
    return Actor(name=name, body=body, extra=frozenset(powers))


def _words(power: Power) -> str:
    return power.value.replace("-", " ")
