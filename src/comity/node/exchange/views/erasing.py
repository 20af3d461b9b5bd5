"""Erasing an object by law, what is left of it, and letting it in again."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import NotFound
from comity.node.acts.forms import Erase
from comity.node.exchange import forms, queries, remotes
from comity.node.exchange.models import ErasedObject
from comity.node.exchange.services import erasing
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

ROWS = 50
ACTS = 100  # that carry an object, on one page


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def erase(request: ActorRequest, ref: str) -> HttpResponse:
    """Erase the object, after a page that tells what goes and what carries it."""
    form = Erase(request.POST or None)
    if form.is_valid():
        why = form.cleaned_data["why"]
        erasing.erase_object(actor=request.actor, ref=ref, why=why, now=timezone.now())
        messages.success(
            request, "Erased, and that is recorded. Acts, partners and backups keep what they have."
        )
        return redirect("exchange:object", ref=ref)
    row = queries.object_for(request.actor, ref)
    shown = {
        "row": row,
        "versions": queries.versions_of(request.actor, ref).count(),
        "victim": queries.victims_for(request.actor).filter(ref=ref).first(),
        "acts": queries.acts_carrying(request.actor, ref)[:ACTS],
        "posted": list(remotes.posted_of(request.actor, ref)[:ACTS]),
        "form": form,
    }
    return render(request, "exchange/erase.html", shown, status=422 if form.is_bound else 200)


@require_POST
@needs(Power.APPROVE)
def lift(request: ActorRequest, ref: str) -> HttpResponse:
    """Let an erased object in again."""
    form = forms.Lift(request.POST)
    erased = queries.erasure_for(request.actor, ref)
    if erased is None:
        raise NotFound("erased object")
    if not form.is_valid():
        return tombstone(request, erased, form, status=422)
    erasing.lift(actor=request.actor, ref=ref, why=form.cleaned_data["why"], now=timezone.now())
    messages.success(
        request, "Lifted, and that is recorded. The object may be imported or shared with us again."
    )
    return redirect("exchange:erased")


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """What this body has erased by law."""
    page = Paginator(queries.erasures_for(request.actor), ROWS).get_page(request.GET.get("page"))
    return render(request, "exchange/erased_list.html", {"page": page})


def tombstone(
    request: ActorRequest, erased: ErasedObject, form: forms.Lift, status: int = 200
) -> HttpResponse:
    """What is left of an erased object: that it was erased, why, and which acts carry it still."""
    shown = {
        "erased": erased,
        "acts": queries.acts_carrying(request.actor, erased.ref)[:ACTS],
        "posted": list(remotes.posted_of(request.actor, erased.ref)[:ACTS]),
        "may_erase": request.actor.may(Power.APPROVE).allowed,
        "form": form,
    }
    return render(request, "exchange/erased.html", shown, status=status)
