"""The conversations of a TAXII 2.1 client: what a server offers, page after page of it, posts and deletions.

Nodes of ours and strangers' servers are asked in the same way, and believed no more than they have to be:
every size and number is bounded, and a server that leads in circles is told so in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Generic, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from comity.base.errors import Malformed, TooLarge
from comity.base.times import decode_time
from comity.formats.conversation import (
    Ask,
    Conversation,
    PartnerRefused,
    PartnerUnavailable,
    Reply,
    ask_for,
    refusal,
)
from comity.formats.taxii import (
    ESSENCE,
    MEDIA_TYPE,
    ApiRoot,
    Collection,
    Discovery,
    Status,
    decode_collections,
    is_taxii,
)
from comity.formats.taxii_pages import Paged, RawEnvelope, VersionList

MAX_SMALL = 2 * 2**20
MAX_PAGES = 100_000
MAX_EMPTY = 10  # pages without anything on them, one after the other
PAGE = 1_000
_FIRST, _LAST = "x-taxii-date-added-first", "x-taxii-date-added-last"
_OK, _ACCEPTED, _NOT_FOUND = 200, 202, 404
_REST = 20  # seconds between two tries, as long as a driver waits
_SMALLER = 4  # by how much less is asked for when a page was too long
_ENVELOPE = b'{"objects":[%b]}'

P = TypeVar("P", bound=Paged)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a collection is asked for (section 3.4); what is empty does not matter."""

    added_after: str | None = None
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    spec_versions: tuple[str, ...] = ()

    @property
    def matches(self) -> tuple[tuple[str, str], ...]:
        """The parameters beside `added_after`."""
        wanted = {
            "id": self.ids,
            "type": self.types,
            "version": self.versions,
            "spec_version": self.spec_versions,
        }
        return tuple((f"match[{name}]", ",".join(values)) for name, values in wanted.items() if values)


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """One page, and the instants at which its first and last object were added, as the server writes them."""

    content: P
    first: str | None = None
    last: str | None = None
    problem: str = ""  # with these headers


