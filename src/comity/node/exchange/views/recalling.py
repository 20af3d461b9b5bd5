"""Asking an object back of those who have it, and deleting what others have asked back."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.node.acts.kinds import kind_named
from comity.node.exchange import forms, queries, tracing
from comity.node.exchange.recalls import NAME
from comity.node.exchange.services import closing, recalling
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page

ROWS = 50


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.COMPOSE)
def recall(request: ActorRequest, ref: str) -> HttpResponse:
    """Ask every partner that has the object to delete it."""
    kind_named(NAME).may_compose(request.actor).require()
    row = queries.object_for(request.actor, ref)
    having = tracing.object_to_recall(request.actor, ref)
    form = forms.Recall(request.POST or None)
    if not form.is_valid():
        return form_page(request, "exchange/recall.html", {"form": form, "row": row, "having": having})
    acts = recalling.recall(actor=request.actor, ref=ref, said=form.said(), now=timezone.now())
    messages.success(
        request, f"Closed here. {len(acts)} recall{'s' * (len(acts) > 1)} await a second person's approval."
    )
    return redirect("exchange:object", ref=ref)


@require_POST
@needs(Power.APPROVE)
def reopen(request: ActorRequest, ref: str) -> HttpResponse:
    """Take back a recall of ours."""
    closing.reopen(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "It is open again here; what partners were told stays told.")
    return redirect("exchange:object", ref=ref)


@require_POST
@needs(Power.IMPORT)
def delete(request: ActorRequest, ref: str) -> HttpResponse:
    """Delete what its giver has asked back."""
    count = closing.delete_recalled(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(
        request,
        f"{count} version{'s' * (count > 1)} deleted, also from acts; that is recorded.",
    )
    return redirect("exchange:recalls")


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """What was asked back, of this body and by it."""
    page = Paginator(tracing.recalls_for(request.actor), ROWS).get_page(request.GET.get("page"))
    held = tracing.held_among(request.actor, [each.ref for each in page.object_list])
    return render(request, "exchange/recalls.html", {"page": page, "held": held})
