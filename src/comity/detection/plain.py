"""Indicators in plain lists and tables: a value to a line, or a column of values under a name for it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime

from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import Unread
from comity.formats.feeds.entries import Entry, entries
from comity.formats.feeds.kinds import ValueKind, pattern
from comity.formats.feeds.mapping import Form, Mapping
from comity.formats.feeds.objects import Says
from comity.formats.feeds.unpacking import refuse_page

# How tables call their column of values, in the order in which they are looked for.
VALUE_COLUMNS = (
    "value",
    "indicator",
    "ioc",
    "ioc_value",
    "observable",
    "url",
    "domain",
    "ip",
    "hash",
    "sha256",
)
_SEPARATORS = ",;\t"
_HEAD = 8_192
_NOBODY = "identity--00000000-0000-4000-8000-000000000000"


def plain_indicators(content: bytes, source: str, now: datetime) -> Iterator[Indicator | Unread]:
    """The indicator for every value; its id follows from the source and the value."""
    refuse_page(content)
    says = Says(author=_NOBODY, feed=source, name=source)
    for each in entries(content, _mapping(content), now=now):
        if not isinstance(each, Entry):
            yield Unread(each.where, each.why)
        elif each.kind is ValueKind.CVE:
            yield Unread(each.value, "is a vulnerability, which no log shows.")
        else:
            yield Indicator(
                id=says.id_of(each),
                pattern=pattern(each.kind, each.value),
                source=source,
                name=each.name or each.value,
                begins=each.first_seen,
                ends=each.valid_until,
                confidence=each.confidence,
            )


def _mapping(content: bytes) -> Mapping:
    """A table if its first line names a column of values, else a list."""
    lines = content[:_HEAD].decode("utf-8", "replace").splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = next((each for each in _SEPARATORS if each in first), ",")
    names = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
    value = next((name for each in VALUE_COLUMNS for name in names if name.lower() == each), None)
    if value is None:
        return Mapping(form=Form.LINES, remark=" #", defanged=True)
    return Mapping(
        form=Form.CSV,
        value=value,
        separator=separator,
        name="{name}" if "name" in names else "",
        confidence="confidence" if "confidence" in names else "",
        valid_until="valid_until" if "valid_until" in names else "",
        defanged=True,
    )
