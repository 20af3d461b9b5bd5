"""Another confidence or validity of our own work, and the newest version for whoever has an older one."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from comity.base.errors import Malformed
from comity.node.exchange import forms, queries
from comity.node.exchange.reaching import Offered
from comity.node.exchange.services import renewing
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT)
def renew(request: ActorRequest, ref: str) -> HttpResponse:
    """Say something else of an object of ours."""
    row = queries.object_for(request.actor, ref)
    form = forms.Renew(request.POST or None, indicator=row.type == "indicator")
    done = _renewed(request, ref, form) if form.is_valid() else None
    if done is None:
        return form_page(request, "exchange/renew.html", {"form": form, "row": row})
    messages.success(request, "The new version is kept.")
    if done.stricter:
        messages.info(request, "It is stricter: whoever has an older one gets it within seconds, by itself.")
    _tell(request, done.offered)
    return redirect("exchange:object", ref=ref)


@require_POST
@needs(Power.COMPOSE)
def bring(request: ActorRequest, ref: str) -> HttpResponse:
    """Send the newest version to whoever has an older one."""
    _tell(request, renewing.bring_newest(actor=request.actor, ref=ref, now=timezone.now()))
    return redirect("exchange:object", ref=ref)


def _renewed(request: ActorRequest, ref: str, form: forms.Renew) -> renewing.Renewed | None:
    """The new version, or None with the reason in the form."""
    try:
        return renewing.renew(actor=request.actor, ref=ref, change=form.change(), now=timezone.now())
    except Malformed as error:
        form.add_error(error.where if error.where in form.fields else None, error.problem)
        return None


def _tell(request: ActorRequest, offered: Sequence[Offered]) -> None:
    for each in offered:
        why = (*each.stays.values(), *each.later.values())
        words = "an act brings it there." if each.acts else why[0].grounds[0].text
        messages.info(request, f"{each.party.name}: {words}")
