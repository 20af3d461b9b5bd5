"""`comity-node feed`: what this node reads again and again from elsewhere, and how each feed does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.feeds.ready import Ready, ready_feeds
from comity.formats.strict_json import decode
from comity.node.commands.nodes import as_person, own_body
from comity.node.commands.parsing import Unreadable
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.exchange.feeds import queries
from comity.node.exchange.models import Feed, FeedRun
from comity.node.exchange.services import feeds
from comity.node.exchange.services.feeds import Wish
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.roles import Power

LAST = 20  # runs that are told
_NAME = "comity-node feed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; what opens, changes or ends a feed is done in the name of the person given with --as."""
    command = subcommands(parser)
    command("list", "list feeds, and how each does", _list)
    command("ready", "list public feeds whose mapping is ready", _ready)
    runs = command("runs", "the last runs of a feed, and what each brought", _runs)
    run = command("run", "read a feed now", _run)
    tried = command("try", "show what a feed would bring, without keeping anything", _try)
    opened = command("open", "read something again and again from now on", _open)
    changed = command("change", "make a feed another; all of it is read anew", _change)
    paused = command("pause", "leave a feed alone until somebody resumes it", _pause)
    resumed = command("resume", "read a paused feed again", _resume)
    accepted = command("accept", "take what was held back as it is, with the next run", _accept)
    closed = command("remove", "read a feed no more; what it brought stays", _remove)
    for each in (runs, run, changed, paused, resumed, accepted, closed):
        each.add_argument("feed", metavar="FEED", help="name of the feed, or its id")
    paused.add_argument("--why", default="", help="what people read beside it")
    for each in (tried, opened, changed):
        _wish(each)
    for each in (opened, changed, accepted, closed):
        each.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")


def run(args: argparse.Namespace) -> int:
    """Look after feeds."""
    now, body = datetime.now(UTC), own_body().pk
    person = getattr(args, "person", None)
    actor = as_person(person, now) if person else _node(args.does, body)
    args.does(Asked(args, actor, now))
    return 0


def _node(does: Callable[[Asked], None], body: int) -> Actor:
    """Whoever runs commands here can read the database anyway; a look keeps nothing, so it needs nobody."""
    powers = [Power.READ_CONTENT, Power.IMPORT, *([Power.APPROVE] if does is _try else [])]
    return system_actor(_NAME, body, *powers)


def _wish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ready", metavar="NAME", help="begin with a public feed, as `ready` lists them")
    parser.add_argument("--name", help="as your colleagues call it")
    parser.add_argument("--kind", choices=["lines", "csv", "json", "misp", "taxii"], help="what it is")
    parser.add_argument("--address", help="https://…, or file:NAME in the folder of feeds")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="what stands where, as JSON")
    parser.add_argument("--source", dest="note", metavar="WORDS", help="who publishes it")
    parser.add_argument("--licence", metavar="WORDS", help="stands with every object")
    labels = [label.value for label in Tlp]
    parser.add_argument("--label", choices=labels, help="what carries none is; without it, it stays here")
    parser.add_argument("--confidence", type=int, metavar="NUMBER", help="0 to 100, of what says none itself")
    parser.add_argument("--expiry", type=int, metavar="DAYS", help="valid so long after it was listed last")
    parser.add_argument("--every", type=int, metavar="MINUTES", help="time between two runs (default: 60)")
    parser.add_argument("--credential", metavar="NAME", help="file in the folder of credentials")
    parser.add_argument("--strict", action="store_true", help="refuse objects that break the standard")


def _list(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "feed": each.name,
            "id": str(each.ref),
            "entries": each.here,  # type: ignore[attr-defined]  # annotated by the query
            "last success": _moment(each.succeeded_at),
            "next": _moment(each.due) if each.due else "paused",
            "failures": each.failures,
            "problem": each.problem,
        }
        for each in queries.feeds_shown(asked.actor, 1)
    ]
    asked.args.output.table("Feeds", rows)


def _ready(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "name": each.name,
            "title": each.title,
            "kind": each.kind,
            "terms": each.terms if each.confirmed else f"{each.terms} (not confirmed)",
            "address": each.address,
        }
        for each in ready_feeds().values()
    ]
    asked.args.output.table("Public feeds that are ready", rows)


def _runs(asked: Asked) -> None:
    rows = [_told(each) for each in queries.runs_of(asked.actor, _feed(asked))[:LAST]]
    asked.args.output.table("Runs", rows)


def _run(asked: Asked) -> None:
    done = feeds.run_now(actor=asked.actor, ref=_feed(asked).ref, now=asked.now)
    words = f"{done.get_outcome_display()}: {done.new} new, {done.changed} changed, {done.known} known, "
    words += f"{done.gone} gone; {done.unmapped} not mapped, {done.refused} refused."
    lines = [words, *filter(None, [done.problem]), *(f"{what}: {why}" for what, why in done.told)]
    asked.args.output.give({"event": "run", **_told(done), "told": done.told}, "\n  ".join(lines))


