"""People: their roles now and before, and what an administrator may do."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.forms import PersonForm, RoleForm
from comity.node.parties.queries import (
    changes_for,
    changes_of,
    managed_bodies,
    membership_for,
    memberships_of,
    people_for,
    person_for,
)
from comity.node.parties.roles import Power
from comity.node.parties.services.logins import MINUTES, forget_factors, make_login_link
from comity.node.parties.services.people import add_person, deactivate, end_role, give_role, reactivate
from comity.node.site.forms import form_page

_PER_PAGE = 50
_LAST_CHANGES = 20


@needs(Power.READ_PEOPLE)
@require_GET
def people(request: ActorRequest) -> HttpResponse:
    """The people one may see, with the roles they hold now."""
    now = timezone.now()
    found = people_for(request.actor, now).prefetch_related("memberships__body").order_by("name", "pk")
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        (each, [held for held in each.memberships.all() if held.until is None or held.until > now])
        for each in page.object_list
    ]
    may_manage = request.actor.may(Power.MANAGE_PEOPLE).allowed
    return render(request, "parties/people.html", {"page": page, "rows": rows, "may_manage": may_manage})


@needs(Power.READ_PEOPLE)
@require_GET
def person(request: ActorRequest, pk: int) -> HttpResponse:
    """One person: roles now and before, and what was changed."""
    now = timezone.now()
    seen = person_for(request.actor, pk, now)
    held = list(memberships_of(seen))
    managed = set(managed_bodies(request.actor, now).values_list("pk", flat=True))
    shown = {
        "person": seen,
        "current": [each for each in held if each.until is None or each.until > now],
        "former": [each for each in held if each.until is not None and each.until <= now],
        "managed": managed,
        "changes": changes_of(seen)[:_LAST_CHANGES] if managed else [],
        "itself": request.actor.person == seen.pk,
    }
    return render(request, "parties/person.html", shown)


@needs(Power.MANAGE_PEOPLE)
@never_cache
@require_http_methods(["GET", "POST"])
def new_person(request: ActorRequest) -> HttpResponse:
    """Add a person with a first role, and show the link that lets them in."""
    now = timezone.now()
    form = PersonForm(request.POST or None, bodies=managed_bodies(request.actor, now))
    if not form.is_valid():
        return form_page(request, "parties/person_new.html", {"form": form})
    values = form.cleaned_data
    added, membership = add_person(
        actor=request.actor,
        email=values["email"],
        name=values["name"],
        body=form.body_chosen,
        role=values["role"],
        now=now,
    )
    if added.added != now:  # they were here before, and know how to log in
        messages.success(
            request, f"{added.name} was here already, and is now {membership.get_role_display()} as well."
        )
        return redirect("parties:person", pk=added.pk)
    link = make_login_link(actor=request.actor, person=added, now=now)
    return _link_shown(request, added.pk, added.name, link)


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def new_role(request: ActorRequest, pk: int) -> HttpResponse:
    """Give a person a further role."""
    now = timezone.now()
    seen = person_for(request.actor, pk, now)
    form = RoleForm(request.POST or None, bodies=managed_bodies(request.actor, now))
    if form.is_valid():
        body, role = form.body_chosen, form.cleaned_data["role"]
        give_role(actor=request.actor, person=seen, body=body, role=role, now=now)
        messages.success(request, f"{seen.name} is now {role.words} in {body.name}.")
        return redirect("parties:person", pk=pk)
    shown = {"form": form, "person": seen}
    return form_page(request, "parties/role_new.html", shown)


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def ended_role(request: ActorRequest, key: UUID) -> HttpResponse:
    """End a role, after asking once."""
    now = timezone.now()
    held = membership_for(request.actor, key, now)
    if request.method == "POST":
        end_role(actor=request.actor, membership=held, now=now)
        messages.success(
            request, f"{held.person.name} is no longer {held.get_role_display()} in {held.body.name}."
        )
        return redirect("parties:person", pk=held.person_id)
    return render(request, "parties/role_end.html", {"held": held})


@needs(Power.MANAGE_PEOPLE)
@never_cache
@require_http_methods(["GET", "POST"])
def login_link(request: ActorRequest, pk: int) -> HttpResponse:
    """Make a one-time log-in link, after asking once; on demand password and factors are forgotten first."""
    now = timezone.now()
    seen = person_for(request.actor, pk, now)
    if request.method == "GET":
        return render(request, "parties/link.html", {"person": seen, "minutes": MINUTES})
    if request.POST.get("forget") == "yes":
        forget_factors(actor=request.actor, person=seen, now=now)
    return _link_shown(request, pk, seen.name, make_login_link(actor=request.actor, person=seen, now=now))


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def active(request: ActorRequest, pk: int) -> HttpResponse:
    """Deactivate a person, or activate them again, after asking once."""
    now = timezone.now()
    seen = person_for(request.actor, pk, now)
    if request.method == "POST":
        change = deactivate if request.POST.get("to") == "inactive" else reactivate
        change(actor=request.actor, person=seen, now=now)
        messages.success(request, "The change is kept.")
        return redirect("parties:person", pk=pk)
    return render(request, "parties/active.html", {"person": seen})


@needs(Power.MANAGE_PEOPLE)
@require_GET
def changes(request: ActorRequest) -> HttpResponse:
    """Who changed what in the bodies one looks after."""
    found = changes_for(request.actor, timezone.now())
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "parties/changes.html", {"page": page})


def _link_shown(request: ActorRequest, pk: int, name: str, link: str) -> HttpResponse:
    """The link, shown this once."""
    shown = {"pk": pk, "name": name, "link": request.build_absolute_uri(link), "minutes": MINUTES}
    return render(request, "parties/link_made.html", shown)
