"""`comity-node export`: what a partner may see, or our own devices may act on, in the form they read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from comity.engines.release.terms import Purpose
from comity.formats.exports.all import FORMS
from comity.formats.misp.feed import MANIFEST, Manifest
from comity.node.commands.nodes import own_body
from comity.node.commands.parsing import BadUsage
from comity.node.commands.see import partner_called, reader
from comity.node.exchange.services.exporting import STIX, export_as, export_bundle
from comity.node.exchange.services.publishing import MISP, MISP_FEED, Published, export_misp
from comity.node.parties.models import Party

MOST = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """In which form, for whom, what for, and into which file."""
    about = f"all that may be seen as a bundle ({STIX}), as events of MISP ({MISP}) or the folder of a feed "
    about += f"({MISP_FEED}); or what valid indicators seek"
    parser.add_argument("--form", choices=[STIX, MISP, MISP_FEED, *FORMS], default=STIX, help=about)
    parser.add_argument(
        "--partner", metavar="NAME", help="its name, or its ref; without it, for our own devices"
    )
    purposes = [purpose.value for purpose in Purpose]
    parser.add_argument("--purpose", choices=purposes, default=Purpose.NETWORK_DEFENCE.value)
    least = "only indicators of this confidence (0 to 100) or above; a bundle takes all"
    parser.add_argument("--min-confidence", type=_upto_100, default=0, metavar="NUMBER", help=least)
    worth = "only values whose score (0 to 100) is this or above now; a bundle takes all"
    parser.add_argument("--min-score", type=_upto_100, default=0, metavar="NUMBER", help=worth)
    parser.add_argument(
        *("-o", "--to"),
        type=Path,
        metavar="FILE",
        help=f"the file to write, or the folder ({MISP_FEED}); without it, to the standard output",
    )


def run(args: argparse.Namespace) -> int:
    """Judge every object for whoever it is for, and write those that may go."""
    partner = partner_called(args.partner) if args.partner else None
    if args.form == MISP_FEED:
        return _feed(args, partner)
    pieces = _PIECES.get(args.form, _values)(args, partner)
    if args.to is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return 0
    size = _put(args.to, pieces)
    args.output.give({"event": "exported", "file": str(args.to), "bytes": size}, f"Written: {args.to}")
    return 0


def _put(path: Path, pieces: Iterable[bytes]) -> int:
    """Write a file in one step, so that no half file is taken for a whole one; its length."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        size = sum(out.write(piece) for piece in pieces)
    os.replace(part, path)  # noqa: PTH105  as the docstring says
    return size


def _feed(args: argparse.Namespace, partner: Party | None) -> int:
    """The files in place, the manifest last; events of before that are in it no more are removed."""
    if args.to is None:
        raise BadUsage("name the folder of the feed with --to")
    args.to.mkdir(parents=True, exist_ok=True)
    before = {each.file for each in _manifest(args.to).entries}
    done = _misp_of(args, partner)
    for each in done.files:
        _put(args.to / each.name, [each.content])
    for name in before - {each.name for each in done.files}:
        (args.to / name).unlink(missing_ok=True)
    told = {"event": "exported", "folder": str(args.to), "files": len(done.files)}
    lines = [f"Written: {len(done.files)} files in {args.to}", *(each.text for each in done.unmapped)]
    args.output.give(told | {"unmapped": len(done.unmapped)}, "\n  ".join(lines))
    return 0


def _manifest(folder: Path) -> Manifest:
    """What the folder holds from before; nothing where there is no feed."""
    try:
        return Manifest.decode((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return Manifest()


def _misp_of(args: argparse.Namespace, partner: Party | None) -> Published:
    now, purpose = datetime.now(UTC), Purpose(args.purpose)
    return export_misp(args.form, actor=reader(), partner=partner, purpose=purpose, now=now)


def _misp(args: argparse.Namespace, partner: Party | None) -> Iterable[bytes]:
    """Events in one document; what they do not say is told beside a file, never in it."""
    done = _misp_of(args, partner)
    if args.to is not None:
        for each in done.unmapped:
            args.output.say(each.text)
    return [each.content for each in done.files]


def _upto_100(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {MOST}")
    return int(text)


def _bundle(args: argparse.Namespace, partner: Party | None) -> Iterable[bytes]:
    now, purpose = datetime.now(UTC), Purpose(args.purpose)
    return export_bundle(actor=reader(), partner=partner or own_body(), purpose=purpose, now=now)


def _values(args: argparse.Namespace, partner: Party | None) -> Iterable[bytes]:
    done = export_as(
        args.form,
        actor=reader(),
        partner=partner,
        purpose=Purpose(args.purpose),
        least=args.min_confidence,
        least_score=args.min_score,
        now=datetime.now(UTC),
    )
    if args.to is not None:
        for line in done.about.lines:
            args.output.say(line)
    return done.file


_PIECES = {STIX: _bundle, MISP: _misp}
