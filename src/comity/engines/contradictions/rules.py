"""The ways in which two statements contradict each other: one small function for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from comity.engines.contradictions.claims import Claim

MOST_CLAIMS = 200  # of one thing that are compared
_HARMFUL = frozenset({"malicious-activity", "compromised"})
_HARMLESS = frozenset({"benign", "anomalous-activity"})
_LOW, _HIGH = 29, 70  # STIX 2.1, appendix A: Low ends, High begins

Holds = Callable[[Claim, Claim, datetime], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to contradict, where it comes from, and a sentence for people."""

    name: str
    source: str
    text: str
    holds: Holds


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements that cannot both hold, and why."""

    rule: Rule
    one: Claim
    other: Claim


def either_way(holds: Holds) -> Holds:
    """The same, whichever of the two comes first."""
    return lambda one, other, now: holds(one, other, now) or holds(other, one, now)


def harmful_and_harmless(one: Claim, other: Claim, _now: datetime) -> bool:
    """One calls it malicious or compromised; the other benign or unusual, and not harmful as well."""
    return bool(one.types & _HARMFUL and other.types & _HARMLESS and not other.types & _HARMFUL)


def opposite_opinions(one: Claim, other: Claim, _now: datetime) -> bool:
    """One agrees with it, the other disagrees."""
    return one.leaning > 0 > other.leaning


def false_positive(one: Claim, other: Claim, _now: datetime) -> bool:
    """One calls it a false positive; the other states it, or saw it."""
    return one.false_positive and (other.stands or other.seen) and not other.false_positive


def other_label(one: Claim, other: Claim, _now: datetime) -> bool:
    """Both state it, under different TLP labels."""
    both = one.stands and other.stands and one.tlp is not None and other.tlp is not None
    return both and one.tlp is not other.tlp


def confidence_apart(one: Claim, other: Claim, _now: datetime) -> bool:
    """One is of low confidence, the other of high."""
    if one.confidence is None or other.confidence is None:
        return False
    return one.confidence <= _LOW and other.confidence >= _HIGH


def other_attribution(one: Claim, other: Claim, _now: datetime) -> bool:
    """Both attribute it, to different actors."""
    return bool(one.attributed and other.attributed and one.attributed != other.attributed)


def over_and_valid(one: Claim, other: Claim, now: datetime) -> bool:
    """One calls it over by revocation or by its last day; the other still stands by it."""
    return one.stands and other.stands and one.over(now) and not other.over(now)


_TYPES = "STIX 2.1, vocabulary of indicator types"
RULES = (
    Rule("types", _TYPES, "One calls it harmful, the other harmless.", either_way(harmful_and_harmless)),
    Rule("opinions", "STIX 2.1, opinion", "One agrees, the other disagrees.", either_way(opposite_opinions)),
    Rule(
        "false-positive",
        "MISP, sightings of type 1",
        "One calls it a false positive, the other stands by it or saw it.",
        either_way(false_positive),
    ),
    Rule("label", "FIRST TLP 2.0", "It came under different labels; each binds who got it so.", other_label),
    Rule(
        "confidence",
        "STIX 2.1, appendix A",
        "One is of low confidence, the other of high.",
        either_way(confidence_apart),
    ),
    Rule(
        "attribution", "STIX 2.1, attributed-to", "It is attributed to different actors.", other_attribution
    ),
    Rule(
        "validity",
        "STIX 2.1, valid_until and revoked",
        "One calls it over, the other still valid.",
        either_way(over_and_valid),
    ),
)
RULE_NAMED = {rule.name: rule for rule in RULES}


def contradictions(claims: Iterable[Claim], now: datetime) -> Iterator[Contradiction]:
    """Every pair of different people's statements that contradict each other, by each rule that says so."""
    compared = list(claims)[:MOST_CLAIMS]
    for one, other in combinations(compared, 2):
        if one.who != other.who:
            yield from (Contradiction(rule, one, other) for rule in RULES if rule.holds(one, other, now))
