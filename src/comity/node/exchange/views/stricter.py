"""Stricter versions: who has an older one, and what becomes of it there."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from comity.node.exchange import queries, stricter
from comity.node.exchange.models import Step
from comity.node.exchange.services import overseeing
from comity.node.exchange.services.stricter import stopped
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

ROWS = 50


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """The stricter versions, newest first."""
    page = Paginator(stricter.versions_for(request.actor), ROWS).get_page(request.GET.get("page"))
    titles = queries.titles_held(queries.own_body(request.actor), [each.ref for each in page.object_list])
    rows = [(each, titles.get(each.ref, ""), stricter.ways_of(each)) for each in page.object_list]
    return render(request, "exchange/stricter_list.html", {"page": page, "rows": rows})


@require_safe
@needs(Power.READ_CONTENT)
def detail(request: ActorRequest, key: int) -> HttpResponse:
    """One of them, partner by partner."""
    version = stricter.version_for(request.actor, key)
    lines = stricter.lines_of(version)
    titles = queries.titles_held(version.holder, [version.ref])
    may_act = request.actor.may(Power.COMPOSE).allowed
    shown = {
        "version": version,
        "title": titles.get(version.ref, ""),
        "ways": stricter.ways_of(version),
        "itself": stricter.is_itself_stricter(version),
        "lines": lines,
        "to_ask": [each for each in lines if each.step is Step.ASK and each.state == "awaiting"],
        "stopped": stopped(version.parties.all()).count(),
        "may_act": may_act,
    }
    return render(request, "exchange/stricter.html", shown)


@require_POST
@needs(Power.COMPOSE)
def again(request: ActorRequest, key: int) -> HttpResponse:
    """Judge anew for the partners at which it stopped."""
    version = stricter.version_for(request.actor, key)
    count = overseeing.begin_again(actor=request.actor, version=version, now=timezone.now())
    messages.success(request, f"Judged anew for {count} partner{'s' * (count != 1)}.")
    return redirect("exchange:stricter", key=key)


@require_POST
@needs(Power.COMPOSE)
def ask_back(request: ActorRequest, key: int) -> HttpResponse:
    """Recall the older version of what another party gave us where the newer one may not go."""
    version = stricter.version_for(request.actor, key)
    acts = overseeing.ask_back(actor=request.actor, version=version, now=timezone.now())
    words = f"{len(acts)} recall{'s' * (len(acts) != 1)}"
    messages.success(request, f"{words} await a second person's approval; what is asked back is closed here.")
    return redirect("exchange:stricter", key=key)
