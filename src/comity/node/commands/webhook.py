"""`comity-node webhook`: addresses that are called when a party can read something new of a collection."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from uuid import UUID

from comity.base.errors import Malformed, NotFound
from comity.base.times import decode_time
from comity.node.commands.nodes import command_actor, own_body
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.exchange import gathering
from comity.node.exchange.models import HookForm, Webhook
from comity.node.exchange.services import webhooks
from comity.node.exchange.services.webhooks import Subscription
from comity.node.parties.models import Party


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; a webhook is named by its number, which `list` tells."""
    command = subcommands(parser)
    command("list", "list webhooks, and how each fares", _list)
    added = command("add", "enter an address; it is asked first whether it wants to be called", _add)
    added.add_argument("collection", help="id of the collection")
    added.add_argument("party", help="ref of the party for which release judges, or of our own body")
    added.add_argument("address", help="where it is called, by https")
    added.add_argument("--content", action="store_true", help="calls carry the objects, not a notice alone")
    added.add_argument("--everything", action="store_true", help="begin with what is there already")
    steps = {
        "pause": ("call it no more for now", _pause),
        "resume": ("ask it again, and go on where it stopped", _resume),
        "replay": ("tell it again what was added after a time", _replay),
        "end": ("never call it again", _end),
    }
    made = {name: command(name, about, does) for name, (about, does) in steps.items()}
    for each in made.values():
        each.add_argument("number", type=int, help="of the webhook")
    made["replay"].add_argument("since", metavar="TIME", help="in UTC, as 2026-11-22T03:00:00Z")


def run(args: argparse.Namespace) -> int:
    """Look after webhooks."""
    args.does(Asked(args, command_actor(own_body().pk), datetime.now(UTC)))
    return 0


def _list(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "webhook": each.pk,
            "address": each.address,
            "party": each.party.name,
            "collection": each.collection.title,
            "state": each.state,
            "told": each.told,
            "last": each.words,
        }
        for each in gathering.webhooks_for(asked.actor)
    ]
    asked.args.output.table("Webhooks", rows)


def _add(asked: Asked) -> None:
    party = Party.objects.filter(ref=asked.args.party).first()
    if party is None:
        raise NotFound(f"party {asked.args.party}")
    wish = Subscription(
        gathering.collection_for(asked.actor, _id(asked.args.collection)),
        party,
        asked.args.address,
        HookForm.CONTENT if asked.args.content else HookForm.NOTICE,
        asked.args.everything,
    )
    _give(asked, webhooks.subscribe(actor=asked.actor, wish=wish, now=asked.now), "entered")


def _pause(asked: Asked) -> None:
    _give(asked, webhooks.pause(actor=asked.actor, key=asked.args.number, now=asked.now), "paused")


def _resume(asked: Asked) -> None:
    _give(asked, webhooks.resume(actor=asked.actor, key=asked.args.number, now=asked.now), "resumed")


def _replay(asked: Asked) -> None:
    since = decode_time(asked.args.since, "TIME")
    found = webhooks.replay(actor=asked.actor, key=asked.args.number, since=since, now=asked.now)
    _give(asked, found, "told again")


def _end(asked: Asked) -> None:
    _give(asked, webhooks.end(actor=asked.actor, key=asked.args.number, now=asked.now), "ended")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Malformed("collection", "is not the id of a collection") from error


def _give(asked: Asked, found: Webhook, event: str) -> None:
    told = {"event": event, "webhook": found.pk, "address": found.address, "state": found.state}
    asked.args.output.give(told, f"Webhook {found.pk}, {found.address}: {event}.")
