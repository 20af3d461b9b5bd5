"""An indicator as detection needs it: its pattern, when it is valid, and how far it can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from comity.base.errors import Malformed
from comity.base.times import decode_time

LONGEST_NAME = 300  # characters that are kept of a name
_MOST_CONFIDENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One version of an indicator; `source` is the feed, file or partner that gave it."""

    id: str
    pattern: str
    source: str
    name: str = ""
    author: str = ""  # the identity that made it
    language: str = "stix"  # of the pattern
    stated: datetime | None = None  # when its maker last said so
    begins: datetime | None = None
    ends: datetime | None = None
    revoked: bool = False
    confidence: int | None = None

    @classmethod
    def of(cls, stix: Mapping[str, Any], source: str) -> Indicator:
        """The indicator in a STIX object; raises `Malformed` for what nothing can be looked for by."""
        ref = _text(stix, "id", "an indicator")
        confidence = stix.get("confidence")
        if confidence is not None and (type(confidence) is not int or not 0 <= confidence <= _MOST_CONFIDENT):
            raise Malformed(f"{ref}/confidence", "is no whole number from 0 to 100.")
        return cls(
            id=ref,
            pattern=_text(stix, "pattern", ref),
            source=source,
            name=str(stix.get("name", ""))[:LONGEST_NAME],
            author=intern(str(stix.get("created_by_ref", ""))),  # one text for a million of them
            language=intern(str(stix.get("pattern_type", "stix"))),
            stated=_time(stix, "modified", ref),
            begins=_time(stix, "valid_from", ref),
            ends=_time(stix, "valid_until", ref),
            revoked=stix.get("revoked") is True,
            confidence=confidence,
        )


def _text(stix: Mapping[str, Any], name: str, where: str) -> str:
    found = stix.get(name)
    if not isinstance(found, str) or not found:
        raise Malformed(f"{where}/{name}", "is missing.")
    return found


def _time(stix: Mapping[str, Any], name: str, where: str) -> datetime | None:
    found = stix.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise Malformed(f"{where}/{name}", "is no time.")
    try:
        return _moment(found)
    except Malformed as error:
        raise Malformed(f"{where}/{name}", error.problem) from error


@lru_cache(maxsize=4_096)
def _moment(text: str) -> datetime:
    """Feeds write the same few times again and again."""
    return decode_time(text, "")
