"""Points in time as the wire writes them: RFC 3339 in UTC with `Z`, as STIX 2.1 (section 3.3) demands."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeGuard

from comity.base.errors import Malformed

MAX_LENGTH = 40  # a fraction of a second may be long, but not endless
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,19}))?Z", re.ASCII)
_PROBLEM = "is not a time like 2026-11-22T03:00:00.000Z (RFC 3339, in UTC)."


def is_written(text: object) -> TypeGuard[str]:
    """Whether it has the form of a time on the wire; such texts sort as their times do, to the second."""
    return type(text) is str and _FORM.fullmatch(text) is not None


def decode_time(text: str, where: str) -> datetime:
    """The aware time a timestamp names; digits beyond the microsecond are dropped."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise Malformed(where, f"{text[:MAX_LENGTH]!r} {_PROBLEM}")
    try:
        second = datetime.fromisoformat(found[1])
    except ValueError as error:
        raise Malformed(where, f"{text!r} {_PROBLEM}") from error
    return second.replace(microsecond=int((found[2] or "")[:6].ljust(6, "0")), tzinfo=UTC)


def encode_time(moment: datetime) -> str:
    """The timestamp with milliseconds, the precision STIX gives `created` and `modified`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
