"""Pages: the time of each at the server, and the number of its queries, with few and with many acts.

python bench/pages.py [--quick] [--only WORD] [--profile] [--home DIR]

The whole chain answers in this process, middleware, templates and all, as it does inside the web server, to
somebody who holds every role and so sees every part of every page. The database lies on the disk.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, options, say, timed
from bench.kit.homes import init, load

if TYPE_CHECKING:
    from django.test import Client

    from bench.kit.many import Years

RUNS = 20
FEW = 1_000
MANY = 100_000
LIMIT = 50.0  # milliseconds


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it answered: median times in milliseconds, and how many questions it asked the database."""

    name: str
    status: int
    wall: float
    slowest: float
    cpu: float
    queries: int
    kilobytes: float


def main() -> None:
    """Each size in a process of its own: Django is loaded once in a process, for one home."""
    parser = options("Server time and number of queries of every page, with few acts and with many.")
    parser.add_argument("--only", default="", help="only pages whose address has this in it")
    parser.add_argument("--profile", action="store_true", help="show where the time of these pages goes")
    parser.add_argument("--home", type=Path, help="folder of the two nodes, kept and used again")
    parser.add_argument("--acts", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.acts:
        one_size(args)
    else:
        both_sizes(args)


def both_sizes(args: argparse.Namespace) -> None:
    """The same pages with few acts and with many; what is slow or asks more of the database is named."""
    begin("Pages")
    many = 5_000 if args.quick else MANY
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder:
        home = args.home or Path(folder)
        few, lots = (list(_elsewhere(args, home, acts)) for acts in (FEW, many))
    before = [page.queries for page in few]
    print(f"{'page':58} {'median':>9} {'max':>9} {'CPU':>8} {'queries':>7} {'size':>8}")
    for page, queries in zip(lots, before, strict=True):
        more = "" if queries == page.queries else f"  with {FEW:,} acts: {queries} queries"
        slow = "  SLOW" if page.wall >= LIMIT else ""
        print(
            f"{page.name:58} {page.wall:6.1f} ms {page.slowest:6.1f} ms {page.cpu:5.1f} ms "
            f"{page.queries:7} {page.kilobytes:5.0f} kB{slow}{more}"
        )
    worst = max(lots, key=lambda page: page.wall)
    within = sum(page.wall < LIMIT for page in lots)
    same = sum(queries == page.queries for page, queries in zip(lots, before, strict=True))
    say(
        f"{len(lots)} pages with {many:,} acts, median of {RUNS} each",
        f"{within} under {LIMIT:.0f} ms; slowest {worst.name} {worst.wall:.1f} ms; median of all "
        f"{statistics.median(page.wall for page in lots):.1f} ms",
        "every page < 50 ms",
    )
    say("pages with the same number of queries at both sizes", f"{same} of {len(lots)}", "all")


def _elsewhere(args: argparse.Namespace, folder: Path, acts: int) -> Iterator[Page]:
    words = [sys.executable, __file__, f"--acts={acts}", f"--home={folder / f'acts-{acts}'}"]
    words += [f"--only={args.only}", *(["--profile"] if args.profile else [])]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield Page(**json.loads(line))


def one_size(args: argparse.Namespace) -> None:
    """Fill the home if it is empty, and measure every page."""
    new = not args.home.exists()
    if new:
        init(args.home)
    load(args.home)
    from bench.kit.many import Sizes, work_for_years, years_of

    if new:
        objects = 20_000 if args.acts > FEW else FEW
        took = timed(lambda: work_for_years(Sizes(acts=args.acts, objects=objects)))
        print(f"{args.acts:,} acts made in {took.wall:.0f} s", file=sys.stderr)
    years = years_of()
    client = _entered(years)
    names = [each for each in addresses(years) if args.only in each]
    for name in names:
        page = _measured(client, name, args.profile)
        print(json.dumps(asdict(page)), flush=True)


def addresses(years: Years) -> list[str]:
    """Every page and every list of the API that a role may open; some lists also narrowed or turned over."""
    act, far = years.act, years.partner
    return [
        "/",
        "/acts/",
        "/acts/?page=3",
        "/acts/?page=last",
        "/acts/?state=recorded&direction=sent&kind=share",
        "/acts/?words=Ransomware",
        "/acts/?words=nothing-has-this-title",
        f"/acts/{act}/",
        f"/acts/{years.arrived}/",
        f"/acts/{years.awaiting}/",
        f"/acts/{act}/wire.json",
        f"/acts/{act}/receipts/{years.receipt}.json",
        "/agreements/",
        "/agreements/?page=2",
        f"/agreements/{years.agreement}/",
        f"/agreements/{years.proposed}/",
        f"/agreements/{years.proposed}/answer",
        f"/agreements/{years.agreement}/withdraw",
        "/agreements/propose",
        "/exchange/",
        "/exchange/?page=3",
        "/exchange/?page=last",
        "/exchange/?words=Ransomware",
        "/exchange/?words=nothing-has-this",
        "/exchange/?kind=indicator&tlp=amber",
        f"/exchange/?source={far.ref}",
        "/exchange/import",
        f"/exchange/imports/{years.brought}",
        "/exchange/?order=confidence",
        "/exchange/?confidence=50&valid=2026-11-22",
        "/exchange/?modified_from=2027-01-01",
        "/exchange/?label=nothing",
        "/exchange/?sighted=on",
        "/exchange/?related=uses+T1566",
        "/exchange/values/domain/c2-60.example",
        f"/exchange/objects/{years.object}/",
        f"/exchange/objects/{years.object}/graph",
        f"/exchange/objects/{years.object}/seen",
        f"/exchange/objects/{years.object}/compare",
        f"/exchange/objects/{years.object}/note",
        "/exchange/share",
        f"/exchange/share?object={years.object}&partner={far.pk}",
        "/exchange/see/",
        f"/exchange/see/{far.ref}/",
        f"/exchange/see/{far.ref}/?show=closed",
        "/search?q=Ransomware",
        "/search?q=nothing-has-this",
        "/accountability/log",
        "/accountability/log?before=500",
        "/accountability/log?event=receipt-received",
        f"/accountability/log?subject={act}",
        f"/accountability/log/{years.entry}",
        f"/accountability/log/{years.entry}/proof",
        f"/accountability/log/{years.entry}/proof.json",
        "/accountability/alarms",
        "/log/checkpoint",
        "/log/tile/0/000",
        "/log/tile/entries/000",
        "/.well-known/comity.json",
        "/partners/",
        "/partners/add",
        f"/partners/{years.partner_key}/",
        "/partners/this-node",
        "/parties/",
        "/parties/bodies",
        "/parties/bodies/new",
        f"/parties/bodies/{far.pk}",
        f"/parties/bodies/{far.pk}/change",
        "/parties/people",
        "/parties/people/new",
        "/parties/people/changes",
        f"/parties/people/{years.everyone.pk}",
        "/parties/programs",
        "/parties/programs/new",
        "/parties/me",
        "/account/mfa/",
        "/account/password/change/",
        "/preferences",
        "/decided",
        "/style",
        "/health",
        "/api/v1/kinds",
        "/api/v1/acts",
        f"/api/v1/acts?cursor={years.half}",
        "/api/v1/acts?words=Ransomware",
        f"/api/v1/acts/{act}",
        "/api/v1/agreements",
        f"/api/v1/agreements/{years.agreement}",
        "/api/v1/objects",
        "/api/v1/objects?words=Ransomware",
        f"/api/v1/objects/{years.object}",
        f"/api/v1/views/{far.ref}",
        "/api/v1/partners",
        "/api/v1/states",
        "/api/v1/bodies",
        "/api/v1/people",
        "/api/v1/log",
        "/api/v1/log/entries",
        f"/api/v1/log/entries/{years.entry}",
        "/api/v1/log/alarms",
    ]


def _entered(years: Years) -> Client:
    """A browser in which the person has logged in."""
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(HTTP_HOST="testserver")
    client.force_login(years.everyone, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def _measured(client: Client, path: str, profile: bool) -> Page:  # noqa: FBT001  an option of the command
    """The page once to warm up, once to count its queries, and then `RUNS` times against the clock."""
    from django.core.cache import cache
    from django.db import connection

    status = client.get(path).status_code
    queries: list[str] = []

    def counted(execute, sql, params, many, context):  # noqa: ANN001, ANN202  as Django calls it
        queries.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counted):
        content = client.get(path).getvalue()
    cache.clear()  # the count of requests of one caller, which has a limit
    watch = cProfile.Profile()
    if profile:
        watch.enable()
    runs = [timed(lambda: client.get(path).getvalue()) for _ in range(RUNS)]
    if profile:
        watch.disable()
        print(f"\n## {path}", *dict.fromkeys(queries), sep="\n", file=sys.stderr)
        pstats.Stats(watch, stream=sys.stderr).sort_stats("cumtime").print_stats(45)
    walls, cpus = (
        [value * 1e3 for value in values] for values in zip(*((r.wall, r.cpu) for r in runs), strict=True)
    )
    return Page(
        path,
        status,
        statistics.median(walls),
        max(walls),
        statistics.median(cpus),
        len(queries),
        len(content) / 1000,
    )


if __name__ == "__main__":
    main()
