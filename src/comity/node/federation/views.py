"""The pages of partners, and of this node as partners see it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import ComityError
from comity.formats.exchange import fetch_descriptor
from comity.link.transport import drive
from comity.node.accountability import queries as log
from comity.node.acts.queries import unfinished_with
from comity.node.federation import forms, queries
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import own
from comity.node.federation.services import partners as services
from comity.node.federation.transport import Http
from comity.node.keys import KeyUse
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.systems import systems


@require_safe
@needs(Power.READ_PARTIES)
def partners(request: ActorRequest) -> HttpResponse:
    """Every partner with its state, and what is the matter."""
    may_add = request.actor.may(Power.MANAGE_PARTNERS).allowed
    found = list(queries.partners_for(request.actor))
    return render(request, "federation/partners.html", {"partners": found, "may_add": may_add})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.MANAGE_PARTNERS)
def add(request: ActorRequest) -> HttpResponse:
    """Ask a node who it is, and keep what it says."""
    form = forms.Add(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            address = services.check_address(form.cleaned_data["address"])
            # However often it is asked: a thread that people's pages need waits for it.
            with Http(altogether=settings.CONFIG.request_timeout) as transport:
                signed = drive(fetch_descriptor(address), transport)
            found = services.introduce(
                actor=request.actor, address=address, signed=signed, now=timezone.now()
            )
        except ComityError as error:
            form.add_error("address", error.message)
        else:
            return redirect("federation:partner", key=found.pk)
    return render(request, "federation/add.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@needs(Power.READ_PARTIES)
def partner(request: ActorRequest, key: int) -> HttpResponse:
    """One partner: who it is, its keys, its log, its ways, what waits."""
    return _page(request, queries.partner_for(request.actor, key))


@require_POST
@needs(Power.MANAGE_PARTNERS)
def accept(request: ActorRequest, key: int) -> HttpResponse:
    """Trust the node from now on."""
    form = forms.Accept(request.POST)
    found = queries.partner_for(request.actor, key)
    if not form.is_valid():
        return _page(request, found, accept_form=form, status=422)
    fingerprint = form.cleaned_data["fingerprint"]
    services.accept(actor=request.actor, partner=key, fingerprint=fingerprint, now=timezone.now())
    messages.success(request, f"{found.party.name} is accepted. Its administrator has to accept us as well.")
    return redirect("federation:partner", key=key)


@require_POST
@needs(Power.MANAGE_PARTNERS)
def ways(request: ActorRequest, key: int) -> HttpResponse:
    """Choose how acts travel."""
    form = forms.Ways(request.POST)
    if not form.is_valid():
        return _page(request, queries.partner_for(request.actor, key), ways_form=form, status=422)
    reach, fetches = Reach(form.cleaned_data["reach"]), form.cleaned_data["fetches"]
    services.set_ways(actor=request.actor, partner=key, reach=reach, fetches=fetches, now=timezone.now())
    messages.success(request, "Kept. What waits is tried again at once.")
    return redirect("federation:partner", key=key)


@require_POST
@needs(Power.MANAGE_PARTNERS)
def suspend(request: ActorRequest, key: int) -> HttpResponse:
    """Stop the cooperation for now."""
    return _decided(request, key, services.suspend, "Suspended. Nothing passes until it is resumed.")


@require_POST
@needs(Power.MANAGE_PARTNERS)
def resume(request: ActorRequest, key: int) -> HttpResponse:
    """Go on with the cooperation."""
    return _decided(request, key, services.resume, "Resumed. What waited is tried again.")


@require_POST
@needs(Power.MANAGE_PARTNERS)
def end(request: ActorRequest, key: int) -> HttpResponse:
    """End the cooperation with this node."""
    return _decided(request, key, services.end, "Ended. The record of what passed stays.")


@require_safe
@needs(Power.READ_PARTIES)
def this_node(request: ActorRequest) -> HttpResponse:
    """What we tell partners: our words to compare, our address, our keys, our log."""
    shown = {
        "words": own.descriptor(timezone.now()).words,
        "party": queries.own_party(),
        "keys": queries.own_keys(),
        "origin": log.origin(),
        "may_renew": request.actor.may(Power.MANAGE_PARTNERS).allowed,
    }
    return render(request, "federation/this_node.html", shown)


@require_POST
@needs(Power.MANAGE_PARTNERS)
def renew_key(request: ActorRequest) -> HttpResponse:
    """Sign with a new key, and tell every partner by an act."""
    act = own.renew_key(KeyUse.SIGN, actor=request.actor, now=timezone.now())
    told = (
        "Every partner is told by an act that the old key signs." if act else "There was no partner to tell."
    )
    messages.success(request, f"This node signs with a new key from now on. {told}")
    return redirect("federation:this-node")


def _decided(request: ActorRequest, key: int, decide: services.Decide, told: str) -> HttpResponse:
    form = forms.Why(request.POST)
    if not form.is_valid():
        found = queries.partner_for(request.actor, key)
        return _page(request, found, why_form=form, status=422)
    decide(actor=request.actor, partner=key, why=form.cleaned_data["why"], now=timezone.now())
    messages.success(request, told)
    return redirect("federation:partner", key=key)


def _page(
    request: ActorRequest,
    found: Partner,
    *,
    accept_form: forms.Accept | None = None,
    ways_form: forms.Ways | None = None,
    why_form: forms.Why | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "partner": found,
        "words": found.fingerprint.split(),
        "keys": queries.keys_of(found),
        "seen": queries.seen_log_of(found),
        "uncompared": queries.uncompared_long(found, timezone.now()),
        "unfinished": unfinished_with(request.actor, found.party),
        "mentions": [each for system in systems() for each in system.with_party(request, found.party.pk)],
        "may_read": request.actor.may(Power.READ_ACTS).allowed,
        "may_manage": request.actor.may(Power.MANAGE_PARTNERS).allowed,
        "accept_form": accept_form or forms.Accept(initial={"fingerprint": found.fingerprint}),
        "ways_form": ways_form or forms.Ways(initial={"reach": found.reach, "fetches": found.fetches}),
        "why_form": why_form or forms.Why(),
    }
    return render(request, "federation/partner.html", shown, status=status)
