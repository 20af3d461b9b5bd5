"""Feeds of MISP: the manifest tells which events changed; only those are fetched, each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from comity.base.errors import ComityError
from comity.base.fields import Fields
from comity.formats.misp.decode import MispImport, decode_misp
from comity.formats.misp.feed import MANIFEST, Entry, Manifest
from comity.formats.strict_json import Limits
from comity.node.exchange.feeds.held import Before, held_before, keep_entries, require_likely
from comity.node.exchange.feeds.kinds import Kind
from comity.node.exchange.feeds.lists import body_of
from comity.node.exchange.feeds.looking import Glance, Glimpse, Shown
from comity.node.exchange.feeds.pulling import NothingNew, Pull
from comity.node.exchange.feeds.reaching import FeedUnavailable
from comity.node.exchange.models import VictimHow

MOST_EVENTS = 1_000  # in one run; the next goes on
MOST_MISSING = 5  # events in a row that cannot be fetched: then the server is gone, not they
_LIMITS = Limits(size=64 * 2**20, values=10_000_000, string=64 * 2**20)


def check(settings: Mapping[str, Any]) -> None:
    """A feed of MISP needs no settings."""
    Fields(dict(settings), "mapping").nothing_else()


def pull(pull: Pull) -> None:
    """One run; the manifest is asked for again until every event that it names is here."""
    feed, run = pull.feed, pull.run
    base = f"{feed.address.rstrip('/')}/"
    got = pull.reach.get(base + MANIFEST, etag=feed.etag, last_modified=feed.last_modified)
    if got is None:
        raise NothingNew("The manifest is what it was.")
    body = body_of(got.body, got.media_type)
    run.size, run.sha256 = len(got.body), sha256(body).hexdigest()
    manifest = Manifest.decode(body)
    run.entries = len(manifest.entries)
    pull.unmapped((each.uuid, each.reason) for each in manifest.unreadable)
    before = held_before(feed)
    require_likely(feed, before.count, run.entries)
    news = _news(manifest, before)
    run.known = run.entries - len(news)
    whole = _take(pull, base, news, before)
    gone = sorted(set(before.present()) - {each.uuid for each in manifest.entries})
    before.end(gone, run)
    run.gone = len(gone)
    pull.tell((uuid, "stands in the manifest no more; what it said stays here.") for uuid in gone)
    if whole:
        feed.etag, feed.last_modified = got.etag, got.last_modified
    else:
        feed.etag, feed.last_modified = "", ""


def _news(manifest: Manifest, before: Before) -> list[Entry]:
    """The events that are not here as the manifest tells them, the oldest first."""
    held = before.entries
    news = [
        each
        for each in manifest.entries
        if each.uuid not in held or held[each.uuid].gone or held[each.uuid].mark != each.time
    ]
    return sorted(news, key=lambda each: (each.time, each.uuid))


def _take(pull: Pull, base: str, news: Sequence[Entry], before: Before) -> bool:
    """Fetch and keep each event; whether all of them are here now."""
    missing = failed = tried = 0
    for entry in news[:MOST_EVENTS]:
        if pull.late:
            break
        tried += 1
        try:
            got = pull.reach.get(base + entry.file)
            if got is not None:
                pull.run.size += len(got.body)
                found = decode_misp(body_of(got.body, got.media_type), limits=_LIMITS)
                _keep(pull, entry, found, before)
            missing = 0
        except ComityError as error:
            failed += 1
            missing += isinstance(error, FeedUnavailable)
            pull.run.refused += 1
            pull.tell([(f"{entry.uuid} {entry.info}", error.message)])
            if missing >= MOST_MISSING:
                raise
    if len(news) > tried:
        pull.tell([(f"{len(news) - tried:,} of {len(news):,} events", "wait for the next run.")])
    return not failed and len(news) == tried


def _keep(pull: Pull, entry: Entry, found: MispImport, before: Before) -> None:
    """One event, whole or not at all, remembered with the time that the manifest told of it."""
    held = before.entries.get(entry.uuid)
    pull.begin()
    with transaction.atomic():
        pull.keep(found.objects, victims=dict.fromkeys(found.victims, VictimHow.TARGET))
        since: datetime = held.since if held else pull.now
        keep_entries(pull.run, before, {entry.uuid: (entry.time, since, None)})
    if held is None or held.gone:
        pull.run.new += 1
    else:
        pull.run.changed += 1
    pull.run.unmapped += len(found.unmapped)
    pull.tell((entry.info or entry.uuid, note) for note in found.notes)


def look(glance: Glance) -> Glimpse:
    """The events that the manifest names, the newest first."""
    got = glance.reach.get(f"{glance.address.rstrip('/')}/{MANIFEST}")
    manifest = Manifest.decode(body_of(got.body, got.media_type) if got else b"")
    newest = sorted(manifest.entries, key=lambda each: (each.time, each.uuid), reverse=True)
    rows = tuple(Shown(each.info or each.uuid, "event", each.date) for each in newest[: glance.most])
    lost = tuple((each.uuid, each.reason) for each in manifest.unreadable)
    return Glimpse(rows, len(manifest.entries), unmapped=lost[: glance.most], unmapped_count=len(lost))


MISP = Kind("misp", "MISP feed", check, pull, look)
