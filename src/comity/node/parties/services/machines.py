"""Programs: given a token that is shown once, and ended."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.node.parties.actors import Actor
from comity.node.parties.models import ChangeKind, MachineUser, Party
from comity.node.parties.queries import managed_bodies, our_bodies
from comity.node.parties.roles import Power, Role
from comity.node.parties.rules import fit_for_machine, manages
from comity.node.parties.services.changes import note
from comity.node.parties.tokens import digest, new_token

MAX_NAME = 120


@transaction.atomic
def create_machine(
    *,
    actor: Actor,
    name: str,
    body: Party,
    roles: frozenset[Role],
    now: datetime,
    until: datetime | None = None,
    token: str | None = None,
) -> tuple[MachineUser, str]:
    """A program of a body of ours and its token, which is not kept and cannot be shown again."""
    actor.may(Power.MANAGE_PEOPLE).require()
    _require_managed(actor, body, now)
    fit_for_machine(roles).require()
    plain = read_line(name, "name", most=MAX_NAME)
    if until is not None and until <= now:
        raise Malformed("until", "expected a time that is still to come")
    locked = our_bodies().select_for_update(no_key=True).get(pk=body.pk)
    if MachineUser.objects.filter(body=locked, name=plain, until=None).exists():
        raise Conflict(f"{body.name} has a program {plain!r} already; end it, or choose another name.")
    token = token or new_token()
    values = sorted(role.value for role in roles)
    machine = MachineUser.objects.create(
        name=plain,
        body=body,
        roles=values,
        token_hash=digest(token),
        made_by_id=actor.person,
        since=now,
        until=until,
    )
    note(ChangeKind.MACHINE_ADDED, actor=actor, now=now, machine=machine, party=body, roles=values)
    return machine, token


@transaction.atomic
def revoke_machine(*, actor: Actor, machine: MachineUser, now: datetime) -> None:
    """The token is worth nothing from now on."""
    actor.may(Power.MANAGE_PEOPLE).require()
    locked = MachineUser.objects.select_for_update().filter(pk=machine.pk).first()
    if locked is None:
        raise NotFound("program")
    _require_managed(actor, locked.body, now)
    if locked.until is not None and locked.until <= now:
        raise Conflict(f"The token of {locked.name} was ended before.")
    locked.until = max(now, locked.since)
    locked.save(update_fields=("until",))
    note(ChangeKind.MACHINE_ENDED, actor=actor, now=now, machine=locked, party=locked.body)


def _require_managed(actor: Actor, body: Party, now: datetime) -> None:
    managed = set(managed_bodies(actor, now).values_list("pk", flat=True))
    manages(body.pk, body.name, managed).require()
