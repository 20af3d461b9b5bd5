"""Where a row stands at the places that patterns look at: which column or constant of its layout is there.

A path is walked as it is in objects, from every object of the layout that has its type, and along references.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from comity.base.layouts import Column, Constant, Layout, Path, Seen
from comity.engines.patterns.ast import ANY, ObjectPath, Step
from comity.engines.patterns.matching.places import HASHES, hash_key

_Held = Column | Constant


class Items(Enum):
    """Whether the value at a place is the column's own, or each item of a list in it."""

    NONE = "none"
    EACH = "each"
    ANY = "any"  # each item, or the value where the column has no lists


@dataclass(frozen=True, slots=True)
class Placed:
    """Values that stand at a place."""

    place: ObjectPath


@dataclass(frozen=True, slots=True)
class Standing(Placed):
    """At a place stands what a column holds, or a constant, or something that is only known to be there.

    `root` is the object that the path begins at; `own` says that it is also the one that has the value.
    """

    root: Seen
    own: bool
    column: str | None = None
    items: Items = Items.NONE
    constants: tuple[str | int | bool, ...] = ()


def standings(layout: Layout, places: Iterable[ObjectPath]) -> list[Standing]:
    """All that the rows of a layout have at these places."""
    return [found for place in places for found in _at(layout, place)]


def _at(layout: Layout, place: ObjectPath) -> Iterator[Standing]:
    known = {each.name: each for each in layout.objects}
    for root in layout.objects:
        if place.object_type in root.types:
            own = place.steps[0] not in root.refs
            for column, items, constants in dict.fromkeys(_walked(root, place.steps, known)):
                yield Standing(place, root, own, column, items, constants)


_End = tuple[str | None, Items, tuple[str | int | bool, ...]]  # column, items, constants
_THERE: _End = (None, Items.NONE, ())


def _walked(seen: Seen, steps: Sequence[Step], known: Mapping[str, Seen]) -> Iterator[_End]:
    """What stands at the end of a path that begins at an object."""
    if steps == ("type",):
        yield _THERE
    elif steps[0] in seen.refs:
        yield from _referred(str(steps[0]), seen, steps[1:], known)
    else:
        for path, held in seen.properties.items():
            if _leads(path, steps):
                yield from _held(held, steps[len(path) :], seen, inside=len(path) > len(steps))


def _referred(name: str, seen: Seen, rest: Sequence[Step], known: Mapping[str, Seen]) -> Iterator[_End]:
    several = name.endswith("_refs")
    if not rest or (several and rest == (ANY,)):
        yield _THERE
        return
    if several and rest[0] is not ANY:
        return
    for other in seen.refs[name]:
        yield from _walked(known[other], rest[1:] if several else rest, known)


def _held(
    held: _Held | tuple[_Held, ...], rest: Sequence[Step], seen: Seen, *, inside: bool
) -> Iterator[_End]:
    """What a property gives to a path of which `rest` is left behind it."""
    if inside or (isinstance(held, tuple) and not rest):
        yield _THERE  # a dictionary or a list, which equals nothing, but is there
    elif isinstance(held, tuple):
        if rest == (ANY,):
            for each in held:
                yield _value(each, seen, Items.ANY)
    elif not rest or (rest == (ANY,) and isinstance(held, Column) and held.name != seen.each):
        yield _value(held, seen, Items.EACH if rest else Items.NONE)


def _value(held: _Held, seen: Seen, items: Items) -> _End:
    if isinstance(held, Constant):
        return None, items, (held.value,)
    return held.name, Items.EACH if held.name == seen.each else items, ()


def _leads(path: Path, steps: Sequence[Step]) -> bool:
    """Whether the names of the one begin the other, or are begun by it."""
    name = ""
    for key, step in zip(path, steps, strict=False):
        if not isinstance(step, str) or not (key == step or (name == HASHES and hash_key(key) == step)):
            return False
        name = key
    return True
