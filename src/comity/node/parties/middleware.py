"""Says who acts in a request, and keeps everybody out of views that are not theirs.

Default deny: a view that declares nothing is refused. A person acts for one body at a time; programs act by
a token and on the HTTP API alone, so that no page can be driven by a token and no API write by a cookie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from comity.node.parties.access import OpenToAll, actor_of, declared
from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.actors import Actor
from comity.node.parties.machines import actor_from_token
from comity.node.parties.queries import actors_of_person
from comity.node.site.errors import API, Problem, answer, plain_problem, wants_json

BODY_KEY = "body"  # in the session: the body the person chose to act for
_STRONG = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class _ActorKnown:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        cast("Any", request).actor = _actor(request)
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> HttpResponseBase | None:
        """An answer in place of the view's, if the caller may not reach it."""
        match = request.resolver_match
        access = declared(view, match.url_name if match else None)
        if access is None:
            return answer(request, plain_problem(403, "This page declares nobody who may open it."))
        if isinstance(access, OpenToAll):
            return None
        if actor_of(request) is None and not _has_session(request):
            return _sent_to_log_in(request)
        if _lacks_second_factor(request):
            return _sent_to_second_factor(request)
        return None


def actor_known(get_response: Callable[[HttpRequest], HttpResponseBase]) -> _ActorKnown:
    """Sets `request.actor`, and decides by the view's declaration who gets through."""
    return _ActorKnown(get_response)


def _actor(request: HttpRequest) -> Actor | None:
    now = timezone.now()
    on_api = request.path.startswith(API)
    if on_api and "Authorization" in request.headers:
        return actor_from_token(request.headers["Authorization"], now)
    if not request.user.is_authenticated:
        return None
    actors = actors_of_person(request.user, now)
    chosen = request.session.get(BODY_KEY)
    return next((actor for actor in actors if actor.body == chosen), actors[0] if actors else None)


def _has_session(request: HttpRequest) -> bool:
    """Whether a person is logged in, and speaks for themselves rather than by a token."""
    by_token = request.path.startswith(API) and "Authorization" in request.headers
    return not by_token and request.user.is_authenticated


def _lacks_second_factor(request: HttpRequest) -> bool:
    if not settings.CONFIG.require_second_factor or not _has_session(request):
        return False
    return not request.session.get(ONE_TIME_KEY) and not is_mfa_enabled(cast("Any", request.user), _STRONG)


def _sent_to_log_in(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        detail = "Send a token that is valid now: Authorization: Bearer TOKEN."
        response = answer(request, Problem(401, "not-signed-in", detail))
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 11.6.1
        return response
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    return redirect_to_login(request.get_full_path())


def _sent_to_second_factor(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return answer(request, Problem(403, "second-factor-missing", "Set up a second factor first."))
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(resolve_url("mfa_index"))
    return redirect("mfa_index")
