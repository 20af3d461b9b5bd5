"""What a sensor knows of the hits of each indicator: one sighting for each, which grows and is told again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Any

from comity.base.matches import Match, Shown
from comity.engines.patterns.matching.observed import microseconds
from comity.formats.detections.sightings import Seen

Hits = dict[str, Any]  # by indicator, as JSON holds them


def added(matches: Iterable[Match], known: Mapping[str, Any], now: datetime) -> Hits:
    """What is known of the indicators that were hit, with these matches; `known` is what was before."""
    found: dict[str, Seen] = {}
    for match in matches:
        if match.counts:
            seen = found.get(match.indicator)
            if seen is None:
                before = known.get(match.indicator)
                seen = found[match.indicator] = seen_of(before) if before else _begun(match, now)
            seen.add(match)
    return {ref: as_json(seen) for ref, seen in found.items()}


def _begun(match: Match, now: datetime) -> Seen:
    """Its sighting is named by when it began, once and for all, even if an older event is read later."""
    return Seen(since=microseconds(now) if match.first is None else match.first)


def as_json(seen: Seen) -> Any:  # noqa: ANN401  any JSON value
    """The hits as they are kept."""
    shown = [astuple(each) for each in seen.shown]
    times = {"since": seen.since, "first": seen.first, "last": seen.last}
    return {"count": seen.count, "begun": seen.begun, "shown": shown, **times}


def seen_of(value: Mapping[str, Any]) -> Seen:
    """What `as_json` gave."""
    shown = (Shown(object_type, tuple(steps), *held) for object_type, steps, *held in value["shown"])
    times = {name: value[name] for name in ("since", "first", "last")}
    return Seen(count=value["count"], begun=value["begun"], shown=dict.fromkeys(shown), **times)
