"""Who sees an object, and how far it has come with each partner."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comity.node.exchange import forms, queries
from comity.node.exchange.arrival import arrivals
from comity.node.exchange.seeing import seers
from comity.node.exchange.sights import who_may_see
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

ROWS = 50


@require_safe
@needs(Power.READ_CONTENT)
def seen(request: ActorRequest, ref: str) -> HttpResponse:
    """Each partner: whether it may see the object and why, and what became of offering it."""
    row, now = queries.object_for(request.actor, ref), timezone.now()
    look = forms.Look(request.GET)
    page = Paginator(queries.partners(request.actor).order_by("name", "pk"), ROWS).get_page(
        request.GET.get("page")
    )
    partners = list(page.object_list)
    told = arrivals(request.actor, row, partners)
    judged = who_may_see(row, partners, purpose=look.chosen(), now=now)
    who = seers(request.actor, [row.handling_id], purpose=look.chosen(), now=now)
    shown = {
        "row": row,
        "look": look,
        "page": page,
        "who": who,
        "seers": who.by_class[row.handling_id],
        "partners": [(party, release, told.of(party)) for party, release in judged],
        "told": told,
    }
    return render(request, "exchange/seen.html", shown)
