"""Write a note or an opinion about an object, or take one back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from comity.base.errors import Malformed
from comity.node.exchange import queries
from comity.node.exchange.note_form import Note
from comity.node.exchange.services import commenting
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT)
def write(request: ActorRequest, ref: str) -> HttpResponse:
    """The form, and what becomes of it."""
    row = queries.object_for(request.actor, ref)
    form = Note(request.POST or None)
    if form.is_valid():
        try:
            commenting.comment(actor=request.actor, ref=ref, said=form.said(), now=timezone.now())
        except Malformed as error:
            form.add_error(error.where if error.where in form.fields else None, error.message)
        else:
            messages.success(request, "Kept as our own work; it stays here until it is shared.")
            return redirect("exchange:object", ref=ref)
    return form_page(request, "exchange/note.html", {"form": form, "row": row})


@require_POST
@needs(Power.IMPORT)
def take_back(request: ActorRequest, ref: str) -> HttpResponse:
    """Revoke a note or an opinion of ours."""
    row = commenting.take_back(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "Taken back by a new version; whoever was given it can be sent that.")
    return redirect("exchange:object", ref=row.ref)
