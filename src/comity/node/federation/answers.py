"""How the doors answer: errors in TAXII's form with our stable code, and who signed a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import timezone

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.formats.taxii import MEDIA_TYPE, TaxiiError, accepts, is_taxii
from comity.node.federation import queries
from comity.node.federation.models import Partner, PartnerState
from comity.node.federation.services import partners
from comity.node.federation.signatures import Message, Unsigned, signer_of
from comity.node.site.errors import DatabaseUnavailable, check_length, problem_of

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
logger = logging.getLogger("comity.federation")


class NotAcceptable(ComityError):
    """The client wants an answer in a media type that TAXII 2.1 does not have."""

    code = "wire.not-acceptable"


class WrongMediaType(ComityError):
    """The body is not in TAXII 2.1's media type."""

    code = "wire.media-type"


class Unprocessable(Malformed):
    """A body that cannot be read: TAXII 2.1 has a status of its own for it (section 5.5)."""


class WrongMethod(ComityError):
    """The door is there, and is not opened in this way."""

    code = "wire.method"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address takes {allowed} alone.")
        self.allowed = allowed


class Suspended(ComityError):
    """Nothing is taken from this partner until a person has decided."""

    code = "partner.suspended"


class Unknown(ComityError):
    """A request that carries a token which is not valid now."""

    code = "wire.unknown-token"


class TooMany(ComityError):
    """More requests in a minute than one party may make."""

    code = "wire.too-many"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an accepted partner, and the body we read for it."""

    partner: Partner
    body: bytes


def answered(view: Callable[P, R]) -> Callable[P, R | HttpResponse]:
    """Errors become TAXII error messages with our stable code."""

    @wraps(view)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        try:
            response = view(*args, **kwargs)
            if isinstance(response, HttpResponseNotAllowed):
                raise WrongMethod(response["Allow"])
        except ComityError as error:
            logger.warning("door: %s %s", error.code, error.message)
            return _told(error)
        except UnreadablePostError:
            return _told(Malformed("the request", "it broke off before the end of its body"))
        except OperationalError:
            logger.exception("door: the database cannot be used")
            return _told(DatabaseUnavailable())
        return response

    return asked


def _told(error: ComityError) -> HttpResponse:
    status = _STATUS.get(type(error)) or problem_of(error).status
    response = taxii(TaxiiError(error.message, status, error_code=error.code).encode(), status)
    if status == 401:  # noqa: PLR2004  RFC 9110: says how to authenticate
        response["WWW-Authenticate"] = 'Signature realm="comity", Bearer realm="comity", Basic realm="comity"'
    if status == 429:  # noqa: PLR2004  RFC 6585: says when to come again
        response["Retry-After"] = "60"
    if isinstance(error, WrongMethod):
        response["Allow"] = error.allowed
    return response


_STATUS: dict[type[ComityError], int] = {
    Unsigned: 401,
    Unknown: 401,
    NotAcceptable: 406,
    WrongMediaType: 415,
    WrongMethod: 405,
    Unprocessable: 422,
    Suspended: 403,
    TooMany: 429,
}


def signing_partner(request: HttpRequest) -> Caller:
    """The partner whose key signed this request; raises `Unsigned` or `Suspended`."""
    now = timezone.now()
    check_bound(request)
    found: dict[str, Partner] = {}

    def find(kid: str) -> object:
        partner = queries.partner_by_kid(kid, now)
        if partner is None:
            return None
        found[kid] = partner
        return next(key.public for key in queries.keys_of(partner) if key.kid == kid)

    message = Message(str(request.method), _url(request), dict(request.headers))
    kid, body = signer_of(message, read=lambda: body_of(request), find=find)  # type: ignore[arg-type]  # see `find`
    partner = found[kid]
    if partner.state != PartnerState.ACCEPTED:
        raise Suspended(f"Cooperation with {partner.party.name} is suspended here until a person decides.")
    partners.heard_of(partner, now)
    return Caller(partner, body)


def body_of(request: HttpRequest) -> bytes:
    """The whole body; raises `TooLarge`."""
    limit = check_bound(request)
    body = request.read(limit + 1)
    if len(body) > limit:
        raise TooLarge("the request", f"more than {limit:,} bytes, the largest body taken here")
    return body


def check_bound(request: HttpRequest) -> int:
    """The largest body taken here; raises `TooLarge` for one that says it is larger."""
    check_length(request)
    limit: int = settings.CONFIG.max_content_length
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal() or not length.isascii():
        raise Malformed("Content-Length", "expected a whole number")
    if len(length) > len(str(limit)) or int(length) > limit:
        raise TooLarge("the request", f"more than {limit:,} bytes, the largest body taken here")
    return limit


def _url(request: HttpRequest) -> str:
    """The address as the partner wrote it: ours, whatever a proxy in between has made of it."""
    address: str = settings.CONFIG.address
    return address.rstrip("/") + request.get_full_path()


def check_accept(request: HttpRequest) -> None:
    """Raise `NotAcceptable` unless the client takes TAXII 2.1."""
    if not accepts(request.headers.get("Accept")):
        raise NotAcceptable(f"Answers here are {MEDIA_TYPE}; ask for that.")


def check_content(request: HttpRequest) -> None:
    """Raise `WrongMediaType` unless the body is said to be TAXII 2.1."""
    if not is_taxii(request.headers.get("Content-Type")):
        raise WrongMediaType(f"The body must be {MEDIA_TYPE}.")


def taxii(content: bytes, status: int = 200) -> HttpResponse:
    """An answer in TAXII's media type."""
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE)
