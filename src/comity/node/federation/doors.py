"""The doors for other nodes: the descriptor, TAXII 2.1, and cosignatures on our checkpoints.

No cookie opens them: a node signs its requests (RFC 9421), and its acts once more by themselves.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import uuid4

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from comity.base.errors import Malformed, NotFound
from comity.base.times import decode_time
from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.note import Note
from comity.formats.strict_json import decode
from comity.formats.taxii import (
    ApiRoot,
    Collection,
    Discovery,
    Envelope,
    Outcome,
    Status,
    encode_collections,
)
from comity.node.acts import queries as acts
from comity.node.acts.models import Delivery
from comity.node.acts.services import delivering
from comity.node.federation import queries, roots
from comity.node.federation.answers import (
    Caller,
    answered,
    check_accept,
    check_content,
    signing_partner,
    taxii,
)
from comity.node.federation.collections import inbox_id, outbox_id
from comity.node.federation.models import Partner
from comity.node.federation.services import inbound, outbound, own
from comity.node.parties.access import open_to_all

P = ParamSpec("P")
logger = logging.getLogger("comity.federation")
LONGEST_PAGE = 1_000
STATUS_KEPT = 3_600  # seconds
API_ROOT = "comity"
_OF_OBJECTS = frozenset({"limit", "next", "added_after"})  # an outbox has whole acts: nothing is filtered out
_NONE = frozenset[str]()
_NUMBER = re.compile("[0-9]{1,18}")  # what a database's whole numbers hold


def _for_partners(
    view: Callable[Concatenate[HttpRequest, Caller, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The door opens for an accepted partner that signed the request."""

    @csrf_exempt
    @open_to_all("a partner's node signs its requests")
    @answered
    @wraps(view)
    def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, signing_partner(request), *args, **kwargs)

    return asked


@open_to_all("a node tells everybody who it is")
@answered
@require_safe
def descriptor(_request: HttpRequest) -> HttpResponse:
    """The node's signed descriptor."""
    return HttpResponse(own.descriptor(timezone.now()).raw, content_type="application/json")


@csrf_exempt
@open_to_all("a partner's node signs its requests, others carry a token")
@answered
@require_safe
def discovery(request: HttpRequest) -> HttpResponse:
    """TAXII 2.1, section 4.1: the API roots that the caller may use, that of acts for partners first."""
    if "Authorization" in request.headers:
        found = roots.offered(request, None)
    else:
        caller = signing_partner(request)
        found = (f"{settings.CONFIG.address}taxii2/{API_ROOT}/", *roots.offered(request, caller.partner))
    check_accept(request)
    _check_parameters(request, _NONE)
    default = found[0] if found else None
    return taxii(Discovery(queries.own_party().name, found, default).encode())


@_for_partners
@require_safe
def api_root(request: HttpRequest, _caller: Caller) -> HttpResponse:
    """TAXII 2.1, section 4.2."""
    check_accept(request)
    _check_parameters(request, _NONE)
    return taxii(ApiRoot("Acts between nodes", settings.CONFIG.max_content_length).encode())


@_for_partners
@require_safe
def collections(request: HttpRequest, caller: Caller) -> HttpResponse:
    """TAXII 2.1, section 5.1: the inbox and the outbox of the partner that asks."""
    check_accept(request)
    _check_parameters(request, _NONE)
    return taxii(encode_collections(_collections(caller.partner)))


@_for_partners
@require_safe
def collection(request: HttpRequest, caller: Caller, identifier: str) -> HttpResponse:
    """TAXII 2.1, section 5.2."""
    check_accept(request)
    _check_parameters(request, _NONE)
    return taxii(_collection(caller.partner, identifier).encode())


@_for_partners
def objects(request: HttpRequest, caller: Caller, identifier: str) -> HttpResponse:
    """TAXII 2.1, sections 5.4 and 5.5: the partner reads its outbox, or posts to its inbox."""
    check_accept(request)
    found = _collection(caller.partner, identifier)
    if request.method == "GET" and found.can_read:
        return _read_outbox(request, caller.partner)
    if request.method == "POST" and found.can_write:
        _check_parameters(request, _NONE)
        return _post_to_inbox(request, caller)
    return HttpResponseNotAllowed(["GET"] if found.can_read else ["POST"])


@_for_partners
@require_safe
def status(request: HttpRequest, caller: Caller, identifier: str) -> HttpResponse:
    """TAXII 2.1, section 4.3: what became of a post in the last hour."""
    check_accept(request)
    _check_parameters(request, _NONE)
    found = caches["statuses"].get(_status_key(caller.partner, identifier))
    if found is None:
        raise NotFound("status")
    return taxii(found)


