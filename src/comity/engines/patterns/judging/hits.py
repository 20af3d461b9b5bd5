"""Whether a match counts as a hit: by the operator's words, the indicator's validity, known values, age."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from comity.base.verdict import Ground, Verdict
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import known_ground
from comity.engines.patterns.judging.own import Own, Side
from comity.engines.patterns.kinds import Value
from comity.engines.patterns.properties import form_at, read

EARLY = timedelta(days=90)  # before `valid_from`: who shares an indicator has mostly seen it for a while
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STIX = "STIX 2.1, section 4.7"


@dataclass(frozen=True, slots=True)
class Worth:
    """How much an indicator was worth at a time, from 0 to 100, and why."""

    value: int
    words: str


Weigh = Callable[[Indicator, datetime], Worth]


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides whether a match counts; without `weigh` no age is asked for."""

    known: KnownGood = field(default_factory=KnownGood)
    own: Own = field(default_factory=Own)
    early: timedelta = EARLY
    least: int = 1  # worth, below which a match is set aside
    weigh: Weigh | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a match shows: the values at their places, and when the first and last of them were seen."""

    values: tuple[tuple[ObjectPath, Any], ...]
    first: datetime
    last: datetime


def moment_of(microseconds: int | None, *, otherwise: datetime) -> datetime:
    """The time that a row tells; where it tells none, or one that no calendar has, the other."""
    if microseconds is None:
        return otherwise
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return otherwise


def judge_hit(indicator: Indicator, seen: Seen, rules: Rules) -> Verdict:
    """Yes: it counts. No: it is set aside. The first that decides speaks."""
    values = [read(form, raw) for path, raw in seen.values if (form := form_at(path.object_type, path.steps))]
    firsts = [each[0] for each in values if each]
    word = rules.own.on(indicator.id, firsts, seen.last.date())
    if word is not None:
        return (Verdict.no if word.side is Side.ALLOW else Verdict.yes)(word.ground())
    aside = (
        _out_of_time(indicator, seen, rules)
        or _all_good(values, rules.known)
        or _faded(indicator, seen, rules)
    )
    return Verdict.no(aside) if aside is not None else Verdict.yes(_hit(firsts))


def _out_of_time(indicator: Indicator, seen: Seen, rules: Rules) -> Ground | None:
    if indicator.ends is not None and seen.first >= indicator.ends:
        return _ground(
            "expired", _STIX, f"It was valid until {_day(indicator.ends)}, and was seen {_day(seen.first)}."
        )
    if indicator.begins is not None and seen.last < indicator.begins - rules.early:
        text = f"It is valid from {_day(indicator.begins)}, and was seen {_day(seen.last)}: more than"
        return _ground("too-early", _STIX, f"{text} {rules.early.days} days before.")
    return None


def _all_good(values: Iterable[tuple[Value, ...]], known: KnownGood) -> Ground | None:
    """Where every value that lists can speak of is known to be good, the first of them."""
    named = [known.names(each) for each in values if each]
    first = named[0] if named else None
    return known_ground(first) if first is not None and None not in named else None


def _faded(indicator: Indicator, seen: Seen, rules: Rules) -> Ground | None:
    if rules.weigh is None:
        return None
    worth = rules.weigh(indicator, seen.first)
    if worth.value >= rules.least:
        return None
    text = f"It was worth {worth.value} of 100 then, less than {rules.least}: {worth.words}."
    return _ground("faded", "docs/detect.md", text)


def _hit(values: list[Value]) -> Ground:
    shown = ", ".join(dict.fromkeys(each.text[:120] for each in values[:3]))
    text = f"{shown} is what the indicator looks for." if shown else "The pattern is met."
    return _ground("hit", "STIX 2.1, section 9", text)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _ground(rule: str, source: str, text: str) -> Ground:
    return Ground(f"detect.{rule}", source, text)
