"""The doors of TAXII 2.1 for content: who asks, for what, and which page or status answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from comity.base.errors import Malformed, NotFound, TooLarge
from comity.engines.release.terms import Purpose
from comity.formats import taxii as wire
from comity.formats.stix import ID
from comity.node.exchange.models import Collection
from comity.node.exchange.taxii import giving, taking, wanted
from comity.node.exchange.taxii.callers import Caller, caller_of, holder_of
from comity.node.exchange.taxii.chosen import open_collection, open_collections, scope_of
from comity.node.exchange.taxii.giving import Page
from comity.node.exchange.taxii.order import Versions
from comity.node.faults import Step, reach
from comity.node.federation.answers import (
    Unprocessable,
    answered,
    check_accept,
    check_bound,
    check_content,
    taxii,
)
from comity.node.parties.access import open_to_all
from comity.node.parties.models import Party

P = ParamSpec("P")
STATUS_KEPT = 3_600  # seconds
_EVERY = Versions(every=True)
_Door = Callable[Concatenate[HttpRequest, Caller, Party, P], HttpResponse]


def _door(*methods: str) -> Callable[[_Door[P]], Callable[Concatenate[HttpRequest, UUID, P], HttpResponse]]:
    """A door that takes these methods, from those who may use the API root of the body."""

    def made(view: _Door[P]) -> Callable[Concatenate[HttpRequest, UUID, P], HttpResponse]:
        @csrf_exempt
        @open_to_all("a partner's node signs its requests, others carry a token")
        @answered
        @wraps(view)
        def asked(request: HttpRequest, /, body: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            caller = caller_of(request)
            holder = holder_of(caller, body)
            check_accept(request)
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, caller, holder, *args, **kwargs)

        return asked  # type: ignore[return-value]  # the decorators keep the parameters

    return made


@_door("GET")
def api_root(request: HttpRequest, _caller: Caller, holder: Party) -> HttpResponse:
    """TAXII 2.1, section 4.2."""
    wanted.read(request, ())
    root = wire.ApiRoot(
        holder.name, settings.CONFIG.max_content_length, description=f"Content that {holder.name} shares"
    )
    return taxii(root.encode())


@_door("GET")
def status(request: HttpRequest, caller: Caller, holder: Party, identifier: UUID) -> HttpResponse:
    """TAXII 2.1, section 4.3: what became of a post in the last hour, for whoever posted."""
    wanted.read(request, ())
    found = caches["statuses"].get(_status_key(holder, caller, str(identifier)))
    if found is None:
        raise NotFound("status")
    return taxii(found)


@_door("GET")
def collections(request: HttpRequest, _caller: Caller, holder: Party) -> HttpResponse:
    """TAXII 2.1, section 5.1."""
    wanted.read(request, ())
    return taxii(wire.encode_collections(_told(each) for each in open_collections(holder)))


@_door("GET")
def collection(request: HttpRequest, _caller: Caller, holder: Party, identifier: str) -> HttpResponse:
    """TAXII 2.1, section 5.2."""
    found = open_collection(holder, identifier)
    wanted.read(request, ())
    return taxii(_told(found).encode())


@_door("GET")
def manifest(request: HttpRequest, caller: Caller, holder: Party, identifier: str) -> HttpResponse:
    """TAXII 2.1, section 5.3."""
    found = open_collection(holder, identifier)
    asked = wanted.read(request, wanted.PAGED | wanted.OF_MANY)
    return _paged(giving.manifest(scope_of(found, caller.party, timezone.now()), asked))


@_door("GET", "POST")
def objects(request: HttpRequest, caller: Caller, holder: Party, identifier: str) -> HttpResponse:
    """TAXII 2.1, sections 5.4 and 5.5."""
    found = open_collection(holder, identifier)
    if request.method == "POST":
        return _post(request, caller, found)
    asked = wanted.read(request, wanted.PAGED | wanted.OF_MANY)
    now = timezone.now()
    scope = scope_of(found, caller.party, now)
    return _paged(giving.objects(scope, asked, collection=found, party=caller.party, now=now))


@_door("GET", "DELETE")
def one_object(
    request: HttpRequest, caller: Caller, holder: Party, identifier: str, ref: str
) -> HttpResponse:
    """TAXII 2.1, sections 5.6 and 5.7."""
    found, ref = open_collection(holder, identifier), _known(ref)
    now = timezone.now()
    if request.method == "DELETE":
        asked = wanted.read(request, wanted.OF_ONE, ref=ref)
        chosen = asked.choice.versions if "match[version]" in request.GET else _EVERY
        if asked.choice.nothing:
            raise NotFound("object")
        taking.withdraw(ref, chosen, collection=found, party=caller.party, now=now)
        return HttpResponse(content_type=wire.MEDIA_TYPE)
    asked = wanted.read(request, wanted.PAGED | wanted.OF_ONE, ref=ref)
    scope = scope_of(found, caller.party, now)
    giving.require_seen(scope, ref)
    return _paged(giving.objects(scope, asked, collection=found, party=caller.party, now=now))


@_door("GET")
def versions(request: HttpRequest, caller: Caller, holder: Party, identifier: str, ref: str) -> HttpResponse:
    """TAXII 2.1, section 5.8."""
    found, ref = open_collection(holder, identifier), _known(ref)
    asked = wanted.read(request, wanted.PAGED | {"match[spec_version]"}, ref=ref)
    scope = scope_of(found, caller.party, timezone.now())
    giving.require_seen(scope, ref)
    return _paged(giving.versions(scope, asked))


def _post(request: HttpRequest, caller: Caller, found: Collection) -> HttpResponse:
    wanted.read(request, ())
    check_content(request)
    taking.require_writable(found)
    limit = check_bound(request)
    source = request if caller.body is None else BytesIO(caller.body)
    body, now = taking.Bounded(source, limit), timezone.now()

    def keep(identifier: str, content: bytes, /) -> None:
        caches["statuses"].set(_status_key(found.holder, caller, identifier), content, STATUS_KEPT)

    try:
        told = taking.take(body, collection=found, party=caller.party, now=now, new_id=uuid4, keep=keep)
    except TooLarge:
        raise
    except Malformed as error:
        raise Unprocessable(error.where, error.problem) from error
    reach(Step.POST_KEPT)
    return taxii(told, 202)


def _told(each: Collection) -> wire.Collection:
    return wire.Collection(
        id=str(each.ref),
        title=each.title,
        can_read=True,
        can_write=each.may_post,
        description=each.description or f"For {Purpose(each.purpose).words}",
        alias=each.alias or None,
    )


def _paged(page: Page) -> HttpResponse:
    response = taxii(page.content)
    if page.first is not None and page.last is not None:
        response["X-TAXII-Date-Added-First"] = page.first
        response["X-TAXII-Date-Added-Last"] = page.last
    return response


def _known(ref: str) -> str:
    """The id of an object from an address; raises `NotFound` for what is none."""
    if not ID.fullmatch(ref):
        raise NotFound("object")
    return ref


def _status_key(holder: Party, caller: Caller, identifier: str) -> str:
    return f"taxii-content-{holder.pk}-{caller.party.pk}-{identifier}"
