"""A sensor: keeps its indicators up to date, follows logs, and tells its node what it met and how it does.

One round after the other, in one thread: indicators first, so that what the node took in is looked for in the
next lines; then the logs, a step of each at a time; then what is to be told. What a step read and what it
brought are kept together before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from comity.base.errors import ComityError, Malformed, Unavailable
from comity.base.matches import Match
from comity.base.times import decode_time, encode_time
from comity.detection.hits import added
from comity.detection.judging import judged
from comity.detection.logs import Log, files
from comity.detection.node import Place, Posted, post_sightings, report
from comity.detection.patterns import Patterns
from comity.detection.pulling import CURSOR, Change, Puller
from comity.detection.state import State
from comity.detection.thrift import give_back
from comity.engines.patterns.judging.hits import Rules, moment_of
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import Looked
from comity.engines.patterns.sets.found import Finding, findings
from comity.engines.patterns.sets.joining import Wait
from comity.engines.patterns.sets.watching import Watch
from comity.formats.detections.sightings import Sighter
from comity.formats.sensors import SensorReport
from comity.formats.stix import MAX_OBJECT
from comity.formats.strict_json import Limits, decode
from comity.formats.telemetry.following import Step
from comity.formats.telemetry.reading import Reader

BEGAN, COUNTS, COMPARED = "began", "counts", "compared"  # what the state calls them
MOST_POSTED = 200  # sightings at once
SAVE_EVERY = timedelta(minutes=10)
COMPARE_EVERY = timedelta(days=1)
AT_ONCE = 50_000  # indicators that are taken into the set together
LONGEST_REST = timedelta(minutes=5)  # from a node that cannot be reached
_QUARANTINED = "none of its indicators are looked for, since too many of them match everybody."
_NONE = -1  # no pattern's number
_OBJECT = Limits(size=MAX_OBJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator wants of a sensor."""

    logs: tuple[Path, ...]
    rules: Rules
    sighter: Sighter
    indicators: Place
    sightings: Place | None  # None: nothing of what was met is told
    pull_every: timedelta = timedelta(seconds=0.5)
    tell_every: timedelta = timedelta(minutes=1)
    software: str = "comity"


@dataclass(slots=True)
class _Due:
    """When something is to be done again; what fails is left alone for longer and longer."""

    every: timedelta
    at: datetime | None = None
    failures: int = 0

    def is_due(self, now: datetime) -> bool:
        return self.at is None or now >= self.at

    def done(self, now: datetime) -> None:
        self.failures, self.at = 0, now + self.every

    def failed(self, now: datetime, wait: int | None) -> None:
        self.failures += 1
        rest = self.every * 2 ** min(self.failures, 20)
        asked = timedelta(seconds=wait or 0)
        self.at = now + min(max(rest, asked, self.every), LONGEST_REST)


@dataclass(slots=True)
class _Told:
    """What is counted of all logs together."""

    matches: int = 0
    sightings: int = 0
    last_match: str | None = None


