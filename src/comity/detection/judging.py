"""What the engine found, as matches that were judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from comity.base.matches import Event, Match, Shown
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.judging.hits import Rules, Seen, judge_hit, moment_of
from comity.engines.patterns.judging.loading import Looked
from comity.engines.patterns.parser import parse
from comity.engines.patterns.sets.found import Finding
from comity.engines.patterns.values import sought


def judged(
    findings: Iterable[Finding], looked: Mapping[str, Looked], rules: Rules, now: datetime
) -> Iterator[Match]:
    """Each finding with its verdict."""
    return (_match(each, looked[each.indicator], rules, now) for each in findings)


def _match(finding: Finding, looked: Looked, rules: Rules, now: datetime) -> Match:
    shown = [(path_of(each.path), each) for sight in finding.rows for each in sight.values]
    times = [each.time for each in finding.rows if each.time is not None]
    ends = [
        last for each in finding.rows if (last := each.time if each.last is None else each.last) is not None
    ]
    seen = Seen(
        tuple((path, each.value) for path, each in shown),
        moment_of(min(times, default=None), otherwise=now),
        moment_of(max(ends, default=None), otherwise=now),
    )
    return Match(
        indicator=finding.indicator,
        name=looked.indicator.name,
        giver=looked.indicator.source,
        pattern=looked.pattern,
        events=tuple(Event(each.source, each.row, each.event, each.time, each.last) for each in finding.rows),
        shown=tuple(
            dict.fromkeys(Shown(path.object_type, _steps(path), each.value, each.why) for path, each in shown)
        ),
        verdict=judge_hit(looked.indicator, seen, rules),
    )


@lru_cache(maxsize=10_000)
def path_of(text: str) -> ObjectPath:
    """The path that a pattern writes so."""
    (test,) = sought(parse(f"[EXISTS {text}]"))
    return ObjectPath(test.object_type, test.path)


def _steps(path: ObjectPath) -> tuple[str, ...]:
    return tuple(str(each) if isinstance(each, str | int) else "*" for each in path.steps)
