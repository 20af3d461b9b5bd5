"""A format from its table: YAML that people write, checked whole, every problem with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import polars as pl
import yaml

from comity.base.layouts import Column, Constant, Layout, Path, Seen
from comity.formats.telemetry.tables import (
    Derived,
    Format,
    Framing,
    Kind,
    Marks,
    TimeForm,
    Way,
    When,
)
from comity.formats.telemetry.told import Problems, Told, opened

_FORMS = {each.value: each for each in TimeForm}
_LIKE = re.compile(r"^like\s*:", re.MULTILINE)
_LONGEST = 4_000  # characters of an expression


def read_format(text: str, name: str, where: str, others: Mapping[str, Format]) -> Format:
    """The format in a YAML text; raises `Malformed` with every problem and its line.

    One that is `like` another of these has its fields, columns and objects, under other names.
    """
    told = opened(text, where)
    found = _like(told, name, others) if told.has("like") else _format(told, name)
    told.nothing_else()
    told.problems.raise_any()
    return found


def is_like_another(text: str) -> bool:
    """Whether it needs others to be read; asked of the text, reading it twice would take twice as long."""
    return _LIKE.search(text) is not None


def _like(told: Told, name: str, others: Mapping[str, Format]) -> Format:
    other = others.get(like := told.text("like"))
    if other is None:
        told.wrong(f"like: there is no format {like!r}")
        return _format(told, name)
    under, named = told.text("under"), told.told("names")
    names = {each: f"{under}.{each}" for each in other.fields} if under else dict(other.names)
    for each, said in (named.each_text() if named else {}).items():
        names[_known(told, each, other.fields)] = said
    return replace(
        other,
        name=name,
        title=told.text("title", needed=True),
        told=told.text("told") or other.told,
        framing=(told.choice("framing", Framing) if told.has("framing") else None) or other.framing,
        separator=_one(told, "separator") or other.separator,
        marks=_marks(told),
        names=names,
        layout=replace(other.layout, name=name),
    )


def _format(told: Told, name: str) -> Format:
    framing = told.choice("framing", Framing) or Framing.CSV
    fields = _fields(told)
    derived = _derived(told, set(fields))
    kinds = {**fields, **{each.name: each.kind for each in derived}}
    found = Format(
        name=name,
        title=told.text("title", needed=True),
        told=told.text("told", needed=True),
        framing=framing,
        marks=_marks(told),
        fields=fields,
        columns=derived,
        time=_when(told, "time", kinds),
        last=_when(told, "last", kinds),
        separator=_one(told, "separator") or ",",
        comment=_one(told, "comment"),
        given=told.texts("columns-given"),
        expressions=told.texts("expressions"),
        layout=_layout(told, name, kinds),
    )
    _check(found, told)
    return found


def _check(found: Format, told: Told) -> None:
    if (found.framing is Framing.LINES) != bool(found.expressions):
        told.wrong("expressions: belong to the framing lines, and to no other")
    if found.framing is Framing.JSON:
        for name in found.fields:
            above = next((each for each in found.fields if name.startswith((f"{each}.", f"{each}[]."))), None)
            if above is not None:
                told.wrong(f"fields: {name!r} stands beneath the field {above!r}")
    groups = {name for each in found.expressions for name in _groups(each, told)}
    if found.framing is Framing.LINES and not told.problems.found:
        for name in sorted(found.fields.keys() - groups):
            told.wrong(f"fields: no expression has a group {name!r}")


def _groups(expression: str, told: Told) -> list[str]:
    if not _is_expression(expression):
        told.wrong(f"expressions: {expression[:80]!r} is no expression that can be searched for")
        return []
    return list(pl.Series([""]).str.extract_groups(expression).struct.fields)


def _is_expression(text: str) -> bool:
    """Whether the engine that searches without going back reads it; nothing else is ever used."""
    if len(text) > _LONGEST:
        return False
    try:
        pl.Series([""]).str.contains(text)
    except pl.exceptions.ComputeError:
        return False
    return True


def _one(told: Told, name: str) -> str:
    said = told.text(name)
    said = {"tab": "\t", "space": " "}.get(said, said)
    if len(said) > 1:
        told.wrong(f"{name}: expected one character, or tab or space")
    return said[:1]


def _fields(told: Told) -> dict[str, Kind]:
    """Lists of names under each kind."""
    fields: dict[str, Kind] = {}
    inner = told.told("fields")
    if inner is None:
        told.wrong("fields: are missing")
        return fields
    for kind in Kind:
        for name in inner.texts(kind.value):
            if name in fields:
                inner.wrong(f"{name}: stands twice")
            fields[name] = kind
    inner.nothing_else()
    return fields


def _marks(told: Told) -> Marks:
    inner = told.told("recognise")
    if inner is None:
        return Marks()
    words = inner.told("words")
    found = Marks(
        path=inner.text("path"),
        keys=inner.texts("keys"),
        names=inner.texts("names"),
        words=words.each_texts() if words else {},
    )
    inner.nothing_else()
    return found


def _when(told: Told, name: str, kinds: Mapping[str, Kind]) -> When | None:
    inner = told.told(name)
    if inner is None:
        return None
    seconds = inner.has("seconds")
    column = _known(inner, inner.text("seconds" if seconds else "from", needed=True), kinds)
    forms = () if seconds else _forms(inner, "form") or (TimeForm.ISO,)
    inner.nothing_else()
    return When(column, forms, seconds)


def _forms(told: Told, name: str) -> tuple[TimeForm | str, ...]:
    said = told.texts(name)
    for each in said:
        if each not in _FORMS and "%" not in each:
            told.wrong(f"{name}: {each!r} is neither {', '.join(_FORMS)} nor a form such as %Y-%m-%d")
    return tuple(_FORMS.get(each, each) for each in said)


def _known(told: Told, name: str, kinds: Mapping[str, Kind] | set[str]) -> str:
    if name and name not in kinds:
        told.wrong(f"{name!r} is neither a field nor a column above")
    return name


def _derived(told: Told, known: set[str]) -> tuple[Derived, ...]:
    inner = told.told("columns")
    found: list[Derived] = []
    for name, node in inner.rest() if inner else ():
        each = _column(name, node, told.problems, known)
        known.add(name)
        found.append(each)
    return tuple(found)


def _column(name: str, node: yaml.Node, problems: Problems, known: set[str]) -> Derived:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    kind, ways = Kind.TEXT, list[Way]()
    for each in nodes:
        told = Told(each, problems)
        if told.has("is"):
            kind = told.choice("is", Kind) or kind
        ways.append(_way(told, known))
        told.nothing_else()
    if name in known:
        problems.add(node, f"{name}: there is a field or column of this name")
    return Derived(name, kind, tuple(ways))


def _way(told: Told, known: set[str]) -> Way:
    words, only, unless = (told.told(name) for name in ("words", "only", "unless"))
    found = Way(
        source=_known(told, told.text("from"), known),
        template=told.text("template"),
        part=told.text("part"),
        every=told.text("every"),
        split=told.text("split"),
        without=told.text("without"),
        lower=told.truth("lower"),
        words=words.each_text() if words else {},
        only=only.each_texts() if only else {},
        unless=unless.each_texts() if unless else {},
        time=_forms(told, "time"),
    )
    if bool(found.source) == bool(found.template):
        told.wrong("expected either from or template")
    for name, each in (("part", found.part), ("every", found.every)):
        if each and not _is_expression(each):
            told.wrong(f"{name}: {each[:80]!r} is no expression that can be searched for")
    for each in sorted(found.fields - {found.source}):
        _known(told, each, known)
    return found


def _layout(told: Told, name: str, kinds: Mapping[str, Kind]) -> Layout:
    ref = _known(told, told.text("ref"), kinds) or None
    inner = told.told("objects")
    if inner is None:
        told.wrong("objects: are missing")
        return Layout(name, ())
    seen = [_seen(each, node, told.problems, kinds) for each, node in inner.rest()]
    try:
        return Layout(name, tuple(filter(None, seen)), ref)
    except ValueError as error:
        if not told.problems.found:
            inner.wrong(str(error))
        return Layout(name, ())


def _seen(name: str, node: yaml.Node, problems: Problems, kinds: Mapping[str, Kind]) -> Seen | None:
    told = Told(node, problems)
    types = told.texts("types")
    refs, each = told.told("refs"), _known(told, told.text("each"), kinds) or None
    read = partial(_property, told, kinds)
    properties = {_path(path): read(value) for path, value in told.rest()}
    try:
        return Seen(name, types, properties, refs.each_texts() if refs else {}, each)
    except ValueError as error:
        told.wrong(str(error))
        return None


def _path(text: str) -> Path:
    return tuple(text.split("/"))


def _property(
    told: Told, kinds: Mapping[str, Kind], node: yaml.Node
) -> Column | Constant | tuple[Column | Constant, ...]:
    """A column by its name, what is the same in every row as `{is: …}`, or a list of both."""
    if isinstance(node, yaml.SequenceNode):
        return tuple(_one_property(told, kinds, each) for each in node.value)
    return _one_property(told, kinds, node)


def _one_property(told: Told, kinds: Mapping[str, Kind], node: yaml.Node) -> Column | Constant:
    if isinstance(node, yaml.MappingNode):
        inner = Told(node, told.problems)
        said = inner.text("is", needed=True)
        inner.nothing_else()
        return Constant({"true": True, "false": False}.get(said, int(said) if said.isdecimal() else said))
    return Column(_known(told, str(node.value), kinds))
