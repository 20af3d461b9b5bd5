"""Tells what a STIX bundle holds and what is wrong with it; with --why, what of it a partner would see.

Every object is judged by the rules of release under the terms given: as one's own, or as given by --from.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from comity.base.errors import Malformed
from comity.base.verdict import Answer
from comity.cli.bundles import Bundle
from comity.cli.files import load
from comity.cli.output import Output
from comity.cli.parsing import BadUsage
from comity.cli.why import Asked, Judged, judge_objects, load_terms
from comity.engines.release.case import Recipient, Relation
from comity.engines.release.explain import picture
from comity.engines.release.judge import Release
from comity.engines.release.terms import Purpose


def arguments(parser: argparse.ArgumentParser) -> None:
    """The bundle, and who would receive it under which terms."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the bundle; - for standard input")
    why = parser.add_argument_group("what a partner would see")
    why.add_argument("--why", action="store_true", help="judge every object, and say why it stays")
    why.add_argument("--terms", metavar="FILE", help="the terms in force: one JSON object, or a list of them")
    why.add_argument("--recipient", metavar="PARTY", help="who would receive: an identity, or any name")
    relations, purposes = [each.value for each in Relation], [each.value for each in Purpose]
    why.add_argument("--relation", choices=relations, default="partner", help="how near the recipient is")
    why.add_argument("--purpose", choices=purposes, default="network-defence", help="what it is shared for")
    why.add_argument("--from", dest="origin", metavar="PARTY", help="who gave the bundle to you")
    why.add_argument(
        "--victim",
        action="append",
        default=[],
        metavar="PARTY",
        help="a victim, by the id of its identity or by a name; may be repeated",
    )


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Tell what is there; 0 if nothing is wrong with it, else 1."""
    asked = _asked(args, now)
    bundle = load(args.bundle, Bundle.decode)
    _describe(bundle, output)
    problems = [*bundle.problems, *(_why(bundle, asked, output) if asked else ())]
    for each in problems:
        said = {"code": each.code, "where": each.where, "problem": each.problem}
        output.give(said, f"{each.where}: {each.problem} [{each.code}]")
    line = f"Objects read: {len(bundle.objects)}. Problems: {len(problems)}."
    result = {"command": "inspect", "objects": len(bundle.objects), "problems": len(problems)}
    output.give(result, line, style="bold red" if problems else "green")
    return 1 if problems else 0


def _asked(args: argparse.Namespace, now: datetime) -> Asked | None:
    if not args.why:
        return None
    if args.recipient is None:
        raise BadUsage("--why needs --recipient. See `comity inspect --help`.")
    return Asked(
        Recipient(args.recipient, Relation(args.relation)),
        load(args.terms, load_terms) if args.terms else (),
        Purpose(args.purpose),
        args.origin,
        frozenset(args.victim),
        now,
    )


def _describe(bundle: Bundle, output: Output) -> None:
    for title, counted in (
        ("types", bundle.types()),
        ("markings", bundle.labels()),
        ("creators", bundle.creators()),
    ):
        output.table(title, _rows(counted))


def _rows(counted: Counter[str]) -> list[dict[str, object]]:
    return [{"name": name, "objects": count} for name, count in counted.most_common()]


def _why(bundle: Bundle, asked: Asked, output: Output) -> Iterator[Malformed]:
    """Tell the judgement of each object and their sum; what could not be judged is a problem."""
    releases: list[tuple[Release, int]] = []
    for each in judge_objects(bundle, asked):
        if isinstance(each, Malformed):
            yield each
            continue
        releases.append((each.release, 1))
        _tell(each, output)
    seen = picture(releases)
    line = f"{asked.recipient.party} would see {seen.whole} whole and {seen.reduced} with something taken out"
    output.give(
        {"recipient": asked.recipient.party, "picture": seen.as_json()},
        "",
        f"{line}; {seen.refused} stay, and for {seen.undecided} a fact is missing.",
        *(f"    {each.objects}: {each.ground.text} [{each.ground.rule}]" for each in seen.reasons),
    )


def _tell(judged: Judged, output: Output) -> None:
    verdict = judged.release.verdict
    goes = {Answer.YES: "goes", Answer.NO: "stays", Answer.UNKNOWN: "stays, a fact is missing"}[
        verdict.answer
    ]
    taken = f" without {', '.join(judged.removed)}" if judged.removed else ""
    output.give(
        {"object": judged.id, **judged.release.as_json(), "removed": list(judged.removed)},
        f"{judged.id}: {goes}{taken}",
        *(f"    {ground.text} [{ground.rule}]" for ground in verdict.grounds),
    )
