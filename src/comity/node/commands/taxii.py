"""`comity-node taxii`: collections at servers of others, read into the store, and given to partners."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from uuid import uuid4

from comity.base.errors import NotFound
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.taxii_client import discover, read_collections, roots_of
from comity.link.transport import drive
from comity.node.commands.nodes import as_person, own_body
from comity.node.commands.parsing import BadUsage, Unreadable
from comity.node.commands.subcommands import Asked, subcommands
from comity.node.credentials import Credential, Scheme
from comity.node.exchange import remotes
from comity.node.exchange.models import PostState, RemoteCollection
from comity.node.exchange.services import remotes as services
from comity.node.exchange.services.pulling import pull
from comity.node.exchange.services.pushing import push, take_back
from comity.node.exchange.services.storing import MOST_LISTED
from comity.node.federation.services.partners import check_address
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_NAME = "comity-node taxii"
_TOLD = (PostState.TAKEN, PostState.PENDING, PostState.REFUSED)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; that something is given to a partner is decided by the person named with --as."""
    command = subcommands(parser)
    found = command("discover", "show what a TAXII 2.1 server offers", _discover)
    found.add_argument("url", help="address of its discovery, or of an API root with --root")
    found.add_argument("--root", action="store_true", help="the address is that of an API root")
    _credential(found)
    _opening(command("open", "know a collection of somebody else's, to read it or to give to it", _open))
    renewed = command("credential", "show the server another token or password", _renew)
    command("list", "list collections of others, and how far they are read", _list)
    pulled = command("pull", "read what is new in a collection into the store", _pull)
    pushed = command("push", "post to a partner's collection what release lets it see", _push)
    pushed.add_argument("--again", action="store_true", help="also what the server refused before")
    posted = command("posted", "list what was posted to a collection, and what became of it", _posted)
    states = [state.value for state in PostState]
    posted.add_argument("--state", choices=states, help="only what is in this state")
    taken = command("take-back", "delete there what was posted of objects", _take_back)
    closed = command("close", "read and give there no more", _close)
    for each in (renewed, pulled, pushed, posted, taken, closed):
        each.add_argument("name", help="the collection's name here")
    taken.add_argument("refs", nargs="+", metavar="ID", help="ids of the objects")
    _credential(renewed)
    for each in (renewed, taken, closed):
        each.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")


def run(args: argparse.Namespace) -> int:
    """Look after collections of others."""
    now = datetime.now(UTC)
    person = getattr(args, "person", None)
    args.does(Asked(args, as_person(person, now) if person else _itself(), now))
    return 0


def _itself() -> Actor:
    """What was decided by a person when the collection was opened is done by the node."""
    return system_actor(_NAME, own_body().pk, Power.READ_PARTIES, Power.READ_CONTENT, Power.IMPORT)


