"""Patterns, one after the other, into what a set is made of; what cannot be compiled has its reason told."""

from __future__ import annotations

from dataclasses import dataclass, field

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, ObjectPath, ObservationExpression, Operator, Text
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.normal import Form
from comity.engines.patterns.parser import parse
from comity.engines.patterns.properties import form_at
from comity.engines.patterns.sets.anchors import anchors, constants_of, in_table, needs_presence, simple
from comity.engines.patterns.sets.places import Places, Reading, place_of
from comity.engines.patterns.sets.readings import texts_of_constant
from comity.engines.patterns.sets.tables import Draft

KEPT = 2**31  # added to the number of an owner whose pattern has to be tried on what the tables meet


@dataclass(frozen=True, slots=True)
class Refused:
    """A pattern that is not in the set, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class Parts:
    """What a set is made of, as lists that grow."""

    places: Places
    draft: Draft = field(default_factory=Draft)
    present: set[tuple[int, int]] = field(default_factory=set)  # place, owner
    kept: dict[int, str] = field(default_factory=dict)
    named: dict[int, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    _known: dict[ObjectPath, tuple[ObjectPath, Form | None]] = field(default_factory=dict)

    def add(self, number: int, name: str, text: str) -> None:
        """One pattern; one that cannot be read, or asks for too much, is refused."""
        try:
            pattern = parse(text)
            equalities = simple(pattern)
            if equalities is None:
                self._keep(number, text, pattern)
            else:
                for each in equalities:
                    self._look_up(each, number)
        except Malformed as error:
            self.refused.append(Refused(name, str(error)))
        else:
            self.named[number] = name

    def _keep(self, number: int, text: str, pattern: ObservationExpression) -> None:
        tests = Matcher(pattern).tests  # raises what is wrong with its expressions
        for comparison in dict.fromkeys(each for test in tests for each in anchors(test.test).comparisons):
            self._anchor(comparison, number + KEPT)
        self.kept[number] = text

    def _anchor(self, test: Comparison, owner: int) -> None:
        if in_table(test):
            self._look_up(test, owner)
        elif needs_presence(test):
            # A value that is not so is a value; NOT EXISTS asks for no value, only for the object.
            absent = test.negated and test.operator is Operator.EXISTS
            path = ObjectPath(test.path.object_type, ("type",)) if absent else test.path
            self.present.add((self._number(path, Reading.KEY), owner))
        else:
            self.draft.add(test, self._number(test.path, Reading.KEY), owner)

    def _look_up(self, test: Comparison, owner: int) -> None:
        place, form = self._place(test.path)
        for constant in constants_of(test):
            if isinstance(constant, Text):
                number = self.places.number(place, Reading.KEY)
                self.draft.add_value(form, constant.value, number, owner)
                continue
            for reading, text in texts_of_constant(form, constant):
                self.draft.add_value(None, text, self.places.number(place, reading), owner)

    def _number(self, path: ObjectPath, reading: Reading) -> int:
        return self.places.number(self._place(path)[0], reading)

    def _place(self, path: ObjectPath) -> tuple[ObjectPath, Form | None]:
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = place_of(path), form_at(path.object_type, path.steps)
        return found
