"""Selectors of granular markings (section 7.2.3.1): they must name what is there."""

from __future__ import annotations

from typing import Any

from comity.formats.stix21.finding import FINE, Problem, Problems, Rule, shown, under

_MAX_DIGITS = 9


def unresolved(value: dict[str, Any]) -> Problems:
    """The selectors in well-formed granular markings that select nothing."""
    problems: Problems = FINE
    for place, marking in enumerate(value["granular_markings"]):
        for index, selector in enumerate(marking["selectors"]):
            if not _selects(value, selector):
                wrong = Problem(Rule.SELECTOR, f"{shown(selector)} selects nothing in the object", "7.2.3")
                problems += under(
                    "granular_markings", under(place, under("selectors", under(index, (wrong,))))
                )
    return problems


def _selects(value: object, selector: str) -> bool:
    for step in selector.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step[0] == "[" and _index(step) < len(value):
            value = value[_index(step)]
        else:
            return False
    return True


def _index(step: str) -> int:
    """The index in brackets; one that is longer than any list counts as the longest."""
    return int(step[1:-1][:_MAX_DIGITS]) if len(step) <= _MAX_DIGITS + 2 else 10**_MAX_DIGITS
