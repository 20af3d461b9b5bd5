"""The score of an object: what its maker said, what others added, what time and doubt took, part by part.

base      confidence * trust in the giver / 100; without a confidence, the base of its kind
plus      points for each body that saw it, up to a bound
plus      points for each step of an opinion from neutral, up to a bound; together from 0 to 100
times     1 - (days since it was last stated or seen / lifetime) ^ (1 / speed)
minus     points for each body that calls it a false positive, or over
nothing   once it is revoked or no longer valid, or its giver or we ourselves call it wrong or over
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from comity.engines.scoring.parameters import Decay, Model
from comity.engines.scoring.remarks import Kind, Opinion, Remark, Standing
from comity.engines.scoring.scales import in_words

MOST = 100
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a score looks at; `givers` names whoever gave it, the most exact name first."""

    kinds: tuple[str, ...]
    givers: tuple[str, ...]
    stated: datetime
    confidence: int | None = None
    ends: datetime | None = None
    revoked: bool = False
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule added or took, and why."""

    rule: str
    points: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """The part as the API gives it."""
        return {"rule": self.rule, "points": self.points, "text": self.text}


@dataclass(frozen=True, slots=True)
class Score:
    """The score and its parts, whose points add up to it."""

    value: int
    parts: tuple[Part, ...]

    @property
    def words(self) -> str:
        """The parts in one line."""
        return "; ".join(f"{part.points:+d}: {part.text}" for part in self.parts)


@dataclass(slots=True)
class _Sum:
    """The score on its way: each step is rounded, so that the parts add up."""

    exact: float = 0.0
    parts: tuple[Part, ...] = ()

    def becomes(self, exact: float, rule: str, text: str) -> None:
        """Go on with this value, from 0 to 100; a step that changes nothing is no part, but the first."""
        was, self.exact = round(self.exact), min(max(exact, 0.0), float(MOST))
        points = round(self.exact) - was
        if points or not self.parts:
            self.parts += (Part(f"score.{rule}", points, text),)


def score(facts: Facts, model: Model, now: datetime) -> Score | None:
    """The score at a time; None for kinds of which no parameter speaks."""
    decay = decay_of(facts.kinds, model)
    if decay is None:
        return None
    total = _Sum()
    _base(total, facts, decay, model)
    _seen(total, facts.remarks, model)
    _said(total, facts.remarks, model)
    last = last_sign(facts)
    _aged(total, decay, (now - last).total_seconds() / _DAY)
    _doubted(total, facts.remarks, last, model)
    _ended(total, facts, last, now)
    return Score(round(total.exact), total.parts)


def decay_of(kinds: Iterable[str], model: Model) -> Decay | None:
    """Of an object with several kinds of values, the decay of that which lasts longest."""
    known = [model.decays[kind] for kind in kinds if kind in model.decays]
    return max(known, key=lambda decay: (decay.lifetime, -decay.speed, decay.base), default=None)


def last_sign(facts: Facts) -> datetime:
    """When it was last stated by its maker, or seen by anybody."""
    return max([facts.stated, *(each.at for each in _sightings(facts.remarks))])


def _base(total: _Sum, facts: Facts, decay: Decay, model: Model) -> None:
    trust = model.trust(facts.givers)
    stated = decay.base if facts.confidence is None else facts.confidence
    said = (
        f"no confidence is stated: {stated} for its kind"
        if facts.confidence is None
        else f"stated confidence {stated} ({in_words(stated)})"
    )
    kept = "" if trust.weight == MOST else f", of which {trust.weight} % count from this giver"
    total.becomes(stated * trust.weight / 100, "base", said + kept)


def _seen(total: _Sum, remarks: Iterable[Remark], model: Model) -> None:
    sightings = _sightings(remarks)
    if not sightings:
        return
    bodies, states = {each.by for each in sightings}, {each.state for each in sightings if each.state}
    times = sum(each.count for each in sightings)
    among = f" in {_counted(len(states), 'state')}" if states else ""
    added = min(model.weights.most_bodies, model.weights.body * len(bodies))
    text = f"seen {_counted(times, 'time')} by {_counted(len(bodies), 'body', 'bodies')}{among}"
    total.becomes(total.exact + added, "seen", text)


def _said(total: _Sum, remarks: Iterable[Remark], model: Model) -> None:
    newest: dict[str, Opinion] = {}
    for each in sorted(remarks, key=lambda remark: remark.at):
        if each.kind is Kind.OPINION and each.opinion is not None:
            newest[each.by] = each.opinion
    leaning = sum(each.leaning for each in newest.values())
    most = model.weights.most_opinions
    added = min(max(leaning * model.weights.opinion, -most), most)
    text = f"opinions of {_counted(len(newest), 'body', 'bodies')}"
    total.becomes(total.exact + added, "opinions", text)


def _aged(total: _Sum, decay: Decay, days: float) -> None:
    age = max(days, 0.0)
    days_ago = f"{age:.0f} day{'' if round(age) == 1 else 's'} ago"
    text = f"last stated or seen {days_ago}; its kind lasts {decay.lifetime:.0f} days"
    total.becomes(total.exact * decay.left(age), "age", text)


def _doubted(total: _Sum, remarks: Iterable[Remark], last: datetime, model: Model) -> None:
    others = [each for each in remarks if each.standing is Standing.OTHER]
    wrong = {each.by for each in others if each.kind is Kind.FALSE_POSITIVE}
    over = {each.by for each in others if each.kind is Kind.EXPIRED and each.at > last} - wrong
    taken = total.exact - model.weights.false_positive * len(wrong)
    total.becomes(taken, "false-positive", f"a false positive for {_counted(len(wrong), 'body', 'bodies')}")
    taken = total.exact - model.weights.expired * len(over)
    total.becomes(taken, "expired", f"over for {_counted(len(over), 'body', 'bodies')}, and not seen since")


def _ended(total: _Sum, facts: Facts, last: datetime, now: datetime) -> None:
    decisive = [each for each in facts.remarks if each.decisive]
    if facts.revoked:
        total.becomes(0, "revoked", "revoked by its maker")
    if facts.ends is not None and facts.ends <= now:
        total.becomes(0, "valid-until", f"valid until {facts.ends:%Y-%m-%d}")
    for each in decisive:
        if each.kind is Kind.FALSE_POSITIVE:
            total.becomes(0, "false-positive", f"a false positive, {_according(each)}")
        if each.kind is Kind.EXPIRED and each.at > last:
            total.becomes(0, "expired", f"over, {_according(each)}, and not seen since")


def _according(remark: Remark) -> str:
    return "as we say ourselves" if remark.standing is Standing.OWN else "as its giver says"


def _sightings(remarks: Iterable[Remark]) -> list[Remark]:
    """STIX 2.1, section 5.2: a count of 0 says that it was not seen."""
    return [each for each in remarks if each.kind is Kind.SEEN and each.count > 0]


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
