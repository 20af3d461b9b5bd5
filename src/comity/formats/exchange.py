"""The conversations of a node with a partner: its descriptor, its collections, its log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.formats.conversation import MAX_REPLY, Ask, Conversation, PartnerRefused, ask_for
from comity.formats.descriptor import LIMITS as DESCRIPTOR_LIMITS
from comity.formats.descriptor import PATH, SignedDescriptor, decode_descriptor
from comity.formats.taxii import (
    ESSENCE,
    MEDIA_TYPE,
    ApiRoot,
    Collection,
    Discovery,
    Envelope,
    Status,
    decode_collections,
)

MAX_CHECKPOINT = 16 * 2**10
MAX_LOG_FILE = 256 * (2 + 65_535)  # a full bundle of the longest entries
MAX_SMALL = 2 * 2**20
MAX_PAGES = 1_000
_LAST = "x-taxii-date-added-last"
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Outbox:
    """What was read of a collection, and from where to go on: `added_after` for the next time."""

    objects: tuple[object, ...]
    added_after: str | None
    complete: bool


def fetch_descriptor(address: str) -> Conversation[SignedDescriptor]:
    """The descriptor at a node's address; nothing in it is verified yet."""
    ask = Ask(address.rstrip("/") + PATH, limit=DESCRIPTOR_LIMITS.size)
    reply = yield from ask_for(ask, 200, "application/json")
    return decode_descriptor(reply.body)


def discover(url: str) -> Conversation[Discovery]:
    """What a TAXII server offers."""
    return Discovery.decode((yield from _get(url, limit=MAX_SMALL)))


def read_api_root(api_root: str) -> Conversation[ApiRoot]:
    """What an API root takes."""
    return ApiRoot.decode((yield from _get(_under(api_root, ""), limit=MAX_SMALL)))


def read_collections(api_root: str) -> Conversation[tuple[Collection, ...]]:
    """The collections that the partner shows us."""
    return decode_collections((yield from _get(_under(api_root, "collections/"), limit=MAX_SMALL)))


def read_outbox(
    api_root: str, collection: str, *, added_after: str | None, limit: int
) -> Conversation[Outbox]:
    """Ask for page after page of what was added, until at least `limit` objects are here, or all."""
    url = _under(api_root, f"collections/{collection}/objects/")
    since = (("added_after", added_after),) if added_after else ()
    found: list[object] = []
    cursors: set[str] = set()
    page: tuple[tuple[str, str], ...] = ()
    while True:
        ask = Ask(url, (*since, ("limit", str(limit)), *page), accept=MEDIA_TYPE)
        reply = yield from ask_for(ask, 200, ESSENCE)
        envelope = Envelope.decode(reply.body)
        found += envelope.objects
        added_after = _last_added(url, reply.headers.get(_LAST)) or added_after
        if envelope.next is None or not envelope.more or len(found) >= limit:
            return Outbox(tuple(found), added_after, complete=not envelope.more)
        if envelope.next in cursors or len(cursors) >= MAX_PAGES:
            raise Malformed(url, "the pages do not end: a cursor came back, or there are too many.")
        cursors.add(envelope.next)
        page = (("next", envelope.next),)


def post_objects(
    api_root: str, collection: str, objects: Iterable[object], *, polls: int = 10, wait: int = 2
) -> Conversation[Status]:
    """Post objects, and ask for their status until it is complete, at most `polls` times."""
    ask = Ask(
        _under(api_root, f"collections/{collection}/objects/"),
        method="POST",
        accept=MEDIA_TYPE,
        content_type=MEDIA_TYPE,
        body=Envelope(tuple(objects)).encode(),
    )
    reply = yield from ask_for(ask, 202, ESSENCE)
    status = Status.decode(reply.body)
    for _ in range(polls):
        if status.complete:
            break
        url = _under(api_root, f"status/{status.id}/")
        status = Status.decode((yield from _get(url, limit=MAX_REPLY, wait=wait)))
    return status


def fetch_checkpoint(log_url: str) -> Conversation[bytes]:
    """The newest checkpoint of a log: a signed note, for the ledger to open."""
    ask = Ask(_under(log_url, "checkpoint"), accept="text/plain", limit=MAX_CHECKPOINT)
    return (yield from ask_for(ask, 200, "text/plain")).body


def fetch_log_file(log_url: str, path: str) -> Conversation[bytes | None]:
    """A tile or a bundle of entries by its tlog-tiles path; None if the log has no such file."""
    ask = Ask(_under(log_url, path), accept="application/octet-stream", limit=MAX_LOG_FILE)
    try:
        return (yield from ask_for(ask, 200, "application/octet-stream")).body
    except PartnerRefused as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _get(url: str, *, limit: int, wait: int = 0) -> Conversation[bytes]:
    ask = Ask(url, accept=MEDIA_TYPE, limit=limit, wait=wait)
    return (yield from ask_for(ask, 200, ESSENCE)).body


def _under(base: str, path: str) -> str:
    """TAXII addresses end in a slash (section 1.6.1); a base that was written without one means the same."""
    return f"{base.rstrip('/')}/{path}"


def _last_added(url: str, header: str | None) -> str | None:
    """The header as written: its microseconds decide where the next page begins."""
    if header is not None:
        decode_time(header, f"{url}, header {_LAST}")
    return header