@dataclass(slots=True)
class Reading(Generic[P]):
    """A walk from page to page of one resource; `last` is the latest instant that was told."""

    url: str
    decode: Callable[[bytes], P]
    filters: Filters = field(default_factory=Filters)
    limit: int = PAGE
    patience: int = 0  # seconds that may pass where the server asks us to come later
    ended: bool = False
    last: str | None = None
    _since: str | None = None
    _cursor: str | None = None
    _seen: set[bytes] = field(default_factory=set)
    _empty: int = 0

    def __post_init__(self) -> None:
        self._since = self.filters.added_after

    def next_page(self) -> Conversation[Page[P]]:
        """Ask for the next page; raises `Malformed` where the server leads in circles."""
        reply = yield from self._asked()
        page = self._page(reply)
        self._not_again(reply.body, len(page.content))
        if page.last is not None and (self.last is None or _time(page.last) > _time(self.last)):
            self.last = page.last
        self.ended = not page.content.more
        if not self.ended:
            self._go_on(page)
        return page

    def _asked(self) -> Conversation[Reply]:
        """The reply; a page that is too long is asked for again with fewer objects."""
        wait = 0
        while True:
            try:
                return (yield from _taxii(Ask(self.url, self._query(), accept=MEDIA_TYPE, wait=wait)))
            except TooLarge:
                if self.limit == 1:
                    raise
                self.limit = max(1, self.limit // _SMALLER)
            except PartnerUnavailable as error:
                wait = min(error.retry_after or 0, _REST)
                if not 0 < wait <= self.patience:
                    raise
                self.patience -= wait

    def _query(self) -> tuple[tuple[str, str], ...]:
        since = (("added_after", self._since),) if self._since else ()
        cursor = (("next", self._cursor),) if self._cursor else ()
        return (*since, *self.filters.matches, ("limit", str(self.limit)), *cursor)

    def _page(self, reply: Reply) -> Page[P]:
        content = self.decode(reply.body)
        first, last = reply.headers.get(_FIRST), reply.headers.get(_LAST)
        try:
            for name, text in ((_FIRST, first), (_LAST, last)):
                if text is not None:
                    decode_time(text, f"{self.url}, header {name}")
        except Malformed as error:
            return Page(content, problem=error.message)
        return Page(content, first, last)

    def _not_again(self, body: bytes, count: int) -> None:
        """Refuse pages that come twice, and too many of them."""
        self._empty = 0 if count else self._empty + 1
        digest = sha256(body).digest()
        again = count > 0 and digest in self._seen
        if again or len(self._seen) >= MAX_PAGES or self._empty > MAX_EMPTY:
            why = "one came twice" if again else "there are too many, or too many empty ones"
            raise Malformed(self.url, f"the pages do not end: {why}.")
        self._seen.add(digest)

    def _go_on(self, page: Page[P]) -> None:
        """By the cursor; where there is none, behind the last instant (section 3.5)."""
        if page.content.next is not None:
            if page.content.next == self._cursor and not len(page.content):
                raise Malformed(self.url, "the pages do not end: an empty one leads to itself.")
            self._cursor = page.content.next
            return
        if page.last is None or (self._since is not None and _time(page.last) <= _time(self._since)):
            told = page.problem or "there is more, but neither `next` nor a later instant says where."
            raise Malformed(self.url, told)
        self._since, self._cursor = page.last, None


def discover(url: str) -> Conversation[Discovery]:
    """What a TAXII server offers."""
    return Discovery.decode((yield from _taxii(Ask(url, accept=MEDIA_TYPE, limit=MAX_SMALL))).body)


def roots_of(url: str, found: Discovery) -> tuple[str, ...]:
    """The addresses of the API roots, the default first; relative ones belong to where they were read."""
    told = dict.fromkeys([*([found.default] if found.default else ()), *found.api_roots])
    roots = (urljoin(url, each) for each in told)
    return tuple(f"{each.rstrip('/')}/" for each in roots if urlsplit(each).scheme in {"http", "https"})


def read_api_root(api_root: str) -> Conversation[ApiRoot]:
    """What an API root takes."""
    return ApiRoot.decode((yield from _small(under(api_root, ""))))


def read_collections(api_root: str) -> Conversation[tuple[Collection, ...]]:
    """The collections that the server shows us."""
    return decode_collections((yield from _small(under(api_root, "collections/"))))


def read_collection(api_root: str, collection: str) -> Conversation[Collection]:
    """One collection by its id or alias."""
    return Collection.decode((yield from _small(collection_url(api_root, collection))))


def read_status(api_root: str, identifier: str, *, wait: int = 0) -> Conversation[Status]:
    """How far a post has come."""
    ask = Ask(under(api_root, f"status/{quote(identifier, safe='')}/"), accept=MEDIA_TYPE, wait=wait)
    return Status.decode((yield from _taxii(ask)).body)


def post_envelope(
    api_root: str, collection: str, body: bytes, *, polls: int = 10, wait: int = 2
) -> Conversation[Status]:
    """Post an envelope, and ask for its status until that is complete, at most `polls` times."""
    url = f"{collection_url(api_root, collection)}objects/"
    ask = Ask(url, method="POST", accept=MEDIA_TYPE, content_type=MEDIA_TYPE, body=body)
    status = Status.decode((yield from _taxii(ask, _ACCEPTED)).body)
    for _ in range(polls):
        if status.complete:
            break
        status = yield from read_status(api_root, status.id, wait=wait)
    return status


def delete_object(
    api_root: str, collection: str, ref: str, *, versions: tuple[str, ...] = ()
) -> Conversation[bool]:
    """Take an object back, all versions or these; False where the server has none of ours."""
    query = Filters(versions=versions).matches
    ask = Ask(object_url(api_root, collection, ref), query, method="DELETE", accept=MEDIA_TYPE)
    reply = yield ask  # an empty answer has no media type
    if reply.status not in {_OK, _NOT_FOUND}:
        raise refusal(ask, reply)
    return reply.status == _OK


def read_object(
    api_root: str, collection: str, ref: str, version: str = ""
) -> Conversation[tuple[bytes, ...]]:
    """An object in this version, or in its last; nothing where the server has none."""
    filters = Filters(versions=(version,) if version else ())
    try:
        page = yield from Reading(
            object_url(api_root, collection, ref), RawEnvelope.decode, filters
        ).next_page()
    except PartnerRefused as error:
        if error.status == _NOT_FOUND:
            return ()
        raise
    return page.content.objects


def has_version(api_root: str, collection: str, ref: str, version: str = "") -> Conversation[bool]:
    """Whether the server holds this version of an object, or any if none is named."""
    reading = Reading(f"{object_url(api_root, collection, ref)}versions/", VersionList.decode)
    while not reading.ended:
        try:
            page = yield from reading.next_page()
        except PartnerRefused as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        if any(not version or _time(each) == _time(version) for each in page.content.versions):
            return True
    return False


def envelopes(objects: Iterable[bytes], *, most_bytes: int, most_objects: int) -> Iterator[list[bytes]]:
    """Objects in portions that one post may hold; one that is too long for any stands alone."""
    portion: list[bytes] = []
    size = len(_ENVELOPE)
    for each in objects:
        if portion and (size + len(each) >= most_bytes or len(portion) >= most_objects):
            yield portion
            portion, size = [], len(_ENVELOPE)
        portion.append(each)
        size += len(each) + 1
    if portion:
        yield portion


def envelope(objects: Iterable[bytes]) -> bytes:
    """The body of a post of these objects, in their own bytes."""
    return _ENVELOPE % b",".join(objects)


def collection_url(api_root: str, collection: str) -> str:
    """The address of a collection."""
    return under(api_root, f"collections/{quote(collection, safe='')}/")


def object_url(api_root: str, collection: str, ref: str) -> str:
    """The address of an object in a collection."""
    return f"{collection_url(api_root, collection)}objects/{quote(ref, safe='')}/"


def under(base: str, path: str) -> str:
    """TAXII addresses end in a slash (section 1.6.1); a base that was written without one means the same."""
    return f"{base.rstrip('/')}/{path}"


def _small(url: str) -> Conversation[bytes]:
    return (yield from _taxii(Ask(url, accept=MEDIA_TYPE, limit=MAX_SMALL))).body


def _taxii(ask: Ask, status: int = _OK) -> Conversation[Reply]:
    """A reply in TAXII 2.1 and in no other version."""
    reply = yield from ask_for(ask, status, ESSENCE)
    found = reply.headers.get("content-type", "")
    if not is_taxii(found):
        raise Malformed(ask.url, f"the reply is {found[:100]}, not TAXII 2.1.")
    return reply


def _time(text: str) -> datetime:
    return decode_time(text, _LAST)
