"""`comity-node init`: a new node in an empty home: settings, keys, database, its body, an administrator."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import uuid

from comity.base.countries import find_country
from comity.base.errors import Malformed
from comity.node import keys
from comity.node.commands.homes import filling, set_up_django, write_private
from comity.node.commands.node_toml import written
from comity.node.commands.parsing import BadUsage
from comity.node.config import load

_SECRET_BYTES = 48
_QUESTIONS = {
    "name": "Name of the organisation that runs the node",
    "state": "State it belongs to, two letters of ISO 3166 (none for an observer of no state)",
    "admin_email": "E-mail address of the first administrator",
    "admin_name": "Name of the first administrator",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What a node must know of itself; what is missing is asked for on a terminal."""
    parser.add_argument("--name", help=_QUESTIONS["name"])
    parser.add_argument("--state", metavar="CC", help=_QUESTIONS["state"])
    parser.add_argument("--kind", default="national-cert", help="what it is (default: %(default)s)")
    parser.add_argument(
        "--address",
        metavar="URL",
        default="http://127.0.0.1:8000/",
        help="where partners and people reach it",
    )
    parser.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:8000", help="where the web server listens"
    )
    parser.add_argument("--database-url", metavar="URL", help="PostgreSQL; default: SQLite in the home")
    parser.add_argument("--admin-email", metavar="ADDRESS", help=_QUESTIONS["admin_email"])
    parser.add_argument("--admin-name", metavar="NAME", help=_QUESTIONS["admin_name"])
    parser.add_argument(
        "--set", dest="more", metavar="NAME=VALUE", action="append", default=[], help="any other setting"
    )


def run(args: argparse.Namespace) -> int:
    """Make the node; if any part of it fails, the home is as it was before."""
    _complete(args)
    state = _state(args.state)
    with filling(args.home):
        write_private(args.home / "node.toml", written(_settings(args)).encode())
        config = load(os.environ)
        write_private(config.secret_file, secrets.token_urlsafe(_SECRET_BYTES).encode())
        for use in keys.KeyUse:
            keys.create(config.keys, use)
        set_up_django()
        from comity.node.commands.founding import Founding, found  # noqa: PLC0415  Django is set up only now

        link = found(
            args.output,
            Founding(
                ref=f"identity--{uuid.uuid4()}",
                kind=args.kind,
                name=args.name,
                state=state,
                admin_email=args.admin_email,
                admin_name=args.admin_name,
            ),
        )
    address = config.address.rstrip("/") + link
    args.output.give(
        {"event": "initialised", "home": str(args.home), "address": config.address, "login": address},
        f"{args.name} has a node in {args.home}. Start it with `comity-node --home {args.home} run`, then "
        f"{args.admin_name} logs in once, within a day, at\n  {address}",
    )
    return 0


def _complete(args: argparse.Namespace) -> None:
    """Ask for what is missing, or name all of it at once."""
    missing = [name for name in _QUESTIONS if getattr(args, name) is None]
    if sys.stdin.isatty():
        for name in missing:
            setattr(args, name, input(f"{_QUESTIONS[name]}: ").strip())
    elif missing:
        options = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise BadUsage(f"{options}: missing. See `comity-node init --help`.")


def _state(code: str) -> str:
    """The code as the tables have it; which kinds need none, adding the body decides."""
    country = find_country(code)
    if code and country is None:
        raise Malformed("--state", f"{code!r} is no country of ISO 3166; expected are two letters, like PK")
    return country.alpha2 if country else ""


def _settings(args: argparse.Namespace) -> dict[str, str]:
    settings = {"address": args.address, "listen": args.listen}
    if args.database_url:
        settings["database_url"] = args.database_url
    for more in args.more:
        name, equals, value = more.partition("=")
        if not equals or not name.isidentifier():
            raise BadUsage(f"--set {more}: expected NAME=VALUE. See docs/settings.md.")
        settings[name] = value
    return settings
