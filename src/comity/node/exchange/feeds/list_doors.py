"""A collection in the forms of devices: whoever may read it by TAXII may poll a list of what it sees there.

What is asked again with its ETag is answered without a file being made, and that answer follows from what the
caller sees alone: what stays here changes no tag.
"""

from __future__ import annotations

import re
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from comity.base.errors import Malformed, NotFound, Unavailable
from comity.formats.exports.all import FORMS
from comity.node.exchange.polling import Told
from comity.node.exchange.services.listing import Listing, Standing, Wish, listing, record_given, standing
from comity.node.exchange.taxii.callers import caller_of, holder_of
from comity.node.exchange.taxii.chosen import open_collection, scope_of
from comity.node.federation.answers import TooMany, answered
from comity.node.parties.access import open_to_all
from comity.node.site import rates

MADE = 60  # files of one form for one party in a minute; what did not change is not made
READ = 600_000  # and so many objects in them, as in the pages that it may ask for; one file in any case
_METHODS = ("GET", "HEAD")
_LEAST = "min_confidence"
_CONFIDENCE = re.compile("[0-9]{1,2}|100", re.ASCII)


@open_to_all("a partner's node signs its requests, others carry a token")
@answered
def list_file(request: HttpRequest, body: UUID, identifier: str, form: str) -> HttpResponseBase:
    """What valid indicators seek that the caller sees of a collection, in one form."""
    caller = caller_of(request)
    holder = holder_of(caller, body)
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    collection = open_collection(holder, identifier)
    if form not in FORMS:
        raise NotFound("form")
    wish, now = Wish(collection, caller.party, form, _least(request)), timezone.now()
    scope = scope_of(collection, caller.party, now)
    stands = standing(wish, scope)
    offered = request.headers.get("If-None-Match", "")
    if Told.still(offered, stands.digest, now):
        return HttpResponse(status=304, headers={"ETag": offered.strip()})
    _require_time(wish, len(stands.found.places))
    done = listing(wish, scope, stands.found, now)
    _require_same(done, stands)
    record_given(done, now=now)
    return _answer(done, stands)


def _require_same(done: Listing, before: Standing) -> None:
    """What was erased or closed while the file was made goes to nobody."""
    scope = scope_of(done.wish.collection, done.wish.party, timezone.now())
    if standing(done.wish, scope, horizon=before.horizon).digest != before.digest:
        done.file.file.close()
        raise Unavailable("What may be seen of the collection has just changed; ask again.")


def _require_time(wish: Wish, objects: int) -> None:
    most = max(1, min(MADE, READ // max(1, objects)))
    if not rates.within(f"lists:{wish.party.pk}:{wish.form}", most):
        raise TooMany(f"More than {most} files of this form in a minute; go on in the next, with the ETag.")


def _answer(done: Listing, stands: Standing) -> StreamingHttpResponse:
    made, form = done.file, done.wish.form
    answer = StreamingHttpResponse(made.file, content_type=made.form.media)
    answer.headers["Content-Length"] = str(made.file.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="comity-{form}.{made.form.suffix}"'
    answer.headers["ETag"] = Told(stands.digest, made.changes).text
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _least(request: HttpRequest) -> int:
    """The least confidence that is asked for.

    A score is not: what the caller learns by trying each would tell how givers are judged here.
    """
    given = request.GET
    for name in given:
        if name != _LEAST or len(given.getlist(name)) > 1:
            raise Malformed(name, f"is no parameter here, or stands twice; known is {_LEAST}.")
    text = given.get(_LEAST, "0")
    if not _CONFIDENCE.fullmatch(text):
        raise Malformed(_LEAST, "expected a whole number from 0 to 100")
    return int(text)
