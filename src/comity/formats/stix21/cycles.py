"""Marking definitions that mark one another in a circle, which section 7.2.1 forbids."""

from __future__ import annotations

from collections.abc import Iterable


def marking_cycles(objects: Iterable[object]) -> tuple[str, ...]:
    """The marking definitions that mark themselves through others, in the order of their ids."""
    marks = {found: refs - {found} for found, refs in map(_marks, objects) if found}
    # What marks nobody that is left, or is marked by nobody that is left, is in no circle.
    while True:
        marked = frozenset().union(*marks.values())
        left = {found: refs & marks.keys() for found, refs in marks.items() if found in marked}
        left = {found: refs for found, refs in left.items() if refs}
        if left == marks:
            return tuple(sorted(marks))
        marks = left


def _marks(value: object) -> tuple[str, frozenset[str]]:
    """A marking definition and what marks it; an empty id for any other value."""
    if not isinstance(value, dict) or value.get("type") != "marking-definition":
        return "", frozenset()
    found, refs = value.get("id"), value.get("object_marking_refs")
    if not isinstance(found, str) or not isinstance(refs, list):
        return "", frozenset()
    return found, frozenset(ref for ref in refs if isinstance(ref, str))