class Sensor:
    """A sensor at work; `round` is to be called again and again."""

    def __init__(
        self, wishes: Wishes, state: State, patterns: Patterns, puller: Puller, reader: Reader
    ) -> None:
        self._wishes, self._state, self._patterns = wishes, state, patterns
        self._puller, self._reader = puller, reader
        self._watch = Watch(patterns.set, keeping=True)
        self._resume()
        self._logs: dict[Path, Log] = {}
        self._pull, self._tell = _Due(wishes.pull_every), _Due(wishes.tell_every)
        self._save, self._compare = _Due(SAVE_EVERY), _Due(COMPARE_EVERY)
        self._told = _Told(**(state.noted(COUNTS) or {}))
        self._problems: dict[str, str] = {}  # by what it is about

    def round(self, clock: Callable[[], datetime]) -> bool:
        """One round; whether a log brought anything."""
        self._begin(clock())
        self._reader = replace(self._reader, clock=replace(self._reader.clock, now=clock()))
        self._pulled(clock())
        found = False
        for log in self._followed():
            for step in self._steps(log):
                self._met(log, step, clock())
                self._pulled(clock())  # between two steps of a log that has much to read
                found = True
        self._tell_node(clock())
        self._saved(clock())
        if found:
            give_back()
        return found

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong now."""
        held = (f"{each or 'Nobody named'}: {_QUARANTINED}" for each in sorted(self._state.quarantined()))
        troubles = (each.trouble for each in self._logs.values() if each.trouble)
        return (*self._problems.values(), *held, *troubles)

    def end(self, now: datetime) -> None:
        """Tell the node for the last time, and save the patterns."""
        self._tell.at = self._save.at = None
        self._tell_node(now)
        if self._patterns.to_save():
            self._patterns.save()

    def _begin(self, now: datetime) -> None:
        if self._state.noted(BEGAN) is None:
            self._state.note(BEGAN, encode_time(now))

    def _followed(self) -> Iterable[Log]:
        there = files(self._wishes.logs)
        self._logs = {path: self._logs.get(path) or Log.known(path, self._state) for path in there}
        return self._logs.values()

    def _steps(self, log: Log) -> Iterator[Step]:
        """What has come in a log; what is wrong with it stands in its trouble."""
        try:
            yield from log.more(self._reader)
        except (Malformed, Unavailable) as error:
            log.trouble = error.message
            return
        if not log.path.exists():
            log.trouble = f"{log.path}: there is no such file; it is looked for again and again."

    def _met(self, log: Log, step: Step, now: datetime) -> None:
        """Everything that a step brought, kept with how far it went."""
        hits = [
            match
            for portion in step.portions
            for match in self._judged(
                findings(self._watch.rows(portion.frame, portion.layout, portion.source)), now
            )
            if match.counts
        ]
        refs = sorted({each.indicator for each in hits})
        with self._state.at_once():
            log.keep(step)
            self._keep_waiting()
            if hits:
                self._state.note_sightings(added(hits, self._state.sightings(refs), now))
                self._count(hits, now)
                self._state.note(COUNTS, _counts(self._told))

    def _keep_waiting(self) -> None:
        """Keep which rows wait for the rest of a pattern."""
        waits, name = self._watch.waits(), self._patterns.set.names.name
        if waits.came or waits.went:
            came = (
                (each.number, name(each.pattern), [each.where, each.objects]) for each in waits.came.values()
            )
            self._state.wait(came, waits.went)

    def _resume(self) -> None:
        """Let rows wait as they did before the last process ended."""
        numbers_of = lru_cache(maxsize=None)(lambda ref: self._patterns.set.names.numbers_of([ref]))
        waits = (
            Wait(number, next(iter(numbers_of(ref)), _NONE), tuple(where), objects)
            for number, ref, (where, objects) in self._state.waiting()
        )
        over = self._watch.resume(waits)
        if over:
            with self._state.at_once():
                self._state.wait((), over)

    def _judged(self, found: Iterable[Finding], now: datetime) -> Iterator[Match]:
        known = list(found)
        looked = self._looked(sorted({each.indicator for each in known}))
        yield from judged(
            (each for each in known if each.indicator in looked), looked, self._wishes.rules, now
        )

    def _looked(self, refs: list[str]) -> Mapping[str, Looked]:
        """The indicators as they came; one that went while a row waited for it is none any more."""
        found: dict[str, Looked] = {}
        for ref, wire in self._state.wires(refs).items():
            value = decode(wire, limits=_OBJECT) if wire else None
            if isinstance(value, dict):
                indicator = Indicator.of(value, str(value.get("created_by_ref", "")))
                found[ref] = Looked(indicator, indicator.pattern)
        return found

    def _count(self, hits: Iterable[Match], now: datetime) -> None:
        for each in hits:
            self._told.matches += 1
            seen = encode_time(moment_of(each.last, otherwise=now))
            self._told.last_match = max(seen, self._told.last_match or seen)

    def _pulled(self, now: datetime) -> None:
        """Take in what is new at the node, and now and then forget what is gone there."""
        if not self._pull.is_due(now):
            return
        try:
            for change in _together(self._puller.pull()):
                self._take(change)
            self._compared(now)
        except ComityError as error:
            self._pull.failed(now, getattr(error, "retry_after", None))
            self._problems["indicators"] = f"Indicators cannot be read: {error.message}"
        else:
            self._pull.done(now)
            self._problems.pop("indicators", None)

    def _take(self, change: Change) -> None:
        if change:
            self._patterns.take(change)
            self._watch.turn_to(self._patterns.set)

    def _compared(self, now: datetime) -> None:
        last = self._state.noted(COMPARED)
        if last is not None and now < decode_time(last, COMPARED) + COMPARE_EVERY:
            return
        if last is not None:
            self._take(self._puller.compare())
        self._state.note(COMPARED, encode_time(now))

    def _tell_node(self, now: datetime) -> None:
        if not self._tell.is_due(now):
            return
        try:
            self._post(now)
            report(self._wishes.indicators, self._puller.transport, self.report(now))
        except ComityError as error:
            self._tell.failed(now, getattr(error, "retry_after", None))
            self._problems["node"] = f"The node cannot be told: {error.message}"
        else:
            self._tell.done(now)
            self._problems.pop("node", None)

    def _post(self, now: datetime) -> None:
        """Post what the node was not told yet, some at a time."""
        place = self._wishes.sightings
        while place is not None and (untold := self._state.untold(MOST_POSTED)):
            sighter = replace(self._wishes.sighter, now=now)
            posted = post_sightings(place, self._puller.transport, untold, sighter)
            self._told.sightings += posted.taken
            with self._state.at_once():
                self._state.tell(untold)
                self._state.note(COUNTS, _counts(self._told))
            self._note_refusals(posted)

    def _note_refusals(self, posted: Posted) -> None:
        if posted.refused:
            text = f"The node refused sightings: {posted.refused[0]}"
            self._problems["sightings"] = text
        else:
            self._problems.pop("sightings", None)

    def _saved(self, now: datetime) -> None:
        if self._save.is_due(now):
            if self._patterns.to_save():
                self._patterns.save()
            self._save.done(now)

    def report(self, now: datetime) -> SensorReport:
        """How the sensor does."""
        cursor, last = self._state.noted(CURSOR), self._told.last_match
        return SensorReport(
            at=now,
            began=min(now, decode_time(self._state.noted(BEGAN) or encode_time(now), BEGAN)),
            software=self._wishes.software,
            every=max(1, round(self._wishes.tell_every.total_seconds())),
            indicators=len(self._patterns.set),
            indicators_at=decode_time(cursor, CURSOR) if cursor else None,
            logs=tuple(each.told(now) for each in self._logs.values()),
            matches=self._told.matches,
            sightings=self._told.sightings,
            last_match=decode_time(last, COUNTS) if last else None,
            problems=self.problems,
        )


def _together(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes of many pages at a time; what was kept is given, also where the next page does not come."""
    waiting = Change()
    try:
        for each in changes:
            waiting.join(each)
            if len(waiting.add) + len(waiting.remove) >= AT_ONCE:
                ready, waiting = waiting, Change()
                yield ready
    except ComityError:
        yield waiting
        raise
    yield waiting


def _counts(told: _Told) -> dict[str, object]:
    return {"matches": told.matches, "sightings": told.sightings, "last_match": told.last_match}
