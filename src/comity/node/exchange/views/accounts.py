"""Accounts of parties' programs that read collections: given, listed, ended."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from comity.node.exchange import collecting, queries
from comity.node.exchange.services.accounts import end_account, open_account
from comity.node.exchange.taxii.callers import root_of
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page

ROWS = 50


@require_safe
@needs(Power.READ_PARTIES)
def listing(request: ActorRequest) -> HttpResponse:
    """The accounts whose tokens are valid."""
    page = Paginator(queries.accounts_for(request.actor), ROWS).get_page(request.GET.get("page"))
    may_give = request.actor.may(Power.MANAGE_PARTNERS).allowed
    return render(request, "exchange/accounts.html", {"page": page, "may_give": may_give})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.MANAGE_PARTNERS)
def give(request: ActorRequest) -> HttpResponse:
    """Give a program a token, and show it this once."""
    form = collecting.Account(request.POST or None, parties=queries.readers(request.actor))
    if not form.is_valid():
        return form_page(request, "exchange/account_new.html", {"form": form})
    made, token = open_account(
        actor=request.actor,
        party=form.cleaned_data["party"],
        name=form.cleaned_data["name"],
        now=timezone.now(),
    )
    shown = {"account": made, "token": token, "root": root_of(queries.own_body(request.actor))}
    return render(request, "exchange/account_made.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.MANAGE_PARTNERS)
def end(request: ActorRequest, key: int) -> HttpResponse:
    """End a token, after asking once."""
    row = queries.account_for(request.actor, key)
    if request.method == "POST":
        end_account(actor=request.actor, key=key, now=timezone.now())
        messages.success(request, f"The token of {row.name} is worth nothing from now on.")
        return redirect("exchange:accounts")
    return render(request, "exchange/account_end.html", {"account": row})
