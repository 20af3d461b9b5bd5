"""`comity-node see`: what a partner would see of us, and why not the rest."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from comity.base.errors import NotFound
from comity.engines.release.difference import Change
from comity.engines.release.explain import Picture
from comity.engines.release.terms import Purpose
from comity.node.commands.nodes import own_body
from comity.node.commands.parsing import Unreadable
from comity.node.exchange import queries
from comity.node.exchange.foreseeing import foresee
from comity.node.exchange.sights import sight
from comity.node.instruments.plans import planned, said_of
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_USUAL = Purpose.NETWORK_DEFENCE


def arguments(parser: argparse.ArgumentParser) -> None:
    """Through whose eyes, what for, and what if."""
    step = parser.add_mutually_exclusive_group()
    step.add_argument(
        "--if-agreement",
        metavar="FILE|REF",
        help="what would change if this agreement, or the proposal in this file, were in force",
    )
    step.add_argument("--if-withdrawn", metavar="REF", help="what would change if this agreement ended today")
    parser.add_argument("partner", help="name of the partner, or its ref")
    purposes = [purpose.value for purpose in Purpose]
    parser.add_argument("--purpose", choices=purposes, default=_USUAL.value, help="(default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Count what goes and what stays, by reason; or what a step about an agreement would change."""
    actor, partner = reader(), partner_called(args.partner)
    if args.if_agreement or args.if_withdrawn:
        return _run_if(args, actor, partner)
    seen = sight(queries.own_body(actor), partner, purpose=Purpose(args.purpose), now=datetime.now(UTC))
    args.output.table(f"What {partner.name} would see of our objects", _rows(seen.picture))
    return 0


def _run_if(args: argparse.Namespace, actor: Actor, partner: Party) -> int:
    now = datetime.now(UTC)
    plan = planned(actor, partner, _step(args, now), now.date())
    told = foresee(plan, now, Purpose(args.purpose)).comparison.difference
    if args.output.as_json:
        args.output.give({"partner": partner.ref, "day": plan.day.isoformat(), **told.as_json()}, "")
        return 0
    rows = [{"objects": told.count(each), "change": each.words} for each in Change if told.count(each)]
    rows += [{"objects": each.objects, "change": f"closed: {each.ground.text}"} for each in told.lost]
    args.output.table(f"What {partner.name} would see of our objects if {plan.words}", rows)
    return 0


def _step(args: argparse.Namespace, now: datetime) -> dict[str, str]:
    """The step that was named, as an address of the page would name it."""
    if args.if_withdrawn:
        return {"agreement": args.if_withdrawn, "withdrawn": now.date().isoformat()}
    if args.if_agreement.startswith("agreement--"):
        return {"agreement": args.if_agreement}
    return said_of(_proposal_in(Path(args.if_agreement)))


def _proposal_in(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or "cannot be read").lower()
        raise Unreadable(f"{path}: {why}. Name an agreement, or the body of a proposal as JSON.") from error


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
