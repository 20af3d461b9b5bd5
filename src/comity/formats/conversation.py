"""Conversations without sockets: a generator yields an `Ask`, receives a `Reply`, and returns a value."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from comity.base.errors import ComityError, Malformed, TooLarge, Unavailable
from comity.formats.taxii import TaxiiError

MAX_REPLY = 16 * 2**20
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
_MAX_RETRY_AFTER = 24 * 60 * 60
_SECONDS = re.compile("[0-9]{1,9}")
_PLACE = re.compile(r"[!-~]{1,300}")
_REASONS = {
    301: "it has moved",
    302: "it sends us elsewhere",
    303: "it sends us elsewhere",
    307: "it sends us elsewhere",
    308: "it has moved",
    400: "it could not read the request",
    401: "it does not know who asks",
    403: "it does not allow this",
    404: "it has no such thing for us",
    406: "it does not speak TAXII 2.1",
    408: "it waited too long for the request",
    409: "it has another thing under this name",
    413: "the request was too large for it",
    415: "it does not read this media type",
    422: "it could not take this in",
    429: "it was asked too often",
    500: "something broke at its side",
    502: "its proxy found no node behind it",
    503: "it is not available now",
    504: "its proxy waited too long for the node",
    507: "its storage is full",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request; the driver reads no more than `limit` bytes of the reply and follows no redirect."""

    url: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    accept: str = "application/json"
    content_type: str | None = None
    body: bytes | None = None
    limit: int = MAX_REPLY
    wait: int = 0  # seconds that the driver lets pass before it asks


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Conversation = Generator[Ask, Reply, T]


class PartnerUnavailable(Unavailable):
    """The partner could not answer now; the same question may be answered later."""

    code = "wire.partner-unavailable"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds, where the partner said so


class PartnerRefused(ComityError):
    """The partner answered and said no; asking the same again gives the same answer."""

    code = "wire.partner-refused"

    def __init__(self, message: str, status: int, partner_code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.partner_code = partner_code  # the partner's stable code, where it gave one


def ask_for(ask: Ask, status: int, media_type: str) -> Conversation[Reply]:
    """Ask, and accept one status and one media type alone."""
    reply = yield ask
    if len(reply.body) > ask.limit:
        raise TooLarge(ask.url, f"the reply has more than {ask.limit:,} bytes.")
    if reply.status != status:
        raise refusal(ask, reply)
    found = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != media_type:
        raise Malformed(ask.url, f"the reply is {found or 'of no stated type'}, not {media_type}.")
    return reply


def refusal(ask: Ask, reply: Reply) -> ComityError:
    """The error for a status that was not asked for, in words."""
    reason = _REASONS.get(reply.status, "an answer that was not expected")
    said = TaxiiError.in_words(reply.body)
    text = f"The partner answered {reply.status} ({reason}) to {ask.method} {ask.url}"
    text += f": {said.title}" if said else _elsewhere(reply)
    if reply.status in _RETRY:
        return PartnerUnavailable(text, _retry_after(reply))
    return PartnerRefused(text, reply.status, said.error_code if said else None)


def _elsewhere(reply: Reply) -> str:
    """Where a redirect points: nobody follows it, a person may enter that address."""
    place = reply.headers.get("location", "")
    return f"; it points to {place}" if reply.status // 100 == 3 and _PLACE.fullmatch(place) else "."  # noqa: PLR2004  3xx


def _retry_after(reply: Reply) -> int | None:
    """Seconds alone: a date would be measured by the partner's clock."""
    text = reply.headers.get("retry-after", "")
    return min(int(text), _MAX_RETRY_AFTER) if _SECONDS.fullmatch(text) else None
