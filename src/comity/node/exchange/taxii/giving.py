"""Pages of what a caller may see: objects in their own bytes, and each page recorded before it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from comity.base.errors import NotFound
from comity.formats.entries import Event, LogEntry
from comity.formats.strict_json import Limits, decode
from comity.formats.taxii import Entry, encode_manifest, encode_versions, envelope_of
from comity.node.accountability.services import record
from comity.node.exchange.models import Collection, StixObject
from comity.node.exchange.reducing import Reduced, keep_names, reduced_of
from comity.node.exchange.taxii.merging import Place, bytes_of
from comity.node.exchange.taxii.order import Choice, Found, Scope, Versions, places
from comity.node.exchange.taxii.standing import moment
from comity.node.exchange.taxii.wanted import Wanted
from comity.node.parties.models import Party

MOST_BYTES = 32 * 2**20  # of one page, with the object that passes it
_AT_ONCE = 200  # objects that are read together: each may be long
_EVERY = Versions(every=True)


@dataclass(frozen=True, slots=True)
class Page:
    """A page for a reply, and the instants of its first and last object."""

    content: bytes
    first: str | None = None
    last: str | None = None
    count: int = 0
    more: bool = False


@dataclass(slots=True)
class _Given:
    """The objects of a page, and the names of those of which something was taken out."""

    places: list[Place] = field(default_factory=list)
    wires: list[bytes] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, at: int, key: int, wire: bytes, sha256: str) -> None:
        self.places.append((at, key))
        self.wires.append(wire)
        self.digests.append(sha256)

    def add_whole(self, places: Sequence[Place], read: Mapping[int, tuple[bytes, str]]) -> None:
        """Add these objects as they are kept, all of which were read."""
        self.places += places
        self.wires += [read[key][0] for _, key in places]
        self.digests += [read[key][1] for _, key in places]

    def add_reduced(self, at: int, key: int, left: Reduced) -> None:
        self.add(at, key, left.wire, left.sha256)
        if left.ref != left.original:
            self.names[left.ref] = left.original


def objects(scope: Scope, wanted: Wanted, *, collection: Collection, party: Party, now: datetime) -> Page:
    """A page of objects; that it is given is recorded before it goes."""
    found = places(scope, wanted.choice, after=wanted.after, count=wanted.limit + 1)
    given = _read(scope, found, wanted.limit)
    if not given.places:
        return Page(envelope_of((), following=None))
    begin, end = given.places[0][0], given.places[-1][0]
    following = str(end) if len(found.places) > len(given.places) else None
    more = {
        "count": len(given.places),
        "first": exact(begin),
        "last": exact(end),
        "purpose": collection.purpose,
        **({"match": True} if wanted.choice.narrow else {}),
    }
    entry = LogEntry(
        Event.CONTENT_GIVEN, now, f"collection {collection.ref}", _digest(given.digests),
        sender=collection.holder.ref, to=(party.ref,), more=more,
    )  # fmt: skip  # an entry
    with transaction.atomic():
        keep_names(scope.holder, given.names)
        record([entry], now=now)
    content = envelope_of(given.wires, following=following)
    return Page(content, exact(begin), exact(end), len(given.places), following is not None)


def manifest(scope: Scope, wanted: Wanted) -> Page:
    """A page of what there is, without the objects."""
    found = places(scope, wanted.choice, after=wanted.after, count=wanted.limit + 1)
    listed = found.places[: wanted.limit]
    rows = dict(_described(listed))
    entries = [
        Entry(found.names.get(key, ref), exact(at), version_of(modified, key, at))
        for at, key in listed
        if key in rows
        for ref, modified in [rows[key]]
    ]
    if not entries:
        return Page(encode_manifest((), more=False))
    reduced = {found.names[key]: rows[key][0] for _, key in listed if key in found.names and key in rows}
    with transaction.atomic():
        keep_names(scope.holder, {name: ref for name, ref in reduced.items() if name != ref})
    content = encode_manifest(entries, more=len(found.places) > wanted.limit)
    return Page(content, entries[0].date_added, entries[-1].date_added)


def versions(scope: Scope, wanted: Wanted) -> Page:
    """A page of the versions of one object."""
    choice = Choice(refs=wanted.choice.refs, versions=_EVERY, nothing=wanted.choice.nothing)
    found = places(scope, choice, after=wanted.after, count=wanted.limit + 1).places
    given, more = found[: wanted.limit], len(found) > wanted.limit
    rows = dict(_described(given))
    listed = [version_of(rows[key][1], key, at) for at, key in given if key in rows]
    following = str(given[-1][0]) if more else None
    content = encode_versions(listed, more=more, following=following)
    return Page(content, exact(given[0][0]), exact(given[-1][0])) if given else Page(content)


def require_seen(scope: Scope, ref: str) -> None:
    """Raise `NotFound` unless the caller may see the object in some version."""
    if not places(scope, Choice(refs=(ref,), versions=_EVERY), after=-1, count=1).places:
        raise NotFound("object")


def exact(at: int) -> str:
    """An instant with its microseconds: two objects in one millisecond must not be taken for one."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def version_of(modified: str, key: int, at: int) -> str:
    """Section 3.4.1: `modified`; else `created`, as definitions have it; else when it was added."""
    if modified:
        return modified
    wire = bytes(StixObject.objects.values_list("wire", flat=True).get(pk=key))
    value = decode(wire, limits=Limits(size=len(wire)))
    created = value.get("created") if isinstance(value, dict) else None
    return created if isinstance(created, str) else exact(at)


def _read(scope: Scope, found: Found, most: int) -> _Given:
    """As many objects as fit into a page, at least one, each as it goes."""
    given, size = _Given(), 0
    for start in range(0, min(len(found.places), most), _AT_ONCE):
        some = found.places[start : min(start + _AT_ONCE, most)]
        read = bytes_of([key for _, key in some if key not in found.names])
        whole = sum([len(wire) for wire, _ in read.values()])
        if len(read) == len(some) and size + whole < MOST_BYTES:  # as nearly always
            given.add_whole(some, read)
            size += whole
            continue
        reduced = reduced_of(scope.holder, scope.removals, [key for _, key in some if key in found.names])
        for at, key in some:
            left = reduced.get(key)
            if left is not None and left.ref == found.names[key]:
                given.add_reduced(at, key, left)
            elif key in read:
                given.add(at, key, *read[key])
            else:  # it was deleted, or put into another class, just now
                continue
            size += len(given.wires[-1])
            if size >= MOST_BYTES:
                return given
    return given


def _described(found: Sequence[Place]) -> Iterable[tuple[int, tuple[str, str]]]:
    rows = StixObject.objects.filter(pk__in=[key for _, key in found]).order_by()
    return [(key, (ref, modified)) for key, ref, modified in rows.values_list("pk", "ref", "modified")]


def _digest(digests: Iterable[str]) -> str:
    return sha256(bytes.fromhex("".join(digests))).hexdigest()
