"""Lists everything that is wrong with an act: its form, and what the other files given say of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from comity.base.verdict import Verdict
from comity.cli.files import load
from comity.cli.mending import form_problems
from comity.cli.output import Output
from comity.formats.act_checks import check_author, check_contents, check_sender
from comity.formats.acts import LIMITS, SignedAct, decode_act
from comity.formats.descriptor import LIMITS as DESCRIPTOR_LIMITS
from comity.formats.descriptor import Descriptor, decode_descriptor
from comity.formats.stix import StixObject, decode_bundle
from comity.formats.strict_json import decode


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: its stable code, where (a JSON pointer into the act), and why."""

    code: str
    where: str
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """The act, and what it is compared with."""
    parser.add_argument("act", metavar="ACT", help="the act; - for standard input")
    parser.add_argument("--descriptor", metavar="FILE", help="the author's descriptor: checks the signature")
    parser.add_argument("--bundle", metavar="FILE", help="a STIX bundle with what the act carries")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """List the problems; 0 if there are none, else 1."""
    value = load(args.act, lambda content: decode(content, limits=LIMITS), limit=LIMITS.size)
    sender = (
        load(args.descriptor, decode_descriptor, limit=DESCRIPTOR_LIMITS.size) if args.descriptor else None
    )
    bundle = load(args.bundle, decode_bundle) if args.bundle else None
    problems = [Problem(each.code, each.where, each.problem) for each in form_problems(value)]
    if not problems:
        signed = decode_act(value)
        problems += _signature(signed, sender.descriptor) if sender else ()
        problems += _contents(signed, bundle) if bundle is not None else ()
    return _tell(problems, [name for name in ("descriptor", "bundle") if getattr(args, name) is None], output)


def _signature(signed: SignedAct, sender: Descriptor) -> Iterator[Problem]:
    yield from _problems(check_sender(signed.act, sender.id), "/author")
    yield from _problems(check_author(signed, sender.keys), "/signature")


def _contents(signed: SignedAct, bundle: tuple[StixObject, ...]) -> Iterator[Problem]:
    here = {each.version: each for each in bundle}
    for index, content in enumerate(signed.act.contents):
        found = here.get(content.version)
        alone = replace(signed.act, contents=(content,))
        yield from _problems(check_contents(alone, () if found is None else (found,)), f"/contents/{index}")


def _problems(verdict: Verdict, where: str) -> Iterator[Problem]:
    if not verdict.allowed:
        for ground in verdict.grounds:
            yield Problem(ground.rule, where, ground.text)


def _tell(problems: list[Problem], without: list[str], output: Output) -> int:
    for each in problems:
        said = {"code": each.code, "where": each.where, "problem": each.text}
        output.give(said, f"{each.where}: {each.text} [{each.code}]")
    left = f" Not compared: {', '.join(f'--{name}' for name in without)} not given." if without else ""
    summed = f"Problems: {len(problems)}." if problems else "No problems."
    result = {"command": "lint", "problems": len(problems), "not_compared": without}
    output.give(result, summed + left, style="bold red" if problems else "green")
    return 1 if problems else 0
