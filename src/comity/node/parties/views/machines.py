"""Programs that call the HTTP API."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.forms import MachineForm
from comity.node.parties.queries import machine_for, machines_for, managed_bodies
from comity.node.parties.roles import Power, Role
from comity.node.parties.services.machines import create_machine, revoke_machine
from comity.node.site.forms import form_page

_PER_PAGE = 50


@needs(Power.MANAGE_PEOPLE)
@require_GET
def machines(request: ActorRequest) -> HttpResponse:
    """The programs of the bodies one looks after."""
    now = timezone.now()
    page = Paginator(machines_for(request.actor, now), _PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        (each, ", ".join(Role(role).words for role in each.roles), each.until is None or each.until > now)
        for each in page.object_list
    ]
    return render(request, "parties/machines.html", {"page": page, "rows": rows})


@needs(Power.MANAGE_PEOPLE)
@never_cache
@require_http_methods(["GET", "POST"])
def new_machine(request: ActorRequest) -> HttpResponse:
    """Add a program, and show its token this once."""
    now = timezone.now()
    form = MachineForm(request.POST or None, bodies=managed_bodies(request.actor, now))
    if not form.is_valid():
        return form_page(request, "parties/machine_new.html", {"form": form})
    machine, token = create_machine(
        actor=request.actor,
        name=form.cleaned_data["name"],
        body=form.body_chosen,
        roles=frozenset(form.cleaned_data["roles"]),
        now=now,
    )
    return render(request, "parties/machine_made.html", {"machine": machine, "token": token})


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def ended_machine(request: ActorRequest, pk: int) -> HttpResponse:
    """End a program's token, after asking once."""
    now = timezone.now()
    machine = machine_for(request.actor, pk, now)
    if request.method == "POST":
        revoke_machine(actor=request.actor, machine=machine, now=now)
        messages.success(request, f"The token of {machine.name} is worth nothing from now on.")
        return redirect("parties:machines")
    return render(request, "parties/machine_end.html", {"machine": machine})
