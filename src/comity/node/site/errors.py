"""Errors as answers: a page for people, RFC 9457 problem details for programs, a few lines for htmx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from comity.base.errors import ComityError, Conflict, Malformed, NotFound, TooLarge, Unavailable
from comity.base.verdict import Refused, Verdict
from comity.formats.taxii import MEDIA_TYPE, TaxiiError
from comity.node.keys import KeyMissing
from comity.node.site.bodies import NO_TURN

API = "/api/"
DOORS = "/taxii2/"  # for nodes and for programs of partners, who speak TAXII 2.1
_HTML = "text/html"
_JSON = ("application/json", "application/problem+json")
# Whatever part of the page asked: the error goes to the messages, and the part stays as it was.
MESSAGES_ONLY = {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML show:window:top"}

_TITLES = {
    400: "This could not be read",
    401: "Not signed in",
    403: "This is not allowed",
    404: "There is no such page",
    405: "This cannot be done here",
    409: "This has changed meanwhile",
    411: "The length is missing",
    413: "This is too large",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "This cannot be reached now",
}
_NEXT = {
    400: "Go back, correct what is named here, and send it again.",
    401: "Sign in, then open the page again.",
    403: "If you need it for your work, ask an administrator of this node for the role that carries it.",
    404: "Check the address, or start again from the first page.",
    405: "Go back and use the buttons of the page.",
    409: "Open the page again to see how it stands now, then decide.",
    411: "Send it again with its length.",
    413: "Send less at once, or split it.",
    429: "Wait a few minutes, then try again.",
    500: "It was noted for the administrator. Try again; if it stays, tell them what you did and when.",
    503: "Nothing was changed. Try again in a few minutes.",
}
_NOT_FOUND = 404
# What a program can do, which has no buttons.
_FOR_PROGRAMS = {
    400: "Correct what is named here, and send it again.",
    401: "Send a token that is valid now: Authorization: Bearer TOKEN.",
    403: "The caller needs a role that carries this; an administrator of this node gives it.",
    404: "There is nothing at this address; /api/openapi.json lists what there is.",
    405: "Send one of the methods that the header Allow names.",
    409: "Read it again to see how it stands now, then decide.",
    413: "Send less at once.",
    429: "Wait a minute, then try again.",
    500: "It was noted for the administrator. Try again; if it stays, tell them what was sent and when.",
}
_PLAIN_CODES = {401: "not-signed-in", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"} | {
    400: "malformed",
    413: "too-large",
    429: "too-many",
    500: "failed",
    503: "unavailable",
}


class LengthRequired(ComityError):
    """A body whose length the request does not name: the interface to the server hides all of it."""

    code = "length-required"

    def __init__(self) -> None:
        super().__init__("Send the body with its Content-Length; one in chunks is not read here.")


def check_length(request: HttpRequest) -> None:
    """Raise `LengthRequired` for a body in chunks, which looks empty, `TooManyBodies` for one too many."""
    if request.META.get(NO_TURN):
        raise TooManyBodies
    if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
        raise LengthRequired


class TooManyBodies(Unavailable):
    """As many bodies are being read as may be at a time."""

    code = "too-many-bodies"

    def __init__(self) -> None:
        super().__init__("Too many requests are being read just now; send it again in a moment.")


class DatabaseUnavailable(Unavailable):
    """The database is full, locked or gone; what was begun in it was undone."""

    code = "database-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The database of this node cannot be used now, so nothing was recorded and nothing was sent. "
            "If it stays, tell the administrator, who looks at the disk and the log of the server."
        )


# The first class that fits decides, so the narrower ones come first.
_STATUS: tuple[tuple[type[ComityError], int], ...] = (
    (Refused, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (Malformed, 400),
    (LengthRequired, 411),
    (Conflict, 409),
    (Unavailable, 503),
    (KeyMissing, 503),
    (ComityError, 400),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in the shape in which every channel tells it."""

    status: int
    code: str
    detail: str = ""
    where: str = ""
    verdict: Verdict | None = None

    @property
    def title(self) -> str:
        """The heading for this status."""
        return _TITLES.get(self.status, "This did not work")

    @property
    def next_step(self) -> str:
        """What the reader can do now."""
        return _NEXT.get(self.status, "Go back and try again.")

    def as_json(self) -> dict[str, Any]:
        """RFC 9457 problem details with our code, the grounds of a refusal, and the place of a bad field."""
        told: dict[str, Any] = {
            "type": f"urn:comity:error:{self.code}",
            "title": "Not found" if self.status == _NOT_FOUND else self.title,
            "status": self.status,
            "detail": self.detail or _FOR_PROGRAMS.get(self.status, self.next_step),
            "code": self.code,
        }
        if self.verdict is not None:
            told |= self.verdict.as_json()
        return told | ({"where": self.where} if self.where else {})


def problem_of(error: ComityError) -> Problem:
    """The problem that one of our errors is."""
    return Problem(
        status=next(status for kind, status in _STATUS if isinstance(error, kind)),
        code=error.code,
        detail=error.message,
        where=error.where if isinstance(error, Malformed) else "",
        verdict=error.verdict if isinstance(error, Refused) else None,
    )


def plain_problem(status: int, detail: str = "") -> Problem:
    """The problem behind a bare status that Django or a library answered with."""
    return Problem(status, _PLAIN_CODES.get(status, "error"), detail)


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: by the API's address, or by what it accepts."""
    return request.path.startswith((API, DOORS)) or request.get_preferred_type([_HTML, *_JSON]) in _JSON


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page, so that the error goes into the page's place for messages."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem, told in the way this request can use."""
    if request.path.startswith(DOORS):
        told = TaxiiError(problem.as_json()["detail"], problem.status, error_code=problem.code)
        return HttpResponse(told.encode(), status=problem.status, content_type=MEDIA_TYPE)
    if wants_json(request):
        response: HttpResponse = JsonResponse(
            problem.as_json(), status=problem.status, content_type="application/problem+json"
        )
    else:
        page = "site/errors/part.html" if wants_fragment(request) else "site/errors/page.html"
        response = render(request, page, {"problem": problem}, status=problem.status)
        if wants_fragment(request):
            for name, value in MESSAGES_ONLY.items():
                response.headers[name] = value
    return response
