"""What an object is joined with, as a picture and as sentences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comity.node.exchange import queries
from comity.node.exchange.models import StixObject
from comity.node.exchange.relations.around import Around, More, Reach, around
from comity.node.exchange.relations.layout import Box, picture
from comity.node.exchange.relations.related import RELATIONS
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power


@require_safe
@needs(Power.READ_CONTENT)
def graph(request: ActorRequest, ref: str) -> HttpResponse:
    """The wide picture on a page of its own."""
    row = queries.object_for(request.actor, ref)
    shown = {"row": row, **graph_shown(request, row, Reach.WIDE)}
    return render(request, "exchange/graph.html", shown)


def graph_shown(request: ActorRequest, row: StixObject, reach: Reach) -> dict[str, Any]:
    """What `exchange/parts/graph.html` shows."""
    found = around(request.actor, row, reach)
    drawn = picture(found)
    return {
        "around": found,
        "picture": drawn,
        "boxes": [(box, _address(box, found)) for box in drawn.boxes],
        "wide": reach is Reach.WIDE,
    }


def _address(box: Box, found: Around) -> str:
    """Where the box leads; nowhere if we do not hold the object."""
    if box.more is not None:
        return _list_of(box.more, found.centre.ref)
    if box.node is None or not box.node.held:
        return ""
    return reverse("exchange:object", args=(box.node.ref,))


def _list_of(more: More, ref: str) -> str:
    """The list of what is not drawn: by the type of relationship, where it is one that the search knows."""
    related = f"{more.words} {ref}" if more.words in RELATIONS else ref
    return f"{reverse('exchange:objects')}?{urlencode({'related': related, 'kind': more.type})}"