@_for_partners
def cosignature(request: HttpRequest, caller: Caller) -> HttpResponse:
    """A partner that saw our checkpoint gives us its cosignature: the checkpoint, and the signature line."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    note = Note.decode(caller.body)
    checkpoint = Checkpoint.decode(note.text)
    lines = "".join(f"{each.encode()}\n" for each in note.signatures).encode()
    outbound.keep_cosignature(caller.partner, size=checkpoint.size, lines=lines, now=timezone.now())
    return HttpResponse(b"{}", content_type="application/json")


def _collections(partner: Partner) -> tuple[Collection, Collection]:
    owner, name = queries.own_party(), partner.party.name
    return (
        Collection(
            inbox_id(owner, partner.party), f"From {name}", can_read=False, can_write=True, alias="inbox"
        ),
        Collection(
            outbox_id(owner, partner.party), f"For {name}", can_read=True, can_write=False, alias="outbox"
        ),
    )


def _collection(partner: Partner, identifier: str) -> Collection:
    for each in _collections(partner):
        if identifier in (each.id, each.alias):
            return each
    raise NotFound("collection")


def _read_outbox(request: HttpRequest, partner: Partner) -> HttpResponse:
    """A page of whole acts with their contents, in the exact order of our log."""
    _check_parameters(request, _OF_OBJECTS)
    now = timezone.now()
    limit = _limit(request)
    after = _cursor(request)
    since = request.GET.get("added_after")
    added_after = decode_time(since, "added_after") if since else None
    found = acts.outbox(partner.party, after=after, added_after=added_after, limit=limit + 1)
    page = _whole_acts(found, limit)
    going = delivering.judged_again(page, now=now)
    more = len(found) > len(page)
    envelope = Envelope(tuple(outbound.objects_of(going)), more, str(page[-1].position) if more else None)
    delivering.handed_over(
        [each for each in going if each.state == "waiting"],
        now=now,
        how=f"{partner.party.name} fetched it.",
    )
    response = taxii(envelope.encode())
    if page:
        response["X-TAXII-Date-Added-First"] = _exact(page[0])
        response["X-TAXII-Date-Added-Last"] = _exact(page[-1])
    return response


def _whole_acts(found: list[Delivery], limit: int) -> list[Delivery]:
    """As many acts as fit into `limit` objects, and at least one: half an act could not be verified."""
    page: list[Delivery] = []
    count = 0
    for delivery in found:
        count += 1 + len(delivery.act.carried.all())
        if page and count > limit:
            break
        page.append(delivery)
    return page[:limit]


def _post_to_inbox(request: HttpRequest, caller: Caller) -> HttpResponse:
    check_content(request)
    now = timezone.now()
    envelope = Envelope.decode(caller.body)
    if not envelope.objects:
        raise Malformed("/objects", "the envelope holds no object")
    said = inbound.take(caller.partner, inbound.sort(envelope.objects), now=now, hand_over=True, read=None)
    told = Status(
        id=str(uuid4()),
        complete=True,
        request_timestamp=now,
        successes=tuple(_outcome(each) for each in said if each.verdict.allowed),
        failures=tuple(_outcome(each) for each in said if not each.verdict.allowed),
        receipts=tuple(decode(each.receipt) for each in said if each.receipt),
    ).encode()
    identifier = decode(told)["id"]  # type: ignore[index]  # what we have just encoded
    caches["statuses"].set(_status_key(caller.partner, identifier), told, STATUS_KEPT)
    return taxii(told, 202)


def _outcome(said: inbound.Said) -> Outcome:
    ground = said.verdict.grounds[0]
    return Outcome.refused(said.ref, said.version, ground.rule, ground.text)


def _status_key(partner: Partner, identifier: str) -> str:
    return f"taxii-status-{partner.pk}-{identifier}"


def _check_parameters(request: HttpRequest, known: frozenset[str]) -> None:
    """Raise `Malformed` for a parameter without effect here: the answer would look filtered, and not be.

    TAXII 2.1 answers 400 to what a server does not understand, filters among it.
    """
    for name in request.GET:
        if name not in known:
            can = ", ".join(sorted(known)) or "none"
            raise Malformed(name[:100], f"this parameter is not known here; those that are: {can}")
        if len(request.GET.getlist(name)) > 1:
            raise Malformed(name, "is given twice")


def _limit(request: HttpRequest) -> int:
    text = request.GET.get("limit", str(LONGEST_PAGE))
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise Malformed("limit", "expected a whole number from 1")
    return min(int(text), LONGEST_PAGE)


def _cursor(request: HttpRequest) -> int:
    text = request.GET.get("next")
    if text is None:
        return -1
    if not _NUMBER.fullmatch(text):
        raise Malformed("next", "expected a cursor that this server gave")
    return int(text)


def _exact(delivery: Delivery) -> str:
    """With microseconds: two acts in one millisecond must not be taken for one."""
    return delivery.added.isoformat(timespec="microseconds").replace("+00:00", "Z")