def _try(asked: Asked) -> None:
    found = feeds.try_feed(actor=asked.actor, wish=_wished(asked.args), now=asked.now)
    rows: list[dict[str, object]] = [
        {"value": each.value, "what": each.kind, "said": each.said} for each in found.rows
    ]
    asked.args.output.table("What it would bring", rows)
    lost = [f"{what}: {why}" for what, why in (*found.unmapped, *found.doubts)]
    told = {"event": "tried", "count": found.count, "unmapped": found.unmapped_count}
    words = f"{found.count} mapped, {found.unmapped_count} not; {len(rows)} shown. Nothing was kept."
    asked.args.output.give(told, "\n  ".join([words, *lost]))


def _open(asked: Asked) -> None:
    made = feeds.open_feed(actor=asked.actor, wish=_wished(asked.args), ref=uuid4(), now=asked.now)
    _give(asked, made, "open")


def _change(asked: Asked) -> None:
    found = _feed(asked)
    wish = _wished(asked.args, found)
    _give(asked, feeds.change_feed(actor=asked.actor, ref=found.ref, wish=wish, now=asked.now), "changed")


def _pause(asked: Asked) -> None:
    ref, why = _feed(asked).ref, asked.args.why
    _give(asked, feeds.pause_feed(actor=asked.actor, ref=ref, why=why, now=asked.now), "paused")


def _resume(asked: Asked) -> None:
    _give(asked, feeds.resume_feed(actor=asked.actor, ref=_feed(asked).ref, now=asked.now), "resumed")


def _accept(asked: Asked) -> None:
    _give(asked, feeds.accept_fall(actor=asked.actor, ref=_feed(asked).ref, now=asked.now), "accepted")


def _remove(asked: Asked) -> None:
    _give(asked, feeds.close_feed(actor=asked.actor, ref=_feed(asked).ref, now=asked.now), "removed")


def _feed(asked: Asked) -> Feed:
    named = asked.args.feed
    rows = queries.feeds_for(asked.actor)
    try:
        found = rows.filter(ref=UUID(named)).first()
    except ValueError:
        found = rows.filter(name=named).first()
    if found is None:
        raise NotFound(f"feed {named}")
    return found


def _wished(args: argparse.Namespace, found: Feed | None = None) -> Wish:
    """What is wanted: of the feed as it is, or of a ready one, or all of it said."""
    said: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("name", "kind", "address", "note", "licence", "confidence", "expiry", "credential")
        if getattr(args, name) is not None
    }
    said |= {"label": Tlp(args.label)} if args.label else {}
    said |= {"every": timedelta(minutes=args.every)} if args.every else {}
    said |= {"settings": _mapping(args.mapping)} if args.mapping else {}
    said |= {"strict": True} if args.strict else {}
    if found is not None:
        return replace(_as_it_is(found), **said)
    if args.ready:
        return replace(_as_ready(args.ready), **said)
    missing = next((name for name in ("kind", "address") if name not in said), None)
    if missing:
        raise Malformed(missing, f"say it with --{missing}, or begin with --ready")
    return Wish(**{"name": said["address"], **said})


def _as_it_is(found: Feed) -> Wish:
    same = ("name", "kind", "address", "settings", "credential", "source", "note", "licence", "confidence")
    return Wish(
        **{name: getattr(found, name) for name in (*same, "expiry", "strict")},
        label=Tlp(found.label) if found.label else None,
        purpose=Purpose(found.purpose),
        every=timedelta(seconds=found.every),
    )


def _as_ready(name: str) -> Wish:
    ready: Ready | None = ready_feeds().get(name)
    if ready is None:
        raise Malformed("ready", f"{name!r} is none of them; `comity-node feed ready` lists them")
    return Wish(
        name=ready.title,
        kind=ready.kind,
        address=ready.address,
        settings=ready.settings,
        credential=ready.credential,
        note=ready.publisher,
        label=ready.label,
        licence=ready.licence,
        expiry=ready.expiry,
        every=timedelta(minutes=ready.every),
    )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        found = decode(path.read_bytes())
    except OSError as error:
        raise Unreadable(f"{path}: {(error.strerror or 'cannot be read').lower()}.") from error
    if not isinstance(found, dict):
        raise Malformed(str(path), "is no JSON object")
    return found


def _told(each: FeedRun) -> dict[str, object]:
    counts = ("new", "changed", "known", "gone", "unmapped", "refused")
    told: dict[str, object] = {"at": _moment(each.at), "outcome": each.outcome}
    return told | {name: getattr(each, name) for name in counts} | {"problem": each.problem}


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else "never"


def _give(asked: Asked, found: Feed, event: str) -> None:
    told = {"event": event, "feed": found.name, "id": str(found.ref)}
    asked.args.output.give(told, f"“{found.name}” is {event}: {found.ref}")
