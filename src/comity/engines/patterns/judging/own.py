"""What the operator says: values, networks and indicators that may occur, and those that always count.

A small file in YAML or JSON: each entry has a reason and, where it does not hold for good, its last day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

import yaml

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.base.verdict import Ground
from comity.engines.patterns import normal
from comity.engines.patterns.defanged import refanged
from comity.engines.patterns.kinds import Kind, Value

LARGEST = 4 << 20  # characters of the file
MOST_WORDS = 100_000
_SOURCE = "the operator"
_ROOT = "the file"


class Side(Enum):
    """What is said of a value."""

    ALLOW = "allow"  # it may occur: a hit on it is set aside
    DENY = "deny"  # it counts, whatever lists, age and validity say


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said, and why."""

    side: Side
    subject: str
    reason: str
    until: date | None = None  # the last day on which it holds

    def ground(self) -> Ground:
        """As it stands with a verdict."""
        does = "may occur" if self.side is Side.ALLOW else "counts"
        until = f" until {self.until:%Y-%m-%d}" if self.until else ""
        rule = "detect.allowed" if self.side is Side.ALLOW else "detect.denied"
        return Ground(rule, _SOURCE, f"{self.subject} {does}{until}: {self.reason}")


@dataclass(slots=True)
class Own:
    """All that the operator says."""

    words: list[Word] = field(default_factory=list)
    _by_key: dict[str, list[Word]] = field(default_factory=dict)
    _networks: list[tuple[bytes, bytes, Word]] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, where: str = _ROOT) -> Own:
        """What a file says; raises `Malformed` with the place of what is wrong."""
        if len(text) > LARGEST:
            raise TooLarge(where, f"has {len(text):,} characters; at most {LARGEST:,} are read.")
        try:
            told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  it makes nothing but texts, lists, mappings
        except (yaml.YAMLError, RecursionError) as error:
            raise Malformed(where, f"is not YAML: {' '.join(str(error).split())[:300]}") from error
        fields = Fields({} if told in ("", None) else told, where)
        found = cls()
        for side in Side:
            for each in fields.objects(side.value, most=MOST_WORDS) if fields.has(side.value) else ():
                found._add(side, each)
        fields.nothing_else()
        return found

    def on(self, indicator: str, values: Iterable[Value], day: date) -> Word | None:
        """What is said of an indicator, or of a value: that it counts weighs more than that it may occur."""
        said = [each for each in self._said(indicator, values) if each.until is None or day <= each.until]
        return min(said, key=lambda each: each.side is Side.ALLOW, default=None)

    def _said(self, indicator: str, values: Iterable[Value]) -> Iterator[Word]:
        yield from self._by_key.get(indicator, ())
        for value in values:
            yield from self._by_key.get(value.text.lower(), ())
            yield from self._of_trees(value)
            if value.low is not None and value.high is not None:
                for low, high, word in self._networks:
                    if low <= value.low and value.high <= high:
                        yield word

    def _of_trees(self, value: Value) -> Iterator[Word]:
        above = value.text if value.kind in {Kind.DOMAIN, Kind.DOMAIN_TREE} else ""
        while above:
            yield from self._by_key.get(f"*.{above}", ())
            above = above.partition(".")[2]

    def _add(self, side: Side, told: Fields) -> None:
        named = [name for name in ("value", "network", "indicator") if told.has(name)]
        if len(named) != 1:
            raise Malformed(told.where, "names one of `value`, `network` and `indicator`.")
        subject = told.line(named[0], limit=normal.LONGEST_VALUE)
        until = told.day("until") if told.has("until") else None
        word = Word(side, subject, told.line("reason"), until)
        told.nothing_else()
        if named[0] == "network":
            self._add_network(told, word)
        else:
            key = subject if named[0] == "indicator" else _key(subject)
            self._by_key.setdefault(key, []).append(word)
        self.words.append(word)

    def _add_network(self, told: Fields, word: Word) -> None:
        found = normal.address(word.subject)
        if not found or found[0].low is None or found[0].high is None:
            raise Malformed(told.at("network"), f"{word.subject[:60]!r} is neither an address nor a network.")
        self._networks.append((found[0].low, found[0].high, word))


def _key(subject: str) -> str:
    """A value in its normal form; a name with all beneath it keeps its `*.`."""
    found = normal.guessed(subject) or normal.guessed(refanged(subject))
    if not found:
        return subject.strip().lower()
    return f"*.{found[0].text}" if found[0].kind is Kind.DOMAIN_TREE else found[0].text.lower()
