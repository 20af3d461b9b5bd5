"""`comity-node partner`: introduce, accept, list, suspend, resume and end partners from the terminal."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime

from comity.base.errors import Conflict, NotFound
from comity.formats.exchange import fetch_descriptor
from comity.link.transport import drive
from comity.node.commands.nodes import command_actor, own_body
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.federation import queries
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import own, partners
from comity.node.federation.transport import Http
from comity.node.parties.actors import Actor
from comity.node.parties.queries import people_for


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands, each with the address of the partner it is about."""
    command = subcommands(parser)
    command("list", "list partners with their state and what is the matter", _list)
    command("words", "show the words of this node, for a partner to compare", _words)
    add = command("add", "ask the node at an address who it is, and keep what it says", _add)
    accept = command("accept", "trust a node whose words a person compared over another channel", _accept)
    accept.add_argument("--words", required=True, help="the twelve words as the partner read them out")
    ways = command("ways", "choose how acts come to a partner, and from it", _ways)
    ways.add_argument("--reach", choices=[way.value for way in Reach], required=True)
    ways.add_argument("--fetch", action="store_true", help="also look into its outbox")
    decisions = [
        command("suspend", "exchange nothing until it is resumed", _suspend),
        command("resume", "go on with a suspended partner", _resume),
        command("end", "trust the node no longer", _end),
    ]
    for each in (add, accept, ways, *decisions):
        each.add_argument("address", help="address of the partner's node")
    for each in decisions:
        each.add_argument("why", help="the reason, which stays on the partner's page")
    for each in (accept, *decisions):
        each.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")


def run(args: argparse.Namespace) -> int:
    """Look after partners; what needs a person is done in the name of the one given with --as."""
    actor = command_actor(own_body().pk)
    now = datetime.now(UTC)
    person = getattr(args, "person", None)
    args.does(Asked(args, _as_person(actor, person, now) if person else actor, now))
    return 0


def _list(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "partner": each.party.name,
            "state": each.state,
            "address": each.address,
            "heard": each.heard_at.isoformat() if each.heard_at else "never",
            "trouble": each.trouble,
        }
        for each in queries.partners_for(asked.actor)
    ]
    asked.args.output.table("Partners", rows)


def _words(asked: Asked) -> None:
    words = own.descriptor(asked.now).words or ()
    asked.args.output.give({"words": list(words)}, " ".join(words))


def _add(asked: Asked) -> None:
    address = partners.check_address(asked.args.address)
    with Http() as transport:
        signed = drive(fetch_descriptor(address), transport)
    found = partners.introduce(actor=asked.actor, address=address, signed=signed, now=asked.now)
    asked.args.output.give(
        {"event": "introduced", "partner": found.party.name, "words": found.fingerprint.split()},
        f"{found.party.name} is introduced. Let its people read the words of their node to you:\n"
        f"  {found.fingerprint}\nThen `comity-node partner accept`.",
    )


def _accept(asked: Asked) -> None:
    found = _partner(asked)
    if asked.args.words.split() != found.fingerprint.split():
        raise Conflict("The words differ: this is not the partner's node, or its key has changed. Ask again.")
    partners.accept(actor=asked.actor, partner=found.pk, fingerprint=found.fingerprint, now=asked.now)
    _give(asked, found, "accepted")


def _ways(asked: Asked) -> None:
    found = _partner(asked)
    reach = Reach(asked.args.reach)
    partners.set_ways(
        actor=asked.actor, partner=found.pk, reach=reach, fetches=asked.args.fetch, now=asked.now
    )
    _give(asked, found, "changed")


def _suspend(asked: Asked) -> None:
    _decide(asked, partners.suspend, "suspended")


def _resume(asked: Asked) -> None:
    _decide(asked, partners.resume, "resumed")


def _end(asked: Asked) -> None:
    _decide(asked, partners.end, "ended")


def _decide(asked: Asked, decision: partners.Decide, event: str) -> None:
    found = _partner(asked)
    decision(actor=asked.actor, partner=found.pk, why=asked.args.why, now=asked.now)
    _give(asked, found, event)


def _give(asked: Asked, partner: Partner, event: str) -> None:
    told = {"event": event, "partner": partner.party.name}
    asked.args.output.give(told, f"{partner.party.name} is {event}.")


def _partner(asked: Asked) -> Partner:
    address = partners.check_address(asked.args.address)
    found = queries.partners_for(asked.actor).filter(address=address).first()
    if found is None:
        raise NotFound(f"partner at {address}")
    return found


def _as_person(actor: Actor, email: str, now: datetime) -> Actor:
    found = people_for(actor, now).filter(email__iexact=email).first()
    if found is None:
        raise NotFound(f"person {email}")
    return replace(actor, name=found.name, person=found.pk)
