"""Webhooks: entered, watched, paused, told again and ended."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.node.exchange import collecting, gathering, queries
from comity.node.exchange.models import HookState
from comity.node.exchange.services import webhooks
from comity.node.exchange.taxii.standing import moment
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page

ROWS = 50
_STEPS = {"pause": webhooks.pause, "resume": webhooks.resume}


@require_safe
@needs(Power.READ_PARTIES)
def listing(request: ActorRequest) -> HttpResponse:
    """The webhooks that have not ended, and how each fares."""
    page = Paginator(gathering.webhooks_for(request.actor), ROWS).get_page(request.GET.get("page"))
    return render(request, "exchange/webhooks.html", {"page": page, "may_change": _may(request.actor)})


@require_safe
@needs(Power.READ_PARTIES)
def detail(request: ActorRequest, key: int) -> HttpResponse:
    """One webhook: what happened last, and what can be done."""
    return render(request, "exchange/webhook.html", _shown(request, key) | {"form": collecting.Replay()})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*webhooks.LOOKING_AFTER)
def begin(request: ActorRequest) -> HttpResponse:
    """Enter an address that wants to be told."""
    form = collecting.Hooking(
        request.POST or None,
        collections=queries.collections_of(request.actor),
        parties=_parties(request.actor),
        initial={"collection": request.GET.get("collection", "")},
    )
    if not form.is_valid():
        return form_page(request, "exchange/webhook_new.html", {"form": form})
    made = webhooks.subscribe(actor=request.actor, wish=form.wish(), now=timezone.now())
    messages.success(request, "Entered. The address is asked within seconds whether it wants to be called.")
    return redirect("exchange:webhook", key=made.pk)


@require_POST
@needs(*webhooks.LOOKING_AFTER)
def step(request: ActorRequest, key: int, what: str) -> HttpResponse:
    """Pause it, or let it go on."""
    row = _STEPS[what](actor=request.actor, key=key, now=timezone.now())
    messages.success(request, row.words)
    return redirect("exchange:webhook", key=key)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*webhooks.LOOKING_AFTER)
def end(request: ActorRequest, key: int) -> HttpResponse:
    """Never call it again, after asking once."""
    row = gathering.webhook_for(request.actor, key)
    if request.method == "POST":
        webhooks.end(actor=request.actor, key=key, now=timezone.now())
        messages.success(request, f"{row.address} is not called any more.")
        return redirect("exchange:webhooks")
    return render(request, "exchange/webhook_end.html", {"row": row})


@require_POST
@needs(*webhooks.LOOKING_AFTER)
def replay(request: ActorRequest, key: int) -> HttpResponse:
    """Tell it again from a time on."""
    form = collecting.Replay(request.POST)
    if not form.is_valid():
        return form_page(request, "exchange/webhook.html", _shown(request, key) | {"form": form})
    row = webhooks.replay(actor=request.actor, key=key, since=form.cleaned_data["since"], now=timezone.now())
    messages.success(request, row.words)
    return redirect("exchange:webhook", key=key)


def _shown(request: ActorRequest, key: int) -> dict[str, object]:
    row = gathering.webhook_for(request.actor, key)
    facts = [
        ("Address", row.address),
        ("Collection", row.collection.title),
        ("For", row.party.name),
        ("A call carries", row.get_form_display()),
        ("Told up to", moment(row.cursor)),
        ("Objects told", f"{row.told:,}"),
        ("Last call that was taken", row.called_at),
        ("Failing since", row.failing_since),
        ("Next look", row.next_try),
        ("Entered", row.made_at),
        ("Entered by", row.made_by),
    ]
    active = row.state == HookState.ACTIVE
    shown = {"row": row, "facts": facts, "active": active, "may_change": _may(request.actor)}
    return shown | {"calls": list(row.calls.all())}


def _may(actor: Actor) -> bool:
    return webhooks.may_look_after(actor).allowed


def _parties(actor: Actor) -> QuerySet[Party]:
    """Those who may read, and our own body for its own devices."""
    readers = queries.readers(actor).order_by().values("pk")
    return Party.objects.filter(pk__in=readers) | Party.objects.filter(pk=actor.body)
