"""`comity-node collection`: what parties read of us by TAXII 2.1, and the tokens with which they do."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from uuid import UUID, uuid4

from comity.base.errors import Malformed, NotFound
from comity.engines.release.terms import Purpose
from comity.node.commands.nodes import as_person, command_actor, own_body
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.exchange import queries
from comity.node.exchange.models import Collection
from comity.node.exchange.services import accounts, collections
from comity.node.exchange.services.collections import Wish
from comity.node.exchange.taxii.callers import root_of
from comity.node.exchange.taxii.chosen import read_query
from comity.node.parties.models import Party


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; what lets content go is done in the name of the person given with --as."""
    command = subcommands(parser)
    command("list", "list collections with their addresses, and accounts", _list)
    opened = command("open", "let parties read a part of what we hold, as far as release lets it go", _open)
    changed = command(
        "change", "make a collection another; with another query all of it is given anew", _change
    )
    closed = command("close", "let nobody read a collection any more", _close)
    account = command("account", "give a party's program a token, which is shown once", _account)
    end = command("end-account", "the token of an account is worth nothing from now on", _end)
    for each in (changed, closed):
        each.add_argument("id", help="id of the collection")
    for each in (opened, changed):
        _wish(each)
    for each in (opened, changed, closed):
        each.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")
    account.add_argument("party", help="ref of the party")
    for each in (account, end):
        each.add_argument("name", help="name of the account, as HTTP Basic carries it")


def run(args: argparse.Namespace) -> int:
    """Look after collections and accounts."""
    now = datetime.now(UTC)
    person = getattr(args, "person", None)
    actor = as_person(person, now) if person else command_actor(own_body().pk)
    args.does(Asked(args, actor, now))
    return 0


def _wish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", required=True, help="what callers read as its name")
    parser.add_argument("--description", default="", help="what callers read beside it")
    parser.add_argument("--alias", default="", help="a name that stands in place of the id in addresses")
    purposes = [purpose.value for purpose in Purpose]
    default = Purpose.NETWORK_DEFENCE.value
    parser.add_argument("--purpose", choices=purposes, default=default, help="(default: %(default)s)")
    parser.add_argument("--post", action="store_true", help="callers may post to it as well")
    lists = {
        "types": "STIX types",
        "labels": "labels, of which an object carries one",
        "sectors": "sectors, of which an object names one",
        "sources": "refs of the parties that gave it, or `own`",
    }
    for name, words in lists.items():
        parser.add_argument(f"--{name}", nargs="+", default=[], metavar="WORD", help=f"only these {words}")
    parser.add_argument("--up-to", default="", metavar="LABEL", help="only up to this TLP label")


def _list(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "collection": each.title,
            "address": f"{root_of(each.holder)}collections/{each.ref}/",
            "purpose": each.purpose,
            "posts": each.may_post,
        }
        for each in queries.collections_of(asked.actor)
    ]
    asked.args.output.table("Collections", rows)
    told: list[dict[str, object]] = [
        {"account": each.name, "party": each.party.name, "used": str(each.last_used or "never")}
        for each in queries.accounts_for(asked.actor)
    ]
    asked.args.output.table("Accounts", told)


def _open(asked: Asked) -> None:
    made = collections.open_collection(
        actor=asked.actor, wish=_wished(asked.args), ref=uuid4(), now=asked.now
    )
    _give(asked, made, "opened")


def _change(asked: Asked) -> None:
    found = collections.change_collection(
        actor=asked.actor, ref=_id(asked), wish=_wished(asked.args), now=asked.now
    )
    _give(asked, found, "changed")


def _close(asked: Asked) -> None:
    _give(asked, collections.close_collection(actor=asked.actor, ref=_id(asked), now=asked.now), "closed")


def _account(asked: Asked) -> None:
    party = Party.objects.filter(ref=asked.args.party).first()
    if party is None:
        raise NotFound(f"party {asked.args.party}")
    made, token = accounts.open_account(actor=asked.actor, party=party, name=asked.args.name, now=asked.now)
    asked.args.output.give(
        {"event": "opened", "account": made.name, "token": token},
        f"The token of {made.name}, which is not shown again:\n  {token}",
    )


def _end(asked: Asked) -> None:
    found = queries.accounts_for(asked.actor).filter(name=asked.args.name).first()
    if found is None:
        raise NotFound(f"account {asked.args.name}")
    accounts.end_account(actor=asked.actor, key=found.pk, now=asked.now)
    asked.args.output.give({"event": "ended", "account": found.name}, f"{found.name} is ended.")


def _wished(args: argparse.Namespace) -> Wish:
    chosen = {name: getattr(args, name) for name in ("types", "labels", "sectors", "sources")}
    return Wish(
        query=read_query({**chosen, "up_to": args.up_to}),
        title=args.title,
        purpose=Purpose(args.purpose),
        description=args.description,
        alias=args.alias,
        may_post=args.post,
    )


def _id(asked: Asked) -> UUID:
    try:
        return UUID(asked.args.id)
    except ValueError as error:
        raise Malformed("id", "is not the id of a collection") from error


def _give(asked: Asked, found: Collection, event: str) -> None:
    told = {"event": event, "collection": str(found.ref), "title": found.title}
    asked.args.output.give(
        told, f"“{found.title}” is {event}: {root_of(found.holder)}collections/{found.ref}/"
    )
