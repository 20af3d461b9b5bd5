"""`comity-node see`: what a partner would see of us, and why not the rest."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from comity.base.errors import NotFound
from comity.engines.release.explain import Picture
from comity.engines.release.terms import Purpose
from comity.node.commands.nodes import own_body
from comity.node.exchange import queries
from comity.node.exchange.sights import sight
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


def arguments(parser: argparse.ArgumentParser) -> None:
    """Through whose eyes, and what for."""
    parser.add_argument("partner", help="name of the partner, or its ref")
    purposes = [purpose.value for purpose in Purpose]
    parser.add_argument("--purpose", choices=purposes, default=Purpose.NETWORK_DEFENCE.value)


def run(args: argparse.Namespace) -> int:
    """Count what goes and what stays, by reason."""
    actor, partner = reader(), partner_called(args.partner)
    seen = sight(queries.own_body(actor), partner, purpose=Purpose(args.purpose), now=datetime.now(UTC))
    args.output.table(f"What {partner.name} would see of our objects", _rows(seen.picture))
    return 0


def _rows(picture: Picture) -> list[dict[str, object]]:
    """First what goes, then each reason for which something stays; an object may have several."""
    goes = [("whole", "Goes as it is."), ("reduced", "Goes with something taken out.")]
    rows: list[dict[str, object]] = [
        {"answer": "yes", "objects": getattr(picture, name), "why": why, "rule": ""} for name, why in goes
    ]
    stays = ((each.answer.value, each.objects, each.ground) for each in picture.reasons)
    return rows + [{"answer": a, "objects": n, "why": g.text, "rule": g.rule} for a, n, g in stays]


def reader() -> Actor:
    """Whoever runs this command, with the power to read content."""
    return system_actor("comity-node", own_body().pk, Power.READ_CONTENT, Power.READ_PARTIES, Power.READ_ACTS)


def partner_called(name: str) -> Party:
    """The partner by ref or by name."""
    found = Party.objects.filter(partner__isnull=False, ref=name).first()
    found = found or Party.objects.filter(partner__isnull=False, name__iexact=name).first()
    if found is None:
        raise NotFound(f"partner called {name!r}")
    return found
