"""The ETag of a file for devices: a digest of what it follows from, and until when time alone leaves it so.

With both in the tag, a device that asks again is answered without an object being read. The tag is weak
(RFC 9110, section 8.8.1): the same values written at another time differ in the head.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from math import floor

MOST_TAG = 200
_FORM = re.compile(r'(?:W/)?"(?P<standing>[0-9a-f]{64})-(?P<until>[0-9]{0,15})"').fullmatch


@dataclass(frozen=True, slots=True)
class Told:
    """What a device was told."""

    standing: str
    changes: datetime | None

    @property
    def text(self) -> str:
        """The tag."""
        until = "" if self.changes is None else str(floor(self.changes.timestamp()))
        return f'W/"{self.standing}-{until}"'

    @staticmethod
    def still(offered: str, standing: str, now: datetime) -> bool:
        """Whether the device has what it would be told now."""
        found = _FORM(offered.strip()[:MOST_TAG])
        if found is None or found["standing"] != standing:
            return False
        return not found["until"] or now.timestamp() < int(found["until"])
