"""A mapping says what stands where in a feed: read from JSON, whole and valid, or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping as Members
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.formats.feeds.kinds import ValueKind

MAX_COLUMNS = 200
MAX_NAME = 120
MAX_TEMPLATE = 1_000
MOST_WORDS = 200
MOST_LABELS = 20
LINE = "line"  # the one column of a plain list
_WHERE = "mapping"
_PART = re.compile(r"\{([^{}]{1,120})\}")


class Form(Enum):
    """How a feed is written."""

    LINES = "lines"
    CSV = "csv"
    JSON = "json"


class Gone(Enum):
    """What becomes of a value that stands in the feed no more."""

    EXPIRE = "expire"  # the feed took it off: it is valid until now
    KEEP = "keep"  # the feed tells of the newest only, so that it is gone says nothing


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a value is: one kind for all, or what a column says by a word."""

    fixed: ValueKind | None = ValueKind.ANY
    column: str = ""
    words: Members[str, ValueKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Where the parts of an indicator stand; columns are called by name, those of JSON by a path."""

    form: Form
    kinds: Kinds = field(default_factory=Kinds)
    value: str = LINE
    comment: str = "#"  # begins a line that is no entry
    remark: str = ""  # on a line, begins what is no part of the value
    separator: str = ","  # a space stands for any number of spaces and tabs
    columns: tuple[str, ...] = ()  # their names, where the first row does not tell them
    entries: str = "*"  # the path to the entries of a JSON document
    by_line: bool = False  # each line is a JSON document of its own
    only: Members[str, frozenset[str]] = field(default_factory=dict)
    leave: Members[str, frozenset[str]] = field(default_factory=dict)
    name: str = ""
    description: str = ""
    reference: str = ""
    labels: tuple[str, ...] = ()
    label_columns: tuple[str, ...] = ()
    indicator_types: tuple[str, ...] = ()
    confidence: str = ""
    first_seen: str = ""
    valid_until: str = ""
    gone: Gone = Gone.EXPIRE
    defanged: bool = False

    @classmethod
    def decode(cls, value: object, form: Form) -> Mapping:
        """The mapping in a decoded JSON value; a member that means nothing for the form is refused."""
        fields = Fields(value, _WHERE)
        read: dict[str, Any] = {
            name: fields.text(name, limit=limit)
            for name, limit in {**_TEXTS, **_TEXTS_OF[form]}.items()
            if fields.has(name)
        }
        lists: dict[str, Any] = {
            name: fields.distinct_texts(name, most=most)
            for name, most in {**_LISTS, **_LISTS_OF[form]}.items()
            if fields.has(name)
        }
        chosen: dict[str, Any] = {
            name: fields.truth(name) for name in ("defanged", *_TRUTHS_OF[form]) if fields.has(name)
        }
        if fields.has("gone"):
            chosen["gone"] = fields.choice("gone", Gone)
        found = cls(
            form=form, kinds=_kinds(fields), only=_words(fields, "only"), leave=_words(fields, "leave"),
            **read, **lists, **chosen,
        )  # fmt: skip  # one value
        fields.nothing_else()
        _check(found)
        return found

    def named(self) -> set[str]:
        """Every column that is asked for."""
        told = {self.value, self.kinds.column, self.confidence, self.first_seen, self.valid_until}
        told |= {*self.only, *self.leave, *self.label_columns}
        told |= {part for text in (self.name, self.description, self.reference) for part in parts_of(text)}
        return told - {""}


def parts_of(template: str) -> list[str]:
    """The columns that a template names, `{column}`."""
    return _PART.findall(template)


_TEXTS: Members[str, int] = MappingProxyType({
    "name": MAX_TEMPLATE, "description": MAX_TEMPLATE, "reference": MAX_TEMPLATE,
    "confidence": MAX_NAME, "first_seen": MAX_NAME, "valid_until": MAX_NAME,
})  # fmt: skip  # names and bounds
_TEXTS_OF: Members[Form, Members[str, int]] = MappingProxyType({
    Form.LINES: {"comment": 10, "remark": 10},
    Form.CSV: {"value": MAX_NAME, "comment": 10, "separator": 1},
    Form.JSON: {"value": MAX_NAME, "entries": MAX_TEMPLATE, "comment": 10},
})  # fmt: skip  # names and bounds
_LISTS: Members[str, int] = MappingProxyType({
    "labels": MOST_LABELS, "label_columns": MOST_LABELS, "indicator_types": MOST_LABELS,
})  # fmt: skip  # names and bounds
_LISTS_OF: Members[Form, Members[str, int]] = MappingProxyType({
    Form.LINES: {}, Form.CSV: {"columns": MAX_COLUMNS}, Form.JSON: {},
})  # fmt: skip  # names and bounds
_TRUTHS_OF: Members[Form, tuple[str, ...]] = MappingProxyType({
    Form.LINES: (), Form.CSV: (), Form.JSON: ("by_line",),
})  # fmt: skip  # names


def _kinds(fields: Fields) -> Kinds:
    """`"type": "url"`, or `"type": {"column": …, "words": {word: type}}`."""
    if not fields.has("type"):
        return Kinds()
    if isinstance(fields.value("type"), str):
        return Kinds(fields.choice("type", ValueKind))
    told = fields.object("type")
    words = told.object("words").everything()
    if not 0 < len(words) <= MOST_WORDS:
        raise Malformed(told.at("words"), f"expected 1 to {MOST_WORDS} words")
    known = Fields(words, told.at("words"))
    found = {word: known.choice(word, ValueKind) for word in words}
    kinds = Kinds(None, told.text("column", limit=MAX_NAME), found)
    told.nothing_else()
    return kinds


def _words(fields: Fields, name: str) -> dict[str, frozenset[str]]:
    """`{"column": ["word", …]}`."""
    if not fields.has(name):
        return {}
    told = fields.object(name)
    columns = list(told.everything())
    if len(columns) > MAX_COLUMNS:
        raise Malformed(told.at(name), f"more than {MAX_COLUMNS} columns")
    return {column: frozenset(told.distinct_texts(column, most=MOST_WORDS)) for column in columns}


def _check(found: Mapping) -> None:
    if found.form is not Form.LINES and found.value == LINE:
        raise Malformed(f"{_WHERE}/value", "is missing: the column with the value")
    if found.form is Form.CSV and len(found.separator) != 1:
        raise Malformed(f"{_WHERE}/separator", "expected one character")
    known = {LINE} if found.form is Form.LINES else set(found.columns)
    unknown = sorted(found.named() - known) if known else []
    if unknown:
        raise Malformed(_WHERE, f"there is no column {unknown[0]!r}; there are {', '.join(sorted(known))}")
