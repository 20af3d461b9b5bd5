"""Patterns over observed-data: a set beside the matcher of OASIS, from decoded JSON objects on.

Both are given one list of STIX objects, and patterns that are read already. Ours is timed from that list to
the lines of all matches; the peer, for each pattern, from the list to its first match.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
from stix2matcher.matcher import MatchListener  # type: ignore[import-untyped]  # it carries no types
from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]  # likewise

from bench.kit.figures import say, spread, timed
from comity.engines.patterns.sets.observing import observed
from comity.engines.patterns.sets.patternset import Indicated, PatternSet

RUNS = 5
OBSERVATIONS, PATTERNS, PEERS = 10_000, 1_000, 12  # PEERS: patterns that the peer is given of many
_HOSTS, _ADDRESSES, _FILES = 5_000, 3_000, 2_000
_SEED = 43
_BEGIN = datetime(2026, 11, 22, tzinfo=UTC)


def tell(quick: bool) -> None:  # noqa: FBT001  the only option of all parts
    """One pattern, then many."""
    count = OBSERVATIONS // 10 if quick else OBSERVATIONS
    objects = bundle(count)
    one = ["[domain-name:value = 'host-77.example']"]
    say("one pattern", beside(one, objects, count), "40 times stix2-matcher, at least 15")
    many = patterns(PATTERNS // 10 if quick else PATTERNS)
    say(
        f"{len(many):,} mixed patterns",
        beside(many, objects, count),
        "15,000 times stix2-matcher, at least 5,000",
    )


def beside(texts: Sequence[str], objects: list[dict[str, Any]], count: int) -> str:
    """Observations in a CPU second, ours and theirs; theirs for many patterns from a few of them."""
    made = PatternSet.of(Indicated(f"i{n}", text) for n, text in enumerate(texts))
    first = timed(lambda: observed(made, objects)).cpu
    runs = [timed(lambda: observed(made, objects)).cpu for _ in range(RUNS)]
    some = texts[:: max(1, len(texts) // PEERS)]
    theirs = [timed(lambda text=text: peer(text, objects)).cpu for text in some]  # type: ignore[misc]  # bound at once
    each = sum(theirs) / len(theirs) * len(texts)
    ours = spread([count / run for run in runs], "observations per CPU second")
    figure = f"{ours}, {count / first:,.0f} the first time; stix2-matcher {count / each:,.1f}"
    return f"{figure}; we are {each / median(runs):,.0f} times as fast"


def peer(text: str, objects: list[dict[str, Any]]) -> bool:
    """Whether the matcher of OASIS finds a match."""
    listener = MatchListener([{"type": "bundle", "id": "bundle--1", "objects": objects}], stix_version="2.1")
    Pattern(text).walk(listener)
    return next(listener.matched(), None) is not None


def bundle(count: int) -> list[dict[str, Any]]:
    """Observations of a name and an address, of a file, or of a connection between two addresses."""
    draw = np.random.default_rng(_SEED)
    objects: list[dict[str, Any]] = []
    for number in range(count):
        made = _objects(number, draw)
        at = (_BEGIN + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        data = {"type": "observed-data", "id": f"observed-data--{number}", "number_observed": 1}
        times = {"first_observed": at, "last_observed": at}
        objects += [*made, data | times | {"object_refs": [each["id"] for each in made]}]
    return objects


def _objects(number: int, draw: np.random.Generator) -> list[dict[str, Any]]:
    host, source, target = (int(draw.integers(each)) for each in (_HOSTS, _ADDRESSES, _ADDRESSES))
    match number % 3:
        case 0:
            address = {"type": "ipv4-addr", "id": f"ipv4-addr--{number}", "value": _address(target)}
            name = {"type": "domain-name", "id": f"domain-name--{number}", "value": f"host-{host}.example"}
            return [name | {"resolves_to_refs": [address["id"]]}, address]
        case 1:
            digest = f"{int(draw.integers(_FILES)):064x}"
            held = {"name": f"{host % 50}.exe", "size": host, "hashes": {"SHA-256": digest}}
            return [{"type": "file", "id": f"file--{number}"} | held]
        case _:
            ends = [
                {"type": "ipv4-addr", "id": f"ipv4-addr--{number}-{n}", "value": _address(each)}
                for n, each in enumerate((source, target))
            ]
            refs = {
                "src_ref": ends[0]["id"],
                "dst_ref": ends[1]["id"],
                "protocols": ["tcp"],
                "dst_port": host,
            }
            return [*ends, {"type": "network-traffic", "id": f"network-traffic--{number}"} | refs]


def _address(number: int) -> str:
    return f"198.51.{number // 256}.{number % 256}"


FORMS = (
    "[domain-name:value = 'host-{a}.example']",
    "[file:hashes.'SHA-256' = '{b:064x}']",
    "[network-traffic:dst_ref.value = '{c}' AND network-traffic:dst_port < 2500]",
    "[ipv4-addr:value = '{c}' OR domain-name:value = 'host-{a}.example']",
    "[domain-name:value = 'host-{a}.example'] FOLLOWEDBY [file:hashes.'SHA-256' = '{b:064x}']",
    "([ipv4-addr:value = '{c}'] AND [domain-name:value = 'host-{a}.example']) WITHIN 600 SECONDS",
    "[ipv4-addr:value = '{c}'] REPEATS 2 TIMES WITHIN 300 SECONDS",
)


def patterns(count: int) -> list[str]:
    """Equalities, conjunctions, alternatives, and what joins observations."""
    return [
        FORMS[n % len(FORMS)].format(a=n * 3 % _HOSTS, b=n % _FILES, c=_address(n % _ADDRESSES))
        for n in range(count)
    ]
