"""The parameters of the score: data with a source and a first day each, checked when they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from comity.base.errors import Malformed

OWN, PARTNER, OTHER = "own", "partner", "other"  # givers that need no name
LARGEST = 1 << 20  # characters of a file
MOST_DAYS = 36_500
MOST_SPEED = 100.0
MOST_POINTS = 100
_FILE = "parameters.yaml"

S = TypeVar("S", bound="Step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A value with the reason for it and its first day."""

    source: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay(Step):
    """How a kind of value grows old."""

    kinds: tuple[str, ...]
    lifetime: float  # days
    speed: float
    base: int  # of what its maker gave no confidence

    def left(self, days: float) -> float:
        """What is left of a score after so many days, from 1 down to 0."""
        if days >= self.lifetime:
            return 0.0
        return 1.0 - float((max(days, 0.0) / self.lifetime) ** (1.0 / self.speed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(Step):
    """How many of a hundred points a giver's statement keeps."""

    giver: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights(Step):
    """What the words of others add and take."""

    body: int
    most_bodies: int
    opinion: int
    most_opinions: int
    false_positive: int
    expired: int


@dataclass(frozen=True, slots=True)
class Model:
    """The parameters in force on one day."""

    decays: Mapping[str, Decay]
    trusts: Mapping[str, Trust]
    weights: Weights

    def trust(self, givers: Iterable[str]) -> Trust:
        """That in the first of these givers of whom something is said, and in others if nothing is."""
        return next((self.trusts[giver] for giver in givers if giver in self.trusts), self.trusts[OTHER])


@dataclass(frozen=True, slots=True)
class Parameters:
    """All steps, the oldest first."""

    decays: tuple[Decay, ...]
    trusts: tuple[Trust, ...]
    weights: tuple[Weights, ...]

    def on(self, day: date) -> Model:
        """What is in force on a day; before the first step of something, that step."""
        decays: dict[str, Decay] = {}
        for step in _standing(self.decays, day):
            for kind in step.kinds:
                if step.since <= day or kind not in decays:
                    decays[kind] = step
        trusts: dict[str, Trust] = {}
        for trust in _standing(self.trusts, day):
            if trust.since <= day or trust.giver not in trusts:
                trusts[trust.giver] = trust
        begun = [each for each in self.weights if each.since <= day] or list(self.weights[:1])
        return Model(decays, trusts, begun[-1])


def _standing(steps: Iterable[S], day: date) -> list[S]:
    """Those that have begun, the newest last; then the others, the next first."""
    ordered = sorted(steps, key=lambda step: step.since)
    return [*(each for each in ordered if each.since <= day), *(each for each in ordered if each.since > day)]


@cache
def shipped() -> Parameters:
    """The parameters that come with the product."""
    text = files("comity.engines.scoring").joinpath(_FILE).read_text(encoding="utf-8")
    return read_parameters(text, _FILE)


def read_parameters(text: str, where: str) -> Parameters:
    """The parameters in a YAML text; raises `Malformed` with every problem and its line."""
    if len(text) > LARGEST:
        raise Malformed(where, f"has {len(text):,} characters; at most {LARGEST:,} are read.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise Malformed(where, f"is not YAML: {' '.join(str(error).split())[:300]}") from error
    reading = _Reading()
    lists = reading.lists(node)
    decays = tuple(filter(None, map(reading.decay, lists.get("decay", ()))))
    trusts = tuple(filter(None, map(reading.trust, lists.get("trust", ()))))
    weights = tuple(filter(None, map(reading.weights, lists.get("weights", ()))))
    reading.complete(trusts, weights)
    if reading.problems:
        raise Malformed(where, "; ".join(f"line {line}: {said}" for line, said in sorted(reading.problems)))
    return Parameters(decays, trusts, tuple(sorted(weights, key=lambda step: step.since)))


@dataclass(slots=True)
class _Reading:
    """What was found wrong so far, by line."""

    problems: list[tuple[int, str]] = field(default_factory=list)
    _taken: set[tuple[str, date]] = field(default_factory=set)

    def lists(self, node: yaml.Node | None) -> dict[str, list[yaml.Node]]:
        """The entries of each of the three lists."""
        found: dict[str, list[yaml.Node]] = {}
        for name, value in self._members(node):
            if name not in {"decay", "trust", "weights"} or not isinstance(value, yaml.SequenceNode):
                self._wrong(value, f"{name}: expected lists of decay, trust and weights")
            else:
                found[name] = value.value
        return found

    def decay(self, node: yaml.Node) -> Decay | None:
        """How kinds grow old."""
        entry = self._entry(node, {"kinds": _names, "lifetime": _days, "speed": _speed, "base": _points})
        if entry is None:
            return None
        for kind in entry["kinds"]:
            self._once(node, kind, entry["since"])
        return Decay(**entry)

    def trust(self, node: yaml.Node) -> Trust | None:
        """What a giver's statement keeps."""
        entry = self._entry(node, {"giver": _name, "weight": _points})
        if entry is None:
            return None
        self._once(node, f"giver {entry['giver']}", entry["since"])
        return Trust(**entry)

    def weights(self, node: yaml.Node) -> Weights | None:
        """What the words of others weigh."""
        names = ("body", "most_bodies", "opinion", "most_opinions", "false_positive", "expired")
        entry = self._entry(node, dict.fromkeys(names, _points))
        if entry is None:
            return None
        self._once(node, "weights", entry["since"])
        return Weights(**entry)

    def complete(self, trusts: Iterable[Trust], weights: Iterable[Weights]) -> None:
        """Without these nothing can be scored."""
        if self.problems:
            return
        if OTHER not in {each.giver for each in trusts}:
            self.problems.append((1, f"trust in the giver {OTHER!r} is missing"))
        if not tuple(weights):
            self.problems.append((1, "weights are missing"))

    def _entry(self, node: yaml.Node, readers: Mapping[str, _Read]) -> dict[str, Any] | None:
        """The members of an entry, if all are there and none is wrong."""
        wanted = {**readers, "source": _name, "since": _day}
        before, entry = len(self.problems), dict[str, Any]()
        for name, value in self._members(node):
            read = wanted.get(name)
            if read is None or name in entry:
                self._wrong(value, f"{name}: " + ("stands twice" if name in entry else "is not known here"))
                continue
            try:
                entry[name] = read(_plain(value))
            except ValueError as error:
                self._wrong(value, f"{name}: {error}")
        missing = wanted.keys() - entry.keys()
        if missing and before == len(self.problems):
            self._wrong(node, f"{min(missing)}: is missing")
        return entry if before == len(self.problems) else None

    def _members(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        if isinstance(node, yaml.MappingNode):
            return [(str(_plain(key)), value) for key, value in node.value]
        self._wrong(node, "expected names with values")
        return []

    def _once(self, node: yaml.Node, name: str, since: date) -> None:
        if (name, since) in self._taken:
            self._wrong(node, f"{name} has two entries from {since}")
        self._taken.add((name, since))

    def _wrong(self, node: yaml.Node | None, said: str) -> None:
        self.problems.append((node.start_mark.line + 1 if node is not None else 1, said))


_Read = Callable[[object], Any]


def _plain(node: yaml.Node) -> object:
    """The value of a node, in plain types; a text for what is none."""
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        return None


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected some words")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("expected a list of kinds")
    return tuple(_name(each) for each in value)


def _points(value: object) -> int:
    return int(_number(value, 0, MOST_POINTS, whole=True))


def _days(value: object) -> float:
    return _number(value, 1, MOST_DAYS)


def _speed(value: object) -> float:
    return _number(value, 1 / MOST_SPEED, MOST_SPEED)


def _number(value: object, least: float, most: float, *, whole: bool = False) -> float:
    number = value if type(value) in ((int,) if whole else (int, float)) else None
    if not isinstance(number, (int, float)) or not least <= number <= most:
        raise ValueError(f"expected a {'whole ' if whole else ''}number from {least:g} to {most:g}")
    return float(number)


def _day(value: object) -> date:
    if type(value) is not date:
        raise ValueError("expected a day such as 2026-05-03")
    return value
