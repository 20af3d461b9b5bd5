"""Feeds of values: plain lists, tables and JSON by a mapping; what came, changed and went is told per run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

from django.db import transaction

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.formats.feeds.entries import Doubts, Entry, entries
from comity.formats.feeds.mapping import Form, Gone
from comity.formats.feeds.mapping import Mapping as Told
from comity.formats.feeds.objects import Says, ended, object_of
from comity.formats.feeds.rows import Unread
from comity.formats.feeds.unpacking import ROOT, refuse_page, unpacked
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.feeds.held import Before, held_before, keep_entries, require_likely
from comity.node.exchange.feeds.kinds import Kind
from comity.node.exchange.feeds.looking import Glance, Glimpse, Shown
from comity.node.exchange.feeds.pulling import PORTION, NothingNew, Pull
from comity.node.exchange.models import Feed, StixObject

KEEP_HALF = 2  # an expiry is put off when half of its time is over: not a version in every run
MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a feed would make."""

    entries: tuple[Entry, ...]  # the first ones
    count: int
    twice: int
    unmapped: tuple[tuple[str, str], ...]  # the first ones
    unmapped_count: int
    doubts: tuple[tuple[str, str], ...]


def check(form: Form, settings: Mapping[str, Any]) -> None:
    """Raise `Malformed` for a mapping that cannot be used."""
    Told.decode(dict(settings), form)


def body_of(body: bytes, media_type: str = "") -> bytes:
    """The feed's own bytes; raises `Malformed` for a page of HTML."""
    found = unpacked(body)
    refuse_page(found, media_type)
    return found


def look(form: Form, glance: Glance) -> Glimpse:
    """What the feed says now, by the mapping, before anything of it is kept."""
    told = Told.decode(dict(glance.settings), form)
    got = glance.reach.get(glance.address)
    body = body_of(got.body, got.media_type) if got else b""
    reading = read_through(body, told, now=glance.now, most=glance.most)
    rows = tuple(
        Shown(each.value, each.kind.value.replace("-", " with "), _said(each)) for each in reading.entries
    )
    lost = reading.unmapped[: glance.most]
    return Glimpse(rows, reading.count, reading.twice, lost, reading.unmapped_count, reading.doubts)


def _said(entry: Entry) -> str:
    """What is told of a value, in one line."""
    first = f"first seen {entry.first_seen:%Y-%m-%d %H:%M} UTC" if entry.first_seen else ""
    until = f"valid until {entry.valid_until:%Y-%m-%d %H:%M} UTC" if entry.valid_until else ""
    sure = f"confidence {entry.confidence}" if entry.confidence is not None else ""
    return "; ".join(filter(None, (entry.description, ", ".join(entry.labels), first, until, sure)))


def read_through(body: bytes, told: Told, *, now: datetime, most: int) -> Reading:
    """Read all of it without keeping anything, and remember the first so many."""
    doubts, first = Doubts(), list[Entry]()
    lost, lost_count, twice = list[tuple[str, str]](), 0, 0
    seen: set[tuple[str, str]] = set()
    for each in entries(body, told, now=now, doubts=doubts):
        if isinstance(each, Unread):
            lost_count += 1
            lost += [(each.where, each.why)] if len(lost) < MOST_TOLD else []
        elif (key := (each.kind.value, each.value)) in seen:
            twice += 1
        else:
            seen.add(key)
            first += [each] if len(first) < most else []
    return Reading(tuple(first), len(seen), twice, tuple(lost), lost_count, tuple(doubts.told()))


def pull(form: Form, pull: Pull) -> None:
    """One run: read it through, hold it against the last, then keep the difference portion by portion."""
    feed, run = pull.feed, pull.run
    told = Told.decode(feed.settings, form)
    got = pull.reach.get(feed.address, etag=feed.etag, last_modified=feed.last_modified)
    if got is None:
        raise NothingNew("Nothing changed there since the last run.")
    run.size = len(got.body)
    body = body_of(got.body, got.media_type)
    run.sha256 = sha256(body).hexdigest()
    reading = read_through(body, told, now=pull.now, most=0)
    _count(pull, reading)
    before = held_before(feed)
    require_likely(feed, before.count, reading.count)
    _Taking(pull, told, before, says_of(feed, told)).all(body)
    feed.etag, feed.last_modified = got.etag, got.last_modified


