"""Columns held against networks, expressions and numbers: what it costs as these become many."""

from __future__ import annotations

import re
import resource
import string
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

import hyperscan
import numpy as np
import polars as pl

from bench.kit.figures import say, timed
from comity.engines.patterns.ast import Integer, Operator, Text
from comity.engines.patterns.columns.networks import NetworkTable
from comity.engines.patterns.columns.numbers import NumberTable
from comity.engines.patterns.columns.scan import ScanTable
from comity.engines.patterns.columns.scanning.sorting import Way
from comity.engines.patterns.columns.table import ValueTable

MILLION = 1_000_000
RUNS = 3
ROWS, NETWORKS = 5 * MILLION, 100_000
TEXTS, EXPRESSIONS = 500_000, (1_000, 10_000, 100_000)
COMPARISONS = (10, 1_000, 100_000)
PEER_EXPRESSIONS, PEER_TEXTS = 10_000, 20_000  # for an automaton of all: more takes too long
_SEED = 43
_LETTERS = string.ascii_lowercase + string.digits


def networks(quick: bool) -> None:  # noqa: FBT001  the command line's
    """Addresses against networks in one another, and against as many single addresses."""
    size = 10 if quick else 1
    draw = np.random.default_rng(_SEED)
    column = pl.Series(_addresses(draw, ROWS // size))
    count = NETWORKS // size
    lengths = draw.choice([16, 20, 22, 24, 24, 24, 24, 28, 32, 32], count).tolist()
    sought = [f"{each}/{length}" for each, length in zip(_addresses(draw, count), lengths, strict=True)]
    tests = [(Operator.ISSUBSET, Text(each)) for each in sought]
    table = NetworkTable.of(tests, [0] * count, range(count))
    values = ValueTable.of(_addresses(draw, count), [0] * count, range(count))
    hits = len(table.meet(column, [0]).rows)  # the first time trees are made
    mine, theirs = _seconds(lambda: table.meet(column, [0])), _seconds(lambda: values.meet(column, [0]))
    say(f"{len(column):,} addresses, {count:,} networks", f"{mine:.2f} CPU seconds, {hits:,} hits")
    say(
        f"  the same, {count:,} addresses sought as values",
        f"{theirs:.2f} CPU seconds; {mine / theirs:.1f} times",
    )
    say(
        "  the table made",
        f"{_seconds(lambda: NetworkTable.of(tests, [0] * count, range(count))):.2f} CPU seconds",
    )


def numbers(quick: bool) -> None:  # noqa: FBT001  the command line's
    """Ports against orders and equalities."""
    draw = np.random.default_rng(_SEED)
    column = pl.Series(draw.integers(0, 65_536, ROWS // (10 if quick else 1)).astype(np.uint16))
    for count in COMPARISONS:
        constants = draw.integers(0, 2**20, count).tolist()
        tests = [
            (Operator.EQUAL if n else Operator.GREATER, Integer(each)) for n, each in enumerate(constants)
        ]
        table = NumberTable.of(tests, [0] * count, range(count))
        cost = _seconds(partial(table.meet, column, [0]))
        say(f"{len(column):,} ports, {count:,} comparisons", f"{cost:.2f} CPU seconds")


def expressions(quick: bool) -> None:  # noqa: FBT001  the command line's
    """URLs against LIKE and MATCHES, which end alike or do not."""
    random = Random(_SEED)
    urls = pl.Series([_url(random) for _ in range(TEXTS // (10 if quick else 1))])
    for alike in (False, True):
        for count in EXPRESSIONS[: 2 if quick else 3]:
            _expressions(urls, count, list(_made_up(random, count, alike=alike)), alike=alike)
    _automaton_of_all(urls.head(PEER_TEXTS), random)


def _expressions(urls: pl.Series, count: int, tests: list[tuple[Operator, Text]], *, alike: bool) -> None:
    before = _memory()
    made: list[ScanTable] = []
    building = timed(lambda: made.append(ScanTable.of(tests, [0] * count, range(count)))).cpu
    table = made[0]
    table.meet(urls.head(1), [0])
    cost = _seconds(lambda: table.meet(urls, [0]))
    packed = table.packed()
    loading = timed(lambda: ScanTable.unpacked(packed, "bench")).cpu
    ways = np.bincount(table._ways, minlength=len(Way))  # noqa: SLF001  part of the figure
    megabytes = int(urls.str.len_bytes().sum()) / MILLION
    say(
        f"{count:,} expressions that {'end alike' if alike else 'share nothing'}",
        f"{megabytes / cost:.0f} MB per CPU second; made in {building:.1f} s, read again in {loading:.2f} s, "
        f"{len(packed) / MILLION:.1f} MB, memory up by {_memory() - before} MB; "
        f"{ways[Way.GRAM]:,} by rare bytes, {ways[Way.AUTOMATON]:,} in an automaton, "
        f"{ways[Way.ALONE]:,} alone",
    )


def _automaton_of_all(urls: pl.Series, random: Random) -> None:
    """What the obvious way does: the literals of all in one automaton."""
    texts = [each.encode() for each in urls]
    for alike in (False, True):
        held = [
            f".{_word(random, 9)}{_ending(random, alike=alike)}".encode() for _ in range(PEER_EXPRESSIONS)
        ]
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        building = timed(partial(_compile, database, held)).cpu
        cost = timed(partial(_scan, database, texts)).cpu
        say(
            f"  Hyperscan alone, {len(held):,} literals that {'end alike' if alike else 'share nothing'}",
            f"{sum(map(len, texts)) / MILLION / cost:.1f} MB per CPU second, compiled in {building:.1f} s",
        )


def _compile(database: hyperscan.Database, literals: list[bytes]) -> None:
    flags, ids = [hyperscan.HS_FLAG_SINGLEMATCH] * len(literals), list(range(len(literals)))
    database.compile(expressions=literals, ids=ids, elements=len(literals), flags=flags, literal=True)


def _scan(database: hyperscan.Database, texts: list[bytes]) -> None:
    scratch = hyperscan.Scratch(database)
    for each in texts:
        database.scan(each, match_event_handler=_nothing, scratch=scratch)


def _nothing(_id: int, _from: int, _to: int, _flags: int, _context: object) -> None:
    return None


def _made_up(random: Random, count: int, *, alike: bool) -> Iterator[tuple[Operator, Text]]:
    """LIKE and MATCHES as feeds have them; of MATCHES one in a hundred demands nothing rare."""
    for number in range(count):
        name, ending = _word(random, 9), _ending(random, alike=alike)
        plain = re.escape(ending)
        match number % 6 if number % 200 else 6:
            case 0:
                yield Operator.LIKE, Text(f"%.{name}{ending}")
            case 1:
                yield Operator.LIKE, Text(f"%.{name}{ending}/%")
            case 2:
                yield Operator.LIKE, Text(f"http%://{name}{ending}/_%.php")
            case 3:
                yield Operator.MATCHES, Text(rf"^https?://[a-z0-9.-]+\.{name}{plain}/(gate|panel)\.php$")
            case 4:
                yield Operator.MATCHES, Text(rf"(?i)^https?://{name}{plain}/[a-z0-9]{{8,12}}$")
            case 5:
                yield Operator.MATCHES, Text(rf"{name[:6]}-[0-9]{{1,4}}{plain}")
            case _:
                yield (
                    Operator.MATCHES,
                    Text(rf"/[a-z]{{{random.randint(3, 99)}}}\d{{{random.randint(1, 99)}}}\.(php|asp)$"),
                )


def _url(random: Random) -> str:
    host = f"{_word(random, 10)}{_ending(random, alike=random.random() < 0.3)}"
    return f"{random.choice(['http', 'https'])}://{host}/{_word(random, 12)}"


def _ending(random: Random, *, alike: bool) -> str:
    return ".example-cdn.com" if alike else f".{_word(random, 8)}.com"


def _word(random: Random, length: int) -> str:
    return "".join(random.choices(_LETTERS, k=length))


def _addresses(draw: np.random.Generator, count: int) -> list[str]:
    octets = draw.integers(0, 256, (count, 4)).tolist()
    return [".".join(map(str, each)) for each in octets]


def _seconds(work: Callable[[], object]) -> float:
    """Of all threads, the median of some runs."""
    return median(timed(work).cpu for _ in range(RUNS))


def _memory() -> int:
    """What the process holds, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
