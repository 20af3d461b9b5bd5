"""One's own account, and the door of the one-time link."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comity.base.errors import NotFound
from comity.node.parties.access import actor_of, open_to_all, signed_in
from comity.node.parties.accounts import log_in_once
from comity.node.parties.middleware import BODY_KEY
from comity.node.parties.models import Person
from comity.node.parties.queries import actors_of_person, changes_of, our_bodies
from comity.node.parties.roles import Power, Role, powers_of
from comity.node.parties.services.logins import use_login_link
from comity.node.site.errors import answer, plain_problem

_LAST_CHANGES = 20


@signed_in("everybody may see their own roles and look after their own log-in")
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """My roles, what I may do and by which of them, and the body I act for."""
    person = _person(request)
    acting = actor_of(request)
    actors = actors_of_person(person, timezone.now())
    names = dict(our_bodies().values_list("pk", "name"))
    shown = {
        "person": person,
        "acting": acting,
        "bodies": [(each.body, names[each.body], _role_list(each.roles)) for each in actors],
        "body": names[acting.body] if acting else "",
        "powers": _powers(acting.roles) if acting else [],
        "changes": changes_of(person)[:_LAST_CHANGES],
    }
    return render(request, "parties/me.html", shown)


@signed_in("everybody may choose among the bodies in which they hold a role")
@require_POST
def act_for(request: HttpRequest) -> HttpResponse:
    """From now on act for another body."""
    actors = actors_of_person(_person(request), timezone.now())
    chosen = next((each for each in actors if str(each.body) == request.POST.get("body")), None)
    if chosen is None:
        raise NotFound("body")
    request.session[BODY_KEY] = chosen.body
    messages.success(request, "You act for another body now.")
    return redirect("parties:me")


@open_to_all("who holds a one-time link is not logged in yet")
@never_cache
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Log in by a one-time link. A look at the page uses nothing up: mail scanners follow links, too."""
    if request.method == "GET":
        return render(request, "parties/enter.html", {"wrong": False})
    if not ratelimit.consume(request, action="login"):
        return answer(request, plain_problem(429))
    person = use_login_link(token=token, now=timezone.now())
    if person is None:
        return render(request, "parties/enter.html", {"wrong": True}, status=403)
    log_in_once(request, person)
    messages.success(request, "The link is used up now: set a password and a second factor next.")
    return redirect("parties:me")


def _person(request: HttpRequest) -> Person:
    if not isinstance(request.user, Person):  # a program has no account page
        raise NotFound("page")
    return request.user


def _role_list(roles: frozenset[Role]) -> str:
    return ", ".join(sorted(role.words for role in roles))


def _powers(roles: frozenset[Role]) -> list[tuple[str, str]]:
    """Each power in words, and the roles that carry it."""
    return [
        (
            power.value.replace("-", " ").capitalize(),
            _role_list(frozenset(role for role in roles if power in powers_of(frozenset({role})))),
        )
        for power in Power
        if power in powers_of(roles)
    ]
