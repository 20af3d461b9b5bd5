"""Places: where in objects patterns look, numbered, and what a value is read as there.

Two paths that differ in the index of an item or in the spelling of a hash algorithm are one place; what
is found there still meets the exact path.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from comity.base.errors import TooLarge
from comity.engines.patterns.ast import ANY, ObjectPath, Step
from comity.engines.patterns.matching.places import HASHES, hash_key

MOST_PLACES = 2**16 - 1  # each with what it is read as: the tables keep their numbers in 16 bits
REFERENCES = ("_ref", "_refs")
BYTES = ("_hex", "_bin")  # names of properties that hold bytes, written as text


class Reading(Enum):
    """What the text in a table is: the key of a value by what it means in its place, or a number."""

    KEY = "key"
    NUMBER = "number"


Key = tuple[ObjectPath, Reading]


def place_of(path: ObjectPath) -> ObjectPath:
    """The place of a path."""
    steps: list[Step] = []
    name = ""
    for step in path.steps:
        if isinstance(step, str):
            steps.append(hash_key(step) if name == HASHES else step)
            name = step
        else:
            steps.append(ANY)
    return ObjectPath(path.object_type, tuple(steps))


def last_name(path: ObjectPath) -> str:
    """The property that a path ends at, whichever of its items."""
    return next(step for step in reversed(path.steps) if isinstance(step, str))


def is_told(path: ObjectPath) -> bool:
    """Whether a column or a property holds the value, and not only the shape of the objects."""
    return last_name(path) != "type" and not last_name(path).endswith(REFERENCES)


def is_referring(path: ObjectPath) -> bool:
    """Whether the path may lead on to another object."""
    return any(isinstance(step, str) and step.endswith(REFERENCES) for step in path.steps)


def is_whole(path: ObjectPath) -> bool:
    """Whether all values at the place of the path are values of the path: it names no index of an item."""
    return not any(isinstance(step, int) for step in path.steps)


class Places:
    """The numbers of places, given as they are met."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self.keys = list(keys)
        self._numbers = {key: number for number, key in enumerate(self.keys)}

    def number(self, place: ObjectPath, reading: Reading) -> int:
        """The number of the place read so; a new one where it has none."""
        key = (place, reading)
        found = self._numbers.get(key)
        if found is None:
            if len(self.keys) == MOST_PLACES:
                raise TooLarge("a set of patterns", f"looks at more than {MOST_PLACES:,} places.")
            found = self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    def of(self, place: ObjectPath) -> dict[Reading, int]:
        """The numbers that a place has."""
        found = {reading: self._numbers.get((place, reading)) for reading in Reading}
        return {reading: number for reading, number in found.items() if number is not None}

    def copy(self) -> Places:
        """The same numbers, to which others may be added."""
        return Places(self.keys)

    def all(self) -> Iterable[ObjectPath]:
        """Each place once."""
        return dict.fromkeys(place for place, _ in self.keys)
