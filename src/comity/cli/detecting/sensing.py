"""A sensor as a process: its parts are put together, it goes round and round, and what happens is told."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Event

from comity.base.times import encode_time
from comity.cli.detecting.wishes import reader_of, rules_of, sighter_of, token_of
from comity.cli.output import Output
from comity.cli.parsing import BadUsage
from comity.detection.node import Place
from comity.detection.patterns import Patterns
from comity.detection.pulling import Judged, Puller
from comity.detection.sensor import Sensor, Wishes
from comity.detection.state import State
from comity.detection.thrift import keep_little
from comity.engines.patterns.judging.hits import Rules
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import judge
from comity.formats.detections.telling import Observed
from comity.link.transport import Line, Transport

REST = 0.2  # seconds, where no log brought anything
LEAST_SECONDS, MOST_SECONDS = 0.1, 86_400.0
_DONE = 0


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Go round and round until it is stopped."""
    keep_little()
    wishes = _wishes(args, now)
    folder = Path(args.state)
    with (
        _stopped() as stop,
        State.open(folder) as state,
        Line(authorization=f"Bearer {token_of(args)}") as line,
    ):
        sensor = _sensor(args, wishes, state, line, now)
        _go(sensor, _Telling(output), stop, once=args.once)
    return _DONE


def _wishes(args: argparse.Namespace, now: datetime) -> Wishes:
    node = Place.read(args.node)
    if args.tell_nothing and args.sightings:
        raise BadUsage("--tell-nothing and --sightings exclude each other. See --help.")
    told = None if args.tell_nothing else Place.read(args.sightings) if args.sightings else node
    return Wishes(
        logs=tuple(map(Path, args.logs)),
        rules=rules_of(args, now),
        sighter=sighter_of(args, Observed.NOTHING, now),
        indicators=node,
        sightings=told,
        pull_every=_span("--pull-every", args.pull_every),
        tell_every=_span("--tell-every", args.tell_every),
        software=f"comity {version('comity')}",
    )


def _span(option: str, text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise BadUsage(f"{option} takes {LEAST_SECONDS:g} to {MOST_SECONDS:,.0f} seconds. See --help.")
    return timedelta(seconds=seconds)


def _sensor(args: argparse.Namespace, wishes: Wishes, state: State, line: Transport, now: datetime) -> Sensor:
    puller = Puller(wishes.indicators.address, line, state, _judge(wishes.rules))
    patterns = Patterns.open(Path(args.state), state)
    return Sensor(wishes, state, patterns, puller, reader_of(args, now))


def _judge(rules: Rules) -> Callable[[Indicator], Judged]:
    def judged(each: Indicator) -> Judged:
        pattern, verdict = judge(each, rules.known, rules.own, datetime.now(UTC))
        return pattern, verdict.grounds[0]

    return judged


def _go(sensor: Sensor, telling: _Telling, stop: Event, *, once: bool) -> None:
    telling.begun(sensor)
    while not stop.is_set():
        found = sensor.round(lambda: datetime.now(UTC))
        telling.round(sensor)
        if once and not found:
            break
        if not found:
            stop.wait(REST)
    sensor.end(datetime.now(UTC))
    telling.ended(sensor)


@contextmanager
def _stopped() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, so that what is being kept is kept to its end."""
    stop = Event()
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass(slots=True)
class _Telling:
    """Tells what changed since it was told last: indicators and hits by number, problems in their words."""

    output: Output
    indicators: int = -1
    matches: int = 0
    problems: tuple[str, ...] = ()

    def begun(self, sensor: Sensor) -> None:
        """What it sets out with."""
        said = sensor.report(datetime.now(UTC))
        self.indicators, self.matches = said.indicators, said.matches
        self._say("begun", f"Looking for {said.indicators:,} indicators that are known already.", sensor)

    def round(self, sensor: Sensor) -> None:
        """What one round brought."""
        said = sensor.report(datetime.now(UTC))
        if said.indicators != self.indicators:
            self.indicators = said.indicators
            self._say("indicators", f"{said.indicators:,} indicators are looked for now.", sensor)
        if said.matches != self.matches:
            new, self.matches = said.matches - self.matches, said.matches
            words = "1 hit" if new == 1 else f"{new:,} hits"
            self._say("hits", f"{words}, {said.matches:,} in all.", sensor)
        for each in (each for each in said.problems if each not in self.problems):
            self._say("problem", each, sensor)
        if self.problems and not said.problems:
            self._say("well", "Nothing is wrong any more.", sensor)
        self.problems = said.problems

    def ended(self, sensor: Sensor) -> None:
        """What it leaves."""
        self._say("ended", "Stopped; it goes on from here when it is started again.", sensor)

    def _say(self, event: str, words: str, sensor: Sensor) -> None:
        said = sensor.report(datetime.now(UTC))
        told = {"indicators": said.indicators, "matches": said.matches, "sightings": said.sightings}
        at = encode_time(said.at)
        self.output.give({"event": event, "at": at, "words": words, **told}, f"{at[:19]}Z  {words}")