def says_of(feed: Feed, told: Told) -> Says:
    """What is said of every value of this feed."""
    return Says(
        author=feed.holder.ref,
        feed=str(feed.ref),
        name=feed.name,
        licence=feed.licence,
        label=Tlp(feed.label) if feed.label else None,
        confidence=feed.confidence,
        indicator_types=told.indicator_types,
    )


def _count(pull: Pull, reading: Reading) -> None:
    run = pull.run
    run.entries, run.unmapped = reading.count, reading.unmapped_count
    pull.tell(reading.unmapped)
    pull.tell(reading.doubts)
    if reading.twice:
        pull.tell([(f"{reading.twice:,} entries", "repeat a value of the feed; the first counts.")])
    if not reading.count and reading.unmapped_count:
        why = "; ".join(f"{where} {what}" for where, what in reading.unmapped[:1])
        raise Malformed(ROOT, f"nothing in it can be mapped: {why}")


@dataclass(slots=True)
class _Taking:
    """The difference between what the feed says now and what it said before, on its way in."""

    pull: Pull
    told: Told
    before: Before
    says: Says

    def all(self, body: bytes) -> None:
        """Keep what is new, changed or to be renewed, then end what is gone."""
        seen: set[str] = set()
        news = self._news(body, seen)
        while portion := list(islice(news, PORTION)):
            self._keep(portion)
        gone = [ref for ref in self.before.present() if ref not in seen]
        for start in range(0, len(gone), PORTION):
            self._end(gone[start : start + PORTION])
        self.pull.run.gone = len(gone)

    def _news(self, body: bytes, seen: set[str]) -> Iterator[tuple[Entry, str]]:
        """The entries that need a version, each with its mark; the others are counted."""
        run = self.pull.run
        for each in entries(body, self.told, now=self.pull.now):
            if isinstance(each, Unread) or (ref := self.says.id_of(each)) in seen:
                continue
            seen.add(ref)
            mark, held = self.says.mark_of(each), self.before.entries.get(ref)
            if held is None or held.gone:
                run.new += 1
            elif held.mark != mark:
                run.changed += 1
            else:
                run.known += 1
                if not self._lapses(each, held.until):
                    continue
            yield each, mark

    def _lapses(self, entry: Entry, until: datetime | None) -> bool:
        """Whether what is held is valid for less than half of the time that the feed's expiry gives."""
        expiry = self.pull.feed.expiry
        if not expiry or entry.valid_until:
            return False
        return until is None or until - self.pull.now < timedelta(days=expiry) / KEEP_HALF

    def _keep(self, portion: Sequence[tuple[Entry, str]]) -> None:
        now, run = self.pull.now, self.pull.run
        rows: dict[str, tuple[str, datetime, datetime | None]] = {}
        made: list[Found] = []
        for entry, mark in portion:
            ref = self.says.id_of(entry)
            held = self.before.entries.get(ref)
            since, until = held.since if held else now, self._until(entry)
            value = object_of(entry, self.says, since=since, now=now, until=until)
            made.append(Found.decode(value))
            rows[ref] = mark, since, until
        self.pull.begin()
        with transaction.atomic():
            report = self.pull.keep(made)
            for ref, _ in report.refused:
                rows.pop(ref, None)
            keep_entries(run, self.before, rows)

    def _until(self, entry: Entry) -> datetime | None:
        expiry = self.pull.feed.expiry
        return entry.valid_until or (self.pull.now + timedelta(days=expiry) if expiry else None)

    def _end(self, refs: Sequence[str]) -> None:
        """What is gone is valid no longer, if that is what being gone means; it may come back."""
        if self.told.gone is Gone.EXPIRE:
            self.pull.begin()
        with transaction.atomic():
            if self.told.gone is Gone.EXPIRE:
                rows = StixObject.objects.filter(holder=self.pull.feed.holder, latest=True, ref__in=refs)
                values = (ended(queries.decoded(row).value, self.pull.now) for row in rows)
                self.pull.keep([Found.decode(value) for value in values if value is not None])
            self.before.end(refs, self.pull.run)


KINDS = tuple(
    Kind(form.value, title, partial(check, form), partial(pull, form), partial(look, form))
    for form, title in (
        (Form.LINES, "Plain list, one value on a line"),
        (Form.CSV, "Table (CSV)"),
        (Form.JSON, "JSON"),
    )
)
