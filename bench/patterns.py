"""Patterns: parsing beside stix2-patterns, and the values of patterns and objects; CPU seconds, one process.

python bench/patterns.py [--quick]
"""

# ruff: noqa: E402  the checkout goes on the path before its modules are imported

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]  # it carries no types

from bench.kit.figures import begin, options, say, spread, timed
from comity.engines.patterns.parser import parse, parse_by_grammar
from comity.engines.patterns.query import understood
from comity.engines.patterns.values import values_of_object, values_of_pattern

RUNS = 7
FORMS = {
    "one address": "[ipv4-addr:value = '198.{a}.{b}.7']",
    "one hash": "[file:hashes.'SHA-256' = '{hash:064x}']",
    "one URL": "[url:value = 'http://host-{a}.example/{hash:x}']",
}
COMPOUND = {
    "three hashes and a name": "[file:hashes.MD5 = '{hash:032x}' OR file:hashes.'SHA-1' = '{hash:040x}'"
    " OR file:hashes.'SHA-256' = '{hash:064x}' OR file:name = 'evil-{a}.exe']",
    "address and port": "[network-traffic:dst_ref.type = 'ipv4-addr'"
    " AND network-traffic:dst_ref.value = '198.{a}.{b}.7' AND network-traffic:dst_port = {a}]",
    "set and times": "[network-traffic:dst_ref.value = '198.{a}.{b}.7'"
    " AND network-traffic:dst_port IN (443, 8443, {b})] REPEATS 5 TIMES WITHIN 1800 SECONDS",
    "followed by": "([file:hashes.MD5 = '{hash:032x}']"
    " FOLLOWEDBY [windows-registry-key:key = 'HKEY_USERS\\\\run-{a}']) WITHIN 300 SECONDS",
    "likeness, order and time": "[(file:name LIKE 'evil-{a}%.exe' OR file:size > {b})"
    " AND file:created >= t'2026-01-13T07:03:17Z']",
}


def main() -> None:
    """All figures of the engine."""
    args = options("Patterns: parsing beside stix2-patterns, and values.").parse_args()
    begin("Patterns")
    ours, theirs = (2_000, 50) if args.quick else (20_000, 500)
    for what, form in (FORMS | COMPOUND).items():
        texts = [form.format(a=n % 256, b=n // 256 % 256, hash=n) for n in range(ours)]
        target = ">= 100,000/s" if what in FORMS else ">= 15,000/s"
        mine, peer = rates(parse, texts), rates(Pattern, texts[:theirs])
        say(f"parse, {what}", spread(mine, "patterns per CPU second"), target)
        say(
            f"  stix2-patterns, {what}",
            f"{spread(peer, 'per CPU second')}; we are {median(mine) / median(peer):,.0f} times as fast",
        )
    texts = [FORMS["one address"].format(a=n % 256, b=n // 256 % 256) for n in range(ours)]
    say("parse without the short cut, one address", spread(rates(parse_by_grammar, texts), "per CPU second"))
    values(ours)


def values(count: int) -> None:
    """What the store asks for when objects come in, and what the search box asks for."""
    for what, form in (FORMS | {"three hashes and a name": COMPOUND["three hashes and a name"]}).items():
        patterns = [parse(form.format(a=n % 256, b=n // 256 % 256, hash=n)) for n in range(count)]
        say(f"values of a pattern, {what}", spread(rates(values_of_pattern, patterns), "per CPU second"))
    indicators = [
        {"type": "indicator", "pattern_type": "stix", "pattern": FORMS["one hash"].format(hash=n)}
        for n in range(count)
    ]
    say(
        "values of an indicator, parsing included",
        spread(rates(values_of_object, indicators), "objects per CPU second"),
    )
    addresses = [{"type": "ipv4-addr", "value": f"198.{n % 256}.{n // 256 % 256}.7"} for n in range(count)]
    say("values of an address", spread(rates(values_of_object, addresses), "objects per CPU second"))
    files = [
        {"type": "file", "name": f"{n}.exe", "hashes": {"SHA-256": f"{n:064x}", "MD5": f"{n:032x}"}}
        for n in range(count)
    ]
    say("values of a file", spread(rates(values_of_object, files), "objects per CPU second"))
    words = [f"hxxp://host-{n}[.]example/a" for n in range(count)]
    say("words of a search", spread(rates(understood, words), "per CPU second"))


def rates(work: Callable[[Any], object], items: Sequence[Any]) -> list[float]:
    """How many of the items are done in a second of CPU, in each of some runs."""

    def all_of_them() -> None:
        for item in items:
            work(item)

    return [len(items) / timed(all_of_them).cpu for _ in range(RUNS)]


if __name__ == "__main__":
    main()
