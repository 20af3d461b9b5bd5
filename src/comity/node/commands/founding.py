"""The second half of `init`, for which Django is set up: the tables, the own body, an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from comity.base.errors import Malformed
from comity.node.commands.homes import HomeTaken
from comity.node.commands.migrate import bring_up_to_date
from comity.node.commands.nodes import command_actor
from comity.node.commands.output import Output
from comity.node.federation.services.own import know_own_keys
from comity.node.parties.models import PartyKind
from comity.node.parties.queries import our_bodies
from comity.node.parties.roles import Role
from comity.node.parties.services.logins import make_login_link
from comity.node.parties.services.parties import add_party
from comity.node.parties.services.people import add_person

_A_DAY = 24 * 60  # minutes for which the first link is good: the node may be started tomorrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """Who the node is, and who looks after it first."""

    ref: str
    kind: str
    name: str
    state: str
    admin_email: str
    admin_name: str


def found(output: Output, founding: Founding) -> str:
    """Write the first rows; the path at which the first administrator logs in once."""
    kind = _kind(founding.kind)
    bring_up_to_date(output)
    if taken := our_bodies().first():
        raise HomeTaken(
            f"The database is that of {taken.name} already. Name an empty one with --database-url."
        )
    with output.step("Writing the first rows"), transaction.atomic():
        return _first_rows(founding, kind, datetime.now(UTC))


def _first_rows(founding: Founding, kind: PartyKind, now: datetime) -> str:
    body = add_party(
        actor=command_actor(body=0),
        ref=founding.ref,
        kind=kind,
        name=founding.name,
        state=founding.state,
        ours=True,
        now=now,
    )
    know_own_keys(now)
    actor = command_actor(body=body.pk)
    person, _ = add_person(
        actor=actor,
        email=founding.admin_email,
        name=founding.admin_name,
        body=body,
        role=Role.ADMINISTRATOR,
        now=now,
    )
    return make_login_link(actor=actor, person=person, now=now, minutes=_A_DAY)


def _kind(word: str) -> PartyKind:
    if word not in PartyKind.values or word == PartyKind.STATE:
        known = ", ".join(kind for kind in PartyKind.values if kind != PartyKind.STATE)
        raise Malformed("--kind", f"{word!r} is none of {known}")
    return PartyKind(word)
