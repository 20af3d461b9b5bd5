"""The objects that a row stands for, as its layout says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from comity.base.layouts import Column, Constant, Layout, Path, Seen
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.properties import form_at, read

Row = Mapping[str, Any]
_Object = dict[str, Any]
_VALUE = ("value",)

# What a value has to be for an object of the type.
_KINDS: Mapping[str, frozenset[Kind]] = MappingProxyType({
    "ipv4-addr": frozenset({Kind.IPV4, Kind.NETWORK}),
    "ipv6-addr": frozenset({Kind.IPV6, Kind.NETWORK}),
    "domain-name": frozenset({Kind.DOMAIN, Kind.DOMAIN_TREE}),
    "url": frozenset({Kind.URL}),
    "email-addr": frozenset({Kind.EMAIL}),
    "mac-addr": frozenset({Kind.MAC}),
})  # fmt: skip  # one type to a line


@lru_cache(maxsize=65_536, typed=True)  # logs name the same hosts again and again
def type_of(types: tuple[str, ...], value: Any) -> str:  # noqa: ANN401  whatever a column holds
    """The first type whose `value` reads what is there; the last where none does."""
    return next((each for each in types[:-1] if _reads(each, value)), types[-1])


def _reads(object_type: str, value: Any) -> bool:  # noqa: ANN401  as above
    form = form_at(object_type, _VALUE)
    found = read(form, value)[:1] if form else ()
    if not found or found[0].kind not in _KINDS.get(object_type, ()):
        return False
    return found[0].kind is not Kind.NETWORK or (":" in found[0].text) is (object_type == "ipv6-addr")


def objects_of(row: Row, layout: Layout) -> dict[str, _Object]:
    """The objects of a row by their names; those of a list are numbered from 0."""
    found: dict[str, _Object] = {}
    names: dict[str, list[str]] = {}
    for seen in layout.objects:
        made = [each for each in _each(seen, row) if each is not None]
        names[seen.name] = (
            [seen.name] if seen.each is None else [f"{seen.name}#{n}" for n in range(len(made))]
        )
        names[seen.name] = names[seen.name][: len(made)]
        found |= zip(names[seen.name], made, strict=True)
    for seen in layout.objects:
        for name in names[seen.name]:
            found[name] |= _references(seen, names)
    return found


def _each(seen: Seen, row: Row) -> Iterator[_Object | None]:
    if seen.each is None:
        yield _object(seen, row)
        return
    for item in row.get(seen.each) or ():
        if item is not None:
            yield _object(seen, {**row, seen.each: item})


def _object(seen: Seen, row: Row) -> _Object | None:
    """The object; None where all columns that it is made of are empty."""
    columns = seen.columns
    if columns and not any(is_there(row.get(column)) for column in columns):
        return None
    made: _Object = {"type": type_of_row(seen, row)}
    for path, held in seen.properties.items():
        value = _items(held, row) if isinstance(held, tuple) else _one(held, row)
        if is_there(value):
            _put(made, path, value)
    return made


def type_of_row(seen: Seen, row: Row) -> str:
    """The type that the object has in this row."""
    held = seen.properties.get(_VALUE)
    if len(seen.types) == 1 or held is None or isinstance(held, tuple):
        return seen.types[0]
    value = _one(held, row)
    return seen.types[-1] if isinstance(value, list) else type_of(seen.types, value)


def is_there(value: Any) -> bool:  # noqa: ANN401  as above
    """Whether a column holds something: neither null nor a list of nothing."""
    return any(item is not None for item in value) if isinstance(value, list) else value is not None


def _one(held: Column | Constant, row: Row) -> Any:  # noqa: ANN401  as above
    if isinstance(held, Constant):
        return held.value
    value = row.get(held.name)
    return [each for each in value if each is not None] if isinstance(value, list) else value


def _items(held: Sequence[Column | Constant], row: Row) -> list[Any]:
    values = [_one(each, row) for each in held]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [each for each in flat if each is not None]


def _put(made: _Object, path: Path, value: Any) -> None:  # noqa: ANN401  as above
    inner = made
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
    inner[path[-1]] = value


def _references(seen: Seen, names: Mapping[str, list[str]]) -> _Object:
    found: _Object = {}
    for ref, others in seen.refs.items():
        ids = [name for other in others for name in names[other]]
        if ids:
            found[ref] = ids if ref.endswith("_refs") else ids[0]
    return found
