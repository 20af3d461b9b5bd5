"""The conversations of a node with a partner: its descriptor, its boxes of acts, its log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.base.errors import Malformed
from comity.formats.conversation import Ask, Conversation, PartnerRefused, ask_for
from comity.formats.descriptor import LIMITS as DESCRIPTOR_LIMITS
from comity.formats.descriptor import PATH, SignedDescriptor, decode_descriptor
from comity.formats.taxii import Envelope, Status
from comity.formats.taxii_client import Filters, Reading, collection_url, post_envelope, under

MAX_CHECKPOINT = 16 * 2**10
MAX_LOG_FILE = 256 * (2 + 65_535)  # a full bundle of the longest entries
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


def read_outbox(
    api_root: str, collection: str, *, added_after: str | None, limit: int
) -> Conversation[Outbox]:
    """Ask for page after page of what was added, until at least `limit` objects are here, or all."""
    url = f"{collection_url(api_root, collection)}objects/"
    reading = Reading(url, Envelope.decode, Filters(added_after=added_after), limit)
    found: list[object] = []
    while True:
        page = yield from reading.next_page()
        if page.problem:
            raise Malformed(url, page.problem)
        found += page.content.objects
        if reading.ended or len(found) >= limit:
            return Outbox(tuple(found), reading.last or added_after, complete=reading.ended)


def post_objects(
    api_root: str, collection: str, objects: Iterable[object], *, polls: int = 10, wait: int = 2
) -> Conversation[Status]:
    """Post objects, and ask for their status until it is complete, at most `polls` times."""
    body = Envelope(tuple(objects)).encode()
    return (yield from post_envelope(api_root, collection, body, polls=polls, wait=wait))


def fetch_checkpoint(log_url: str) -> Conversation[bytes]:
    """The newest checkpoint of a log: a signed note, for the ledger to open."""
    ask = Ask(under(log_url, "checkpoint"), accept="text/plain", limit=MAX_CHECKPOINT)
    return (yield from ask_for(ask, 200, "text/plain")).body


def fetch_log_file(log_url: str, path: str) -> Conversation[bytes | None]:
    """A tile or a bundle of entries by its tlog-tiles path; None if the log has no such file."""
    ask = Ask(under(log_url, path), accept="application/octet-stream", limit=MAX_LOG_FILE)
    try:
        return (yield from ask_for(ask, 200, "application/octet-stream")).body
    except PartnerRefused as error:
        if error.status == _NOT_FOUND:
            return None
        raise
