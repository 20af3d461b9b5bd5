"""Where matches go: a file of one of the kinds, or line by line to whoever reads the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from comity.base.matches import Match
from comity.cli.output import Output
from comity.cli.whole import whole
from comity.formats.detections.columns import Columns
from comity.formats.detections.lines import Lines, as_json
from comity.formats.detections.rows import moment, time_text
from comity.formats.detections.sightings import Sighter, Sightings
from comity.formats.detections.table import Table
from comity.formats.detections.telling import Telling, written
from comity.formats.detections.writing import Kind, Sink, Writer

_WRITERS: dict[Kind, Callable[[Sink, Sighter], Writer]] = {
    Kind.JSON: lambda sink, sighter: Lines(sink, sighter.telling),
    Kind.CSV: lambda sink, sighter: Table(sink, sighter.telling),
    Kind.PARQUET: lambda sink, sighter: Columns(sink, sighter.telling),
    Kind.STIX: Sightings,
}
_SUFFIXES = {".csv": Kind.CSV, ".parquet": Kind.PARQUET, ".stix": Kind.STIX}


def kind_of(path: str, asked: str | None) -> Kind:
    """As asked, or as the name of the file says; lines of JSON where it says nothing."""
    return Kind(asked) if asked else _SUFFIXES.get(Path(path).suffix.lower(), Kind.JSON)


@contextmanager
def written_to(path: str, kind: Kind, sighter: Sighter) -> Iterator[Writer]:
    """The writer of a file, which is there only if all was written."""
    with whole(path) as sink:
        writer = _WRITERS[kind](sink, sighter)
        yield writer
        writer.end()


@dataclass(frozen=True, slots=True)
class Told:
    """Tells hits one by one, as results of the command; what was set aside is told in the summary."""

    output: Output
    telling: Telling

    def add(self, match: Match) -> None:
        """Tell a hit."""
        if not match.counts:
            return
        event = match.events[0]
        values = [self.telling.value(match.indicator, each) for each in match.shown]
        shown = ", ".join(written(each) for each in values if each is not None)
        when = time_text(moment(event.first)) or "at an unknown time"
        more = f", and {len(match.events) - 1:,} more" if len(match.events) > 1 else ""
        ref = f" ({event.ref})" if event.ref else ""
        named = match.indicator if match.name in ("", shown) else match.name
        self.output.give(
            {"match": as_json(match, self.telling)},
            f"{when}  {event.source}, row {event.row:,}{ref}{more}  {shown}  {named}",
        )

    def end(self) -> None:
        """Nothing is kept back."""
