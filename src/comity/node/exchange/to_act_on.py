"""What a device should act on of the indicators that a file is made of, and why not on the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.patterns.alone import values_alone
from comity.engines.patterns.kinds import Value
from comity.engines.patterns.parser import parse
from comity.formats.exports.form import Row


@dataclass(slots=True)
class ToActOn:
    """Reads indicators one by one; after them, what was left out, and when time alone changes that."""

    now: datetime
    least: int = 0  # confidence
    left_out: Counter[str] = field(default_factory=Counter)
    changes: datetime | None = None
    label: Tlp | None = None  # the strictest of all that say something

    def values(self, stix: Mapping[str, object], label: Tlp | None) -> tuple[Value, ...]:
        """Those of which each is alone what the indicator seeks; none, if it is not to be acted on now."""
        try:
            values = self._to_act_on(stix)
        except Malformed:
            self.left_out["indicators that cannot be read"] += 1
            return ()
        if values:
            self.label = max(filter(None, (self.label, label)), default=None)
        return values

    def _to_act_on(self, stix: Mapping[str, object]) -> tuple[Value, ...]:
        reason = self._why_not(stix)
        values = () if reason else values_alone(parse(str(stix.get("pattern"))))
        if not values:
            self.left_out[reason or "indicators of no value that is alone what they seek"] += 1
        return values

    def _why_not(self, stix: Mapping[str, object]) -> str | None:
        begin, end = _moment(stix, "valid_from"), _moment(stix, "valid_until")
        coming = [moment for moment in (begin, end, self.changes) if moment is not None and moment > self.now]
        self.changes = min(coming, default=None)
        if stix.get("revoked") is True:
            return "indicators that their makers revoked"
        if stix.get("pattern_type", "stix") != "stix":
            return "indicators in another language than that of STIX patterns"
        if end is not None and end <= self.now:
            return "indicators that are no longer valid"
        if begin is not None and begin > self.now:
            return "indicators that are not valid yet"
        if self.least > (_confidence(stix) or 0):
            return f"indicators below the confidence {self.least}, or without one"
        return None


def row_of(
    value: Value, stix: Mapping[str, object], label: Tlp | None, *, source: str, link: str = ""
) -> Row:
    """What a form is told of one value."""
    return Row(
        kind=value.kind.value,
        value=value.text,
        ref=str(stix["id"]),
        name=str(stix.get("name", "")),
        labels=tuple(map(str, [*_listed(stix, "indicator_types"), *_listed(stix, "labels")])),
        confidence=_confidence(stix),
        valid_from=str(stix.get("valid_from", "")),
        valid_until=str(stix.get("valid_until", "")),
        tlp=label.label if label else "",
        source=source,
        link=link,
    )


def maker_of(stix: Mapping[str, object]) -> str:
    """Who made it, as far as the object says: a partner learns no more."""
    return str(stix.get("created_by_ref", ""))


def _confidence(stix: Mapping[str, object]) -> int | None:
    value = stix.get("confidence")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 else None  # noqa: PLR2004  as STIX has it


def _listed(stix: Mapping[str, object], name: str) -> list[object]:
    value = stix.get(name)
    return value if isinstance(value, list) else []


def _moment(stix: Mapping[str, object], name: str) -> datetime | None:
    value = stix.get(name)
    return decode_time(value, f"/{name}") if isinstance(value, str) else None
