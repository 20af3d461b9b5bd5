"""Matches as lines of JSON, one object each."""

from __future__ import annotations

from typing import Any

from comity.base.matches import Event, Match
from comity.formats.detections.rows import MOST_EVENTS, moment, time_text
from comity.formats.detections.telling import Observed, Telling
from comity.formats.detections.writing import Sink, encoded


class Lines:
    """The writer of lines."""

    def __init__(self, sink: Sink, telling: Telling) -> None:
        self._sink = sink
        self._telling = telling

    def add(self, match: Match) -> None:
        """Write the line of a match."""
        self._sink.write(encoded(as_json(match, self._telling)) + b"\n")

    def end(self) -> None:
        """Nothing is kept back."""


def as_json(match: Match, telling: Telling) -> dict[str, Any]:
    """The object of a match; times with all their digits, null where the log says none."""
    told = telling.observed is Observed.VALUES
    return {
        "outcome": "hit" if match.counts else "aside",
        "indicator": match.indicator,
        "name": match.name,
        "giver": match.giver,
        "pattern": match.pattern,
        "first": time_text(moment(match.first)),
        "last": time_text(moment(match.last)),
        "event_count": len(match.events),
        "events": [_event(each) for each in match.events[:MOST_EVENTS]],
        "hits": [
            {"place": each.place, "value": telling.value(match.indicator, each)}
            | ({"test": each.test} if told and each.test else {})
            for each in match.shown
        ],
        "grounds": [each.as_json() | ({} if told else {"text": ""}) for each in match.verdict.grounds],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "source": event.source,
        "row": event.row,
        "ref": event.ref,
        "first": time_text(moment(event.first)),
        "last": time_text(moment(event.last)),
    }
