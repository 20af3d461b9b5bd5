"""Errors become answers here, in one place, and every answer gets the headers no other middleware sets."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from comity.base.errors import ComityError
from comity.node.site.errors import (
    DOORS,
    DatabaseUnavailable,
    LengthRequired,
    Problem,
    TooManyBodies,
    answer,
    check_length,
    plain_problem,
    problem_of,
    wants_fragment,
    wants_json,
)

logger = logging.getLogger("comity.site")
# The first that fits decides: what is too large is also suspicious.
_PLAIN: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((Http404,), 404),
    ((PermissionDenied,), 403),
    ((RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent), 413),
    ((SuspiciousOperation, BadRequest, UnreadablePostError), 400),
)
_FIRST_ERROR = 400
# Nothing of the device is used but the security key.
PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)"
)


class _ErrorsAnswered:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _unread(request) or self.get_response(request)
        if _tells_nobody(request, response):
            allowed = response.headers.get("Allow")
            response = answer(request, plain_problem(response.status_code))
            if allowed is not None:
                response.headers["Allow"] = allowed
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    def process_view(
        self,
        request: HttpRequest,
        _view: Callable[..., HttpResponseBase],
        _args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> HttpResponse | None:
        """Nothing has an address with NUL in it, and PostgreSQL cannot even look for one."""
        return (
            answer(request, plain_problem(404))
            if any("\0" in str(each) for each in kwargs.values())
            else None
        )

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to an error of ours or a plain refusal; Django logs and answers what is unexpected."""
        problem = _problem(exception)
        return answer(request, problem) if problem else None


def errors_answered(get_response: Callable[[HttpRequest], HttpResponseBase]) -> _ErrorsAnswered:
    """Turns errors into a page, a part of a page, or problem details."""
    return _ErrorsAnswered(get_response)


def _unread(request: HttpRequest) -> HttpResponse | None:
    """The refusal of a body that we would not see; the doors for partners tell it in their own form."""
    if request.path.startswith(DOORS):
        return None
    try:
        check_length(request)
    except (LengthRequired, TooManyBodies) as error:
        return answer(request, problem_of(error))
    return None


def _problem(exception: Exception) -> Problem | None:
    if isinstance(exception, ComityError):
        return problem_of(exception)
    if isinstance(exception, OperationalError):  # full, locked, gone: the transaction was undone
        logger.error("the database cannot be used", exc_info=exception)
        return problem_of(DatabaseUnavailable())
    status = next((status for kinds, status in _PLAIN if isinstance(exception, kinds)), None)
    return plain_problem(status) if status else None


def _tells_nobody(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether a program, or htmx, would get a whole HTML page for an error."""
    if response.status_code < _FIRST_ERROR or not response.headers.get("Content-Type", "").startswith(
        "text/html"
    ):
        return False
    return wants_json(request) or (wants_fragment(request) and "HX-Retarget" not in response.headers)
