"""Which indicators of a source are looked for, and why not the others; a source that is poisoned is left out.

What is refused is counted by its reason and shown by a few examples. A source of which many indicators match
everybody is quarantined whole, since nobody knows what else is wrong with it; other sources are not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from comity.base.errors import ComityError
from comity.base.verdict import Ground, Verdict
from comity.engines.patterns.ast import Comparison, Observation, ObservationExpression
from comity.engines.patterns.judging.breadth import narrowed
from comity.engines.patterns.judging.good import KnownGood, Named
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.own import Own, Side
from comity.engines.patterns.parser import parse
from comity.engines.patterns.text import pattern_text
from comity.engines.patterns.values import values_of_test

MOST_BROAD = 100  # refused for their breadth before a source is looked at as a whole
LARGEST_SHARE = 0.1  # of its indicators
EXAMPLES = 5  # that are shown of each reason
BROAD, NARROWED = "detect.broad", "detect.narrowed"
_OURS = "docs/detect.md"
_STIX = "STIX 2.1, section 4.7"


@dataclass(frozen=True, slots=True)
class Unread:
    """What stood in the source of which no indicator could be made."""

    where: str
    problem: str


@dataclass(frozen=True, slots=True)
class Looked:
    """An indicator that is looked for, and the pattern it is looked for by."""

    indicator: Indicator
    pattern: str


@dataclass(frozen=True, slots=True)
class Example:
    """One indicator that was refused or narrowed."""

    ref: str
    ground: Ground


@dataclass(slots=True)
class Report:
    """What became of the indicators of one source."""

    source: str
    read: int = 0
    looked_for: int = 0
    reasons: Counter[str] = field(default_factory=Counter)  # by the rule that refused, or narrowed
    examples: dict[str, list[Example]] = field(default_factory=dict)
    quarantined: Verdict | None = None

    @property
    def refused(self) -> int:
        """How many are not looked for."""
        return self.read - self.looked_for

    def note(self, ref: str, ground: Ground) -> None:
        """Count a reason, and keep it if it is one of the first."""
        self.reasons[ground.rule] += 1
        kept = self.examples.setdefault(ground.rule, [])
        if len(kept) < EXAMPLES:
            kept.append(Example(ref, ground))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What of a source is looked for, and the report."""

    looked: tuple[Looked, ...]
    report: Report


def load(
    source: str, found: Iterable[Indicator | Unread], known: KnownGood, own: Own, now: datetime
) -> Loaded:
    """Judge every indicator of a source, and then the source."""
    report, looked = Report(source), list[Looked]()
    for each in found:
        report.read += 1
        if isinstance(each, Unread):
            report.note(each.where, _ground("unreadable", _OURS, each.problem))
            continue
        pattern, verdict = judge(each, known, own, now)
        for ground in verdict.grounds:
            if ground.rule != "detect.looked-for":
                report.note(each.id, ground)
        if pattern is not None:
            looked.append(Looked(each, pattern))
    report.quarantined = _quarantine(report)
    kept = () if report.quarantined is not None else tuple(looked)
    report.looked_for = len(kept)
    return Loaded(kept, report)


def judge(each: Indicator, known: KnownGood, own: Own, now: datetime) -> tuple[str | None, Verdict]:
    """The pattern by which it is looked for, None if it is refused; and why."""
    refused = _at_sight(each, own, now)
    if refused is not None:
        return None, Verdict.no(refused)
    try:
        tree = parse(each.pattern)
        left = narrowed(tree)
    except ComityError as error:
        return None, Verdict.no(_ground("unreadable", "STIX 2.1, section 9", error.message))
    broad = tuple(f"{one.where} {one.why}" for one in left.broad)
    if left.pattern is None:
        return None, Verdict.no(_ground("broad", _OURS, f"{'; '.join(broad[:EXAMPLES])}."))
    good = _known_alone(each, left.pattern, known, own, now)
    if good is not None:
        return None, Verdict.no(good)
    text = each.pattern if left.pattern is tree else pattern_text(left.pattern)
    if broad:
        return text, Verdict.yes(_ground("narrowed", _OURS, f"Left out: {'; '.join(broad[:EXAMPLES])}."))
    return text, Verdict.yes(_ground("looked-for", _OURS, "It says enough, and is in force."))


def is_poisoned(broad: int, read: int) -> bool:
    """Whether so many of the indicators of a source match everybody that none of them is looked for."""
    return broad >= MOST_BROAD and broad >= LARGEST_SHARE * read


def known_ground(named: Named) -> Ground:
    """Why a value of a list does not count."""
    text = f"{named.value.text[:200]} is known to be good: {named.entry[:200]} in the list."
    return _ground("known-good", f"{named.known.name}, version {named.known.version}", text)


def _at_sight(each: Indicator, own: Own, now: datetime) -> Ground | None:
    """What refuses it before its pattern is read."""
    if each.revoked:
        return _ground("revoked", _STIX, "Its maker revoked it.")
    if each.begins and each.ends and each.ends <= each.begins:
        return _ground("never-valid", _STIX, "It ends before it begins.")
    if each.language != "stix":
        return _ground("language", _STIX, f"Its pattern is in the language {each.language[:60]!r}.")
    word = own.on(each.id, (), now.date())
    return word.ground() if word and word.side is Side.ALLOW else None


def _known_alone(
    each: Indicator, pattern: ObservationExpression, known: KnownGood, own: Own, now: datetime
) -> Ground | None:
    """Where a pattern is one comparison and all it looks for is known to be good: the list that says so.

    What looks for more than that is judged when it matches, by what was seen.
    """
    if not isinstance(pattern, Observation) or not isinstance(pattern.test, Comparison):
        return None
    values = tuple(values_of_test(pattern.test))
    named = [known.names(one) for one in values]
    first = named[0] if named else None
    if first is None or None in named:
        return None
    word = own.on(each.id, chain.from_iterable(values), now.date())
    return None if word is not None and word.side is Side.DENY else known_ground(first)


def _quarantine(report: Report) -> Verdict | None:
    broad = report.reasons[BROAD]
    if not is_poisoned(broad, report.read):
        return None
    text = f"{broad:,} of its {report.read:,} indicators match everybody; none of the others is looked for."
    return Verdict.no(_ground("quarantined", _OURS, text))


def _ground(rule: str, source: str, text: str) -> Ground:
    return Ground(f"detect.{rule}", source, text)