def _opening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="what you call it here")
    parser.add_argument("--root", required=True, metavar="URL", help="address of the API root")
    parser.add_argument(
        "--collection", required=True, metavar="ID", help="id of the collection, or its alias"
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--party", metavar="REF", help="ref of the party whose it is")
    whose.add_argument("--source", metavar="WORDS", help="whose it is, where that is no party known here")
    parser.add_argument("--strict", action="store_true", help="refuse objects that break the standard")
    labels = [label.value for label in Tlp]
    parser.add_argument("--unmarked-as", choices=labels, help="label of what carries none")
    parser.add_argument("--types", nargs="+", default=[], metavar="TYPE", help="read only these STIX types")
    overlap = "seconds that are read again each time, for servers whose times are out of order"
    parser.add_argument("--overlap", type=int, default=0, metavar="SECONDS", help=overlap)
    parser.add_argument("--give", action="store_true", help="post to it what release lets the party see")
    purposes = [purpose.value for purpose in Purpose]
    default = Purpose.NETWORK_DEFENCE.value
    parser.add_argument("--purpose", choices=purposes, default=default, help="(default: %(default)s)")
    parser.add_argument("--as", dest="person", metavar="EMAIL", help="who decides this; needed with --give")
    _credential(parser)


def _credential(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_argument_group("what the server is shown; without any of these, nothing")
    shown.add_argument("--signed", action="store_true", help="this node's signature, for a node of Comity")
    shown.add_argument("--user", metavar="NAME", help="a name and a password, by HTTP Basic")
    shown.add_argument("--secret-file", type=Path, metavar="FILE", help="holds the password or the token")
    shown.add_argument("--token", action="store_true", help="a token; without --secret-file you are asked")
    words = "the word before a token (default: %(default)s)"
    shown.add_argument("--token-scheme", choices=["bearer", "token"], default="bearer", help=words)


def _shown(args: argparse.Namespace) -> Credential:
    """The credential that the words of the command describe."""
    if args.signed:
        return Credential(Scheme.SIGNATURE)
    if args.user:
        return Credential(Scheme.BASIC, _secret(args, "Password"), args.user)
    if args.token or args.secret_file:
        return Credential(Scheme(args.token_scheme), _secret(args, "Token"))
    return Credential()


def _secret(args: argparse.Namespace, what: str) -> str:
    if args.secret_file is None:
        return getpass(f"{what}: ")
    path: Path = args.secret_file
    try:
        return path.read_text("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{path}: is not text. Write the {what.lower()} into it, and nothing else."
        ) from error
    except OSError as error:
        why = (error.strerror or "cannot be read").lower()
        raise Unreadable(f"{path}: {why}. Name a file with the {what.lower()}.") from error


def _discover(asked: Asked) -> None:
    url = check_address(asked.args.url)
    rows: list[dict[str, object]] = []
    with remotes.speaking_as(_shown(asked.args)) as transport:
        roots = (url,) if asked.args.root else roots_of(url, drive(discover(url), transport))
        for root in roots:
            if not _same_server(root, url):
                rows.append({"root": root, "collection": "", "title": "at another server: ask it by --root"})
                continue
            for each in drive(read_collections(root), transport):
                rights = [word for word, may in (("read", each.can_read), ("write", each.can_write)) if may]
                told = {"root": root, "collection": each.id, "alias": each.alias or "", "title": each.title}
                rows.append({**told, "may": rights})
    asked.args.output.table("Collections", rows)


def _same_server(one: str, other: str) -> bool:
    """What a server is shown is for it alone: another that it names does not get it."""
    return one.split("/")[:3] == other.split("/")[:3]


def _open(asked: Asked) -> None:
    args = asked.args
    if args.give and not args.person:
        raise BadUsage("--give needs --as: a person decides that content is given")
    wish = services.Wish(
        name=args.name,
        api_root=args.root,
        collection=args.collection,
        party=_party(args.party) if args.party else None,
        note=args.source or "",
        gives=args.give,
        purpose=Purpose(args.purpose),
        unmarked_as=Tlp(args.unmarked_as) if args.unmarked_as else None,
        strict=args.strict,
        types=tuple(args.types),
        overlap=args.overlap,
        credential=_shown(args),
    )
    made = services.open_remote(actor=asked.actor, wish=wish, ref=uuid4(), now=asked.now)
    _give(asked, made, "opened")


def _renew(asked: Asked) -> None:
    found = remotes.remote_named(asked.actor, asked.args.name)
    shown = _shown(asked.args)
    services.renew_credential(actor=asked.actor, ref=found.ref, credential=shown, now=asked.now)
    _give(asked, found, "renewed")


def _close(asked: Asked) -> None:
    found = remotes.remote_named(asked.actor, asked.args.name)
    _give(asked, services.end_remote(actor=asked.actor, ref=found.ref, now=asked.now), "closed")


def _list(asked: Asked) -> None:
    rows: list[dict[str, object]] = [
        {
            "name": each.name,
            "root": each.api_root,
            "collection": each.collection,
            "whose": each.party.name if each.party else each.note,
            "read": each.read_at.isoformat() if each.read_at else "never",
            "gives": each.gives,
            "trouble": each.trouble,
        }
        for each in remotes.remotes_for(asked.actor)
    ]
    asked.args.output.table("Collections of others", rows)


def _pull(asked: Asked) -> None:
    remote = remotes.remote_named(asked.actor, asked.args.name)
    output = asked.args.output
    with remotes.speaking_to(remote) as transport, output.counted(f"Reading {remote.name}") as progress:
        done = pull(actor=asked.actor, remote=remote, transport=transport, now=asked.now, progress=progress)
    report = done.brought.report if done.brought else {"new": 0, "known": 0, "refused": [], "notes": []}
    refused = len(report["refused"]) + report.get("more", {}).get("refused", 0)
    told = {"event": "pulled", "name": remote.name, "objects": done.objects, "added_after": done.added_after}
    line = f"{report['new']} new, {report['known']} known already, {refused} refused."
    lines = [line, *(f"{ref}: {why}" for ref, why in report["refused"]), *report["notes"]]
    output.give({**told, **report}, "\n  ".join(lines))


def _push(asked: Asked) -> None:
    remote = remotes.remote_named(asked.actor, asked.args.name)
    output, again = asked.args.output, asked.args.again
    with remotes.speaking_to(remote) as transport, output.counted(f"Giving to {remote.name}") as progress:
        done = push(
            actor=asked.actor,
            remote=remote,
            transport=transport,
            now=asked.now,
            again=again,
            progress=progress,
        )
    counts = {state.value: done.counts[state] for state in _TOLD}
    line = ", ".join(f"{count:,} {state}" for state, count in counts.items()) + "."
    told = {"event": "pushed", "name": remote.name, **counts, "problems": done.problems}
    output.give(told, "\n  ".join([line, *(f"{ref}: {why}" for ref, why in done.problems[:MOST_LISTED])]))


def _posted(asked: Asked) -> None:
    remote = remotes.remote_named(asked.actor, asked.args.name)
    found = remotes.posted_for(asked.actor, remote)
    chosen = found.filter(state=asked.args.state) if asked.args.state else found
    rows: list[dict[str, object]] = [
        {
            "object": each.ref,
            "version": each.modified,
            "there": each.name,
            "state": each.state,
            "at": each.at.isoformat(),
            "said": each.words,
        }
        for each in chosen.iterator()
    ]
    asked.args.output.table(f"Posted to {remote.name}", rows)


def _take_back(asked: Asked) -> None:
    remote = remotes.remote_named(asked.actor, asked.args.name)
    with remotes.speaking_to(remote) as transport:
        gone = take_back(
            actor=asked.actor, remote=remote, refs=asked.args.refs, transport=transport, now=asked.now
        )
    told = {"event": "taken-back", "name": remote.name, "deleted": gone}
    asked.args.output.give(told, f"{gone} deleted there.")


def _party(ref: str) -> Party:
    found = Party.objects.filter(ref=ref, ours=False).first()
    if found is None:
        raise NotFound(f"party {ref}")
    return found


def _give(asked: Asked, found: RemoteCollection, event: str) -> None:
    told = {"event": event, "name": found.name, "id": str(found.ref)}
    asked.args.output.give(told, f"“{found.name}” is {event}.")
