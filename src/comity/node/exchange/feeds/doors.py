"""A collection as a MISP feed: whoever may read it by TAXII may poll it by MISP, and sees exactly as much.

A feed is made anew only when the caller sees anything else. What was made is kept in memory, never on the
disk, and is asked for its state before any of it is given: what was erased or closed goes to nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified
from django.utils import timezone

from comity.base.errors import NotFound, Unavailable
from comity.formats.misp.feed import HASHES
from comity.node.exchange.models import Collection
from comity.node.exchange.services.publishing import File, feed_of, state_of
from comity.node.exchange.taxii.callers import caller_of, holder_of
from comity.node.exchange.taxii.chosen import open_collection, scope_of
from comity.node.federation.answers import answered
from comity.node.parties.access import open_to_all
from comity.node.parties.models import Party

MOST_KEPT = 64 * 2**20  # bytes of feeds in the memory of one process
_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class _Made:
    """A feed as one caller saw it in one state."""

    state: str
    files: Mapping[str, File]

    @property
    def size(self) -> int:
        return sum(len(each.packed) for each in self.files.values())


_made: OrderedDict[tuple[UUID, int], _Made] = OrderedDict()
_one_at_a_time = Lock()  # a client that asks for all files at once must not have the feed made for each


@open_to_all("a partner's node signs its requests, others carry a token")
@answered
def misp_file(request: HttpRequest, body: UUID, identifier: str, name: str) -> HttpResponse:
    """The manifest of a collection as a MISP feed, one event, or the hashes."""
    caller = caller_of(request)
    holder = holder_of(caller, body)
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    found = _file(open_collection(holder, identifier), caller.party, name)
    etag = f'"{sha256(found).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    kind = "text/csv" if name == HASHES else "application/json"
    return HttpResponse(
        found, content_type=kind, headers={"ETag": etag, "Cache-Control": "private, no-cache"}
    )


def _file(collection: Collection, party: Party, name: str) -> bytes:
    now = timezone.now()
    scope = scope_of(collection, party, now)
    state, key = state_of(collection, scope, now), (collection.ref, party.pk)
    with _one_at_a_time:
        made = _made.get(key)
        if made is None or made.state != state:
            done = feed_of(collection, scope, party, now)
            if state_of(collection, scope_of(collection, party, timezone.now()), now) != state:
                raise Unavailable("What may be seen of the collection has just changed; ask again.")
            made = _made[key] = _Made(state, {each.name: each for each in done.files})
        _made.move_to_end(key)
        while len(_made) > 1 and sum(each.size for each in _made.values()) > MOST_KEPT:
            _made.popitem(last=False)
    if name not in made.files:
        raise NotFound("file")
    return made.files[name].content
