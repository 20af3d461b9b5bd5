"""One value, and what every source says of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comity.node.exchange import correlating, searching
from comity.node.exchange.contradicted import contradictions_about
from comity.node.exchange.scores import Seen, sightings_of
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.paging import Pages

ROWS = 50


@require_safe
@needs(Power.READ_CONTENT)
def value(request: ActorRequest, kind: str, text: str) -> HttpResponse:
    """What each source says of one value, and every object with it."""
    found = correlating.value_named(kind, text)
    keys = correlating.keys_with(request.actor, found)
    sources = correlating.by_source(request.actor, found)
    count = sum(each.count for each in sources)
    pages = Pages(keys, ROWS, most=searching.SEARCHED, counted=count)
    page = pages.get_page(request.GET.get("page"))
    rows = searching.rows_of(page.object_list)
    seen = sightings_of(request.actor, (row.ref for row in rows))
    shown = {
        "value": found,
        "sources": sources,
        "sighted": correlating.sighted(request.actor, keys),
        "page": page,
        "rows": [(row, seen.get(row.ref, Seen())) for row in rows],
        "contradictions": contradictions_about(request.actor, [row.pk for row in rows]),
        "most_remarked": correlating.MOST_REMARKED,
    }
    return render(request, "exchange/value.html", shown)
