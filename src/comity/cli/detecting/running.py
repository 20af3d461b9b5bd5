"""One run: indicators are loaded, logs read portion by portion, matches judged and written."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from comity.base.layouts import LAST, TIME
from comity.base.matches import Match
from comity.cli.detecting.outputs import Told, written_to
from comity.cli.detecting.progress import State, Step, progress
from comity.cli.detecting.summary import Outcome, Run
from comity.cli.files import STDIN
from comity.cli.output import Output
from comity.detection.gathering import Indicators
from comity.detection.judging import judged
from comity.detection.sources import sources
from comity.engines.patterns.judging.hits import Rules
from comity.engines.patterns.matching.observed import microseconds
from comity.engines.patterns.sets.found import findings
from comity.engines.patterns.sets.patternset import Indicated, PatternSet
from comity.engines.patterns.sets.watching import Watch
from comity.formats.detections.sightings import Sighter
from comity.formats.detections.writing import Kind, Writer
from comity.formats.telemetry.portions import Portion
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.unpacking import files_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run is to do."""

    logs: Sequence[str]
    indicators: Sequence[str]
    token: str | None
    output: str | None
    kind: Kind
    hits_only: bool
    sighter: Sighter
    rules: Rules
    since: datetime | None
    until: datetime | None
    now: datetime


class Running:
    """A run on its way."""

    def __init__(self, asked: Asked, reader: Reader, output: Output) -> None:
        self._asked, self._reader, self._output = asked, reader, output
        self._indicators, self._outcome = Indicators(), Outcome()
        self._rows = self._filtered = 0
        self._begun = 0.0

    def run(self) -> Run:
        """All of it."""
        with progress(_total(self._asked.logs)) as step:
            step(State("reading indicators"))
            watch = self._watch()
            self._begun = time.monotonic()
            with self._writer() as writer:
                for match in self._matches(watch, step):
                    self._outcome.add(match)
                    if match.counts or not self._asked.hits_only:
                        writer.add(match)
        seconds = time.monotonic() - self._begun
        return Run(
            self._indicators,
            self._outcome,
            self._reader.tally,
            watch.open,
            watch.patterns.refused,
            self._filtered,
            seconds,
        )

    def _watch(self) -> Watch:
        asked, rules = self._asked, self._asked.rules
        found = sources(asked.indicators, asked.now, asked.token)
        self._indicators.take(found, rules.known, rules.own, asked.now)
        looked = self._indicators.looked.values()
        return Watch(PatternSet.of(Indicated(each.indicator.id, each.pattern) for each in looked))

    def _writer(self) -> AbstractContextManager[Writer]:
        asked = self._asked
        if asked.output is None:
            return nullcontext(Told(self._output, asked.sighter.telling))
        return written_to(asked.output, asked.kind, asked.sighter)

    def _matches(self, watch: Watch, step: Step) -> Iterator[Match]:
        looked, rules, now = self._indicators.looked, self._asked.rules, self._asked.now
        for portion in self._portions():
            frame = self._within(portion.frame)
            self._rows += portion.frame.height
            found = findings(watch.rows(frame, portion.layout, portion.source))
            yield from judged(found, looked, rules, now)
            seconds = time.monotonic() - self._begun
            step(State("reading logs", self._reader.tally.read, self._rows, self._outcome.hits, seconds))

    def _portions(self) -> Iterator[Portion]:
        for each in self._asked.logs:
            if each == STDIN:
                yield from self._reader.portions_of_stream(sys.stdin.buffer)
            else:
                yield from self._reader.portions([Path(each)])

    def _within(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of the time that was asked for; one without a time may be of any."""
        since, until = self._asked.since, self._asked.until
        kept = frame
        if since is not None:
            ended = pl.coalesce(LAST, TIME)
            kept = kept.filter(ended.is_null() | (ended >= microseconds(since)))
        if until is not None:
            kept = kept.filter(pl.col(TIME).is_null() | (pl.col(TIME) < microseconds(until)))
        self._filtered += frame.height - kept.height
        return kept


def _total(logs: Sequence[str]) -> int | None:
    """The bytes of all files; None where standard input is among them."""
    if STDIN in logs:
        return None
    return sum(each.stat().st_size for path in logs if Path(path).exists() for each in files_in(Path(path)))
