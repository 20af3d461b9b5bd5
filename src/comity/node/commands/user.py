"""`comity-node user`: add and list people, give and end roles, make one-time log-in links."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from django.conf import settings

from comity.base.errors import Malformed, NotFound
from comity.node.commands.nodes import command_actor, own_body
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.parties.models import Membership, Party, Person
from comity.node.parties.queries import memberships_of, our_bodies, people_for
from comity.node.parties.roles import Role
from comity.node.parties.services import logins, people


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands, each with the e-mail address it is about."""
    plain = subcommands(parser)
    roles = [role.value for role in Role]

    def command(name: str, about: str, does: Callable[[Asked], None]) -> argparse.ArgumentParser:
        added = plain(name, about, does)
        added.add_argument("email", help="e-mail address of the person")
        return added

    plain("list", "list people with the roles they hold now", _list)
    add = command("add", "add a person with a first role, and print a one-time log-in link", _add)
    add.add_argument("name", help="name of the person")
    add.add_argument("role", choices=roles)
    role = command("role", "give a role, or end it with --end", _role)
    role.add_argument("role", choices=roles)
    role.add_argument("--end", action="store_true", help="end the role instead of giving it")
    for each in (add, role):
        each.add_argument("--body", metavar="NAME", help="the body of ours (default: the node's own)")
    link = command("link", "print a one-time log-in link", _link)
    for each in (add, link):
        each.add_argument(
            "--minutes",
            type=int,
            default=logins.MINUTES,
            help="how long it is good, at most 7 days (default: %(default)s)",
        )
    command("deactivate", "let the person log in no more", _deactivate)


def run(args: argparse.Namespace) -> int:
    """Act as the node itself: whoever runs this command can read its database anyway."""
    args.does(Asked(args, command_actor(own_body().pk), datetime.now(UTC)))
    return 0


def _list(asked: Asked) -> None:
    found = people_for(asked.actor, asked.now).order_by("name", "pk")
    asked.args.output.table("People", [_row(person, asked.now) for person in found])


def _row(person: Person, now: datetime) -> dict[str, object]:
    held = [f"{each.role} in {each.body.name}" for each in _held(person, now)]
    active = "active" if person.is_active else "deactivated"
    return {"email": person.email, "name": person.name, "state": active, "roles": held}


def _held(person: Person, now: datetime) -> Iterator[Membership]:
    return (each for each in memberships_of(person) if each.until is None or each.until > now)


def _add(asked: Asked) -> None:
    args = asked.args
    logins.require_minutes(args.minutes)  # before the person is here, and without a link
    person, _ = people.add_person(
        actor=asked.actor,
        email=args.email,
        name=args.name,
        body=_body(args.body),
        role=Role(args.role),
        now=asked.now,
    )
    _give_link(asked, person)


def _role(asked: Asked) -> None:
    args, person, body, role = asked.args, _person(asked), _body(asked.args.body), Role(asked.args.role)
    if args.end:
        held = [
            each for each in _held(person, asked.now) if (each.body_id, each.role) == (body.pk, role.value)
        ]
        if not held:
            raise NotFound(f"role {role.value} of {person.name} in {body.name}")
        people.end_role(actor=asked.actor, membership=held[0], now=asked.now)
    else:
        people.give_role(actor=asked.actor, person=person, body=body, role=role, now=asked.now)
    word = "is no longer" if args.end else "is now"
    args.output.give(
        {"event": "role-ended" if args.end else "role-given", "email": person.email, "role": role.value},
        f"{person.name} {word} {role.value} in {body.name}.",
    )


def _link(asked: Asked) -> None:
    _give_link(asked, _person(asked))


def _give_link(asked: Asked, person: Person) -> None:
    minutes = asked.args.minutes
    path = logins.make_login_link(actor=asked.actor, person=person, now=asked.now, minutes=minutes)
    address = settings.CONFIG.address.rstrip("/") + path
    asked.args.output.give(
        {"event": "link-made", "email": person.email, "login": address, "minutes": minutes},
        f"{person.name} logs in once, within {minutes} minutes, at\n  {address}",
    )


def _deactivate(asked: Asked) -> None:
    person = _person(asked)
    people.deactivate(actor=asked.actor, person=person, now=asked.now)
    asked.args.output.give(
        {"event": "deactivated", "email": person.email},
        f"{person.name} can no longer log in; open sessions end with their next request.",
    )


def _person(asked: Asked) -> Person:
    found = people_for(asked.actor, asked.now).filter(email__iexact=asked.args.email).first()
    if found is None:
        raise NotFound(f"person {asked.args.email}")
    return found


def _body(name: str | None) -> Party:
    if name is None:
        return own_body()
    found = our_bodies().filter(name__iexact=name).first()
    if found is None:
        known = ", ".join(body.name for body in our_bodies())
        raise Malformed("--body", f"{name!r} is none of our bodies: {known}")
    return found
