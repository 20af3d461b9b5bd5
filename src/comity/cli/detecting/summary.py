"""What a run came to: indicators, logs, hits and what was set aside, and whether all could be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from comity.base.matches import Match
from comity.cli.output import Output
from comity.detection.gathering import Indicators
from comity.engines.patterns.judging.loading import Report
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.watching import Open
from comity.formats.telemetry.tally import Tally, Unread

_MOST_HITS = 20  # indicators that are listed
_MOST_LISTED = 20

NOTHING, INCOMPLETE, HITS, HITS_INCOMPLETE = 0, 1, 3, 4


@dataclass(slots=True)
class Outcome:
    """Counts that grow while matches come."""

    hits: int = 0
    aside: Counter[str] = field(default_factory=Counter)  # by rule
    by_indicator: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, match: Match) -> None:
        """Count a match."""
        if not match.counts:
            self.aside[match.verdict.grounds[0].rule] += 1
            return
        self.hits += 1
        self.by_indicator[match.indicator] += 1
        self.names.setdefault(match.indicator, match.name)


@dataclass(frozen=True, slots=True)
class Run:
    """All that a summary tells of."""

    indicators: Indicators
    outcome: Outcome
    tally: Tally
    open: Open
    refused: tuple[Refused, ...]  # patterns that ask for more than is tried
    filtered: int  # rows outside the time that was asked for
    seconds: float

    @property
    def incomplete(self) -> bool:
        """Whether something was not looked at: then no hit does not mean that there is none."""
        broken = self.tally.unread or self.tally.broken or self.indicators.broken
        nothing = not (self.indicators.read and self.tally.sources)
        return bool(nothing or broken or self.refused or self.open.aside or self.open.let_go)

    @property
    def status(self) -> int:
        """The exit status."""
        if self.outcome.hits:
            return HITS_INCOMPLETE if self.incomplete else HITS
        return INCOMPLETE if self.incomplete else NOTHING


def tell(run: Run, output: Output) -> int:
    """Tell everything, the sum last; the exit status."""
    _tell_sources(run.indicators, output)
    for each in _problems(run):
        output.give({"problem": each}, f"! {each}")
    _tell_matches(run.outcome, output)
    speed = run.tally.rows / run.seconds if run.seconds > 0 else 0
    line = (
        f"{run.outcome.hits:,} hits of {len(run.outcome.by_indicator):,} indicators"
        f" in {run.tally.rows:,} rows of {run.tally.sources:,} logs"
        f" ({run.seconds:.1f} s, {speed:,.0f} rows a second);"
        f" {run.outcome.aside.total():,} matches set aside."
    )
    left = " Not all could be looked at, see above." if run.incomplete else ""
    output.give(_as_json(run), "", line + left, style="bold red" if run.outcome.hits else "green")
    return run.status


def _tell_sources(indicators: Indicators, output: Output) -> None:
    """Sources of which something is not looked for, and an example of each reason."""
    reports = indicators.reports
    partly = [each for each in reports if each.refused or each.reasons]
    rows = [
        {
            "source": each.source,
            "indicators": each.read,
            "looked for": each.looked_for,
            "reasons": [f"{rule} {count:,}" for rule, count in each.reasons.most_common()],
        }
        for each in partly[:_MOST_LISTED]
    ]
    if rows:
        output.table("not looked for", rows)
    if more := len(partly) - len(rows):
        output.give({"more_sources": more}, f"  … and {more:,} more")
    for line in (*_quarantines(reports), *_examples(reports)):
        output.give({"note": line}, f"- {line}")
    looked, read = len(indicators.looked), indicators.read
    output.give(
        {"indicators": read, "looked_for": looked, "sources": len(reports)},
        f"{looked:,} of {read:,} indicators of {len(reports):,} sources are looked for.",
    )


def _quarantines(reports: list[Report]) -> Iterator[str]:
    for each in reports:
        if each.quarantined is not None:
            yield f"{each.source} is quarantined: {each.quarantined.grounds[0].text}"


def _examples(reports: list[Report]) -> Iterator[str]:
    """The first example of each reason."""
    told: set[str] = set()
    for report in reports:
        for rule, examples in report.examples.items():
            if rule not in told:
                told.add(rule)
                yield f"{rule}, such as {report.source}, {examples[0].ref}: {examples[0].ground.text}"


def _tell_matches(outcome: Outcome, output: Output) -> None:
    hits = [
        {"indicator": ref, "name": outcome.names[ref], "hits": count}
        for ref, count in outcome.by_indicator.most_common(_MOST_HITS)
    ]
    output.table("hits", hits)
    aside = [{"reason": rule, "matches": count} for rule, count in outcome.aside.most_common()]
    if aside:
        output.table("set aside", aside)


def _problems(run: Run) -> Iterator[str]:
    """What was not looked at, and what was taken for granted."""
    if not run.indicators.read:
        yield "There is no indicator in what -i names."
    if not run.tally.sources:
        yield "There is no log: the folders hold no file."
    yield from (each.message for each in run.indicators.broken)
    yield from map(str, run.tally.breaks)
    yield from _unread(run.tally)
    yield from _told("was not tried", run.refused)
    yield from _told("was tried no more", run.open.aside)
    for count, what in (
        (run.open.let_go, "rows that waited for the rest of a pattern had to make room"),
        (run.open.undated, "rows fit a part of a pattern that asks when, and have no time"),
        (run.tally.strange, "lines hold bytes that are no UTF-8; each is kept as \\xHH"),
        (run.tally.unfit, "values are not of their column's kind, and count as empty"),
        (run.tally.timeless, "rows have no time that can be read"),
        (run.tally.zoneless, "rows have a time without a zone; --zone says which"),
        (run.filtered, "rows lie outside --since and --until"),
    ):
        if count:
            yield f"{count:,} {what}."


def _told(what: str, patterns: tuple[Refused, ...]) -> Iterator[str]:
    for each in patterns[:_MOST_LISTED]:
        yield f"{each.name} {what}: {each.reason}"
    if len(patterns) > _MOST_LISTED:
        yield f"… and {len(patterns) - _MOST_LISTED:,} more patterns."


def _unread(tally: Tally) -> Iterator[str]:
    if tally.unread:
        shown: list[Unread] = tally.samples
        yield f"{tally.unread:,} lines could not be read, such as:"
        yield from map(str, shown)


def _as_json(run: Run) -> dict[str, object]:
    return {
        "command": "detect",
        "hits": run.outcome.hits,
        "indicators_hit": len(run.outcome.by_indicator),
        "set_aside": dict(run.outcome.aside),
        "indicators": len(run.indicators.looked),
        "quarantined": [each.source for each in run.indicators.reports if each.quarantined is not None],
        "sources": run.tally.sources,
        "rows": run.tally.rows,
        "bytes": run.tally.read,
        "unread": run.tally.unread,
        "broken": run.tally.broken + len(run.indicators.broken),
        "patterns_aside": len(run.open.aside) + len(run.refused),
        "complete": not run.incomplete,
        "seconds": round(run.seconds, 3),
    }
