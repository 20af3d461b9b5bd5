"""Collections at servers of others: how far each is read, and what became of all that was given to it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comity.node.exchange import queries, remotes
from comity.node.exchange.models import PostState
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.paging import Pages

ROWS = 50


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """All of them, by name."""
    page = Pages(remotes.remotes_for(request.actor), ROWS).get_page(request.GET.get("page"))
    rows = [(each, remotes.source_of(each)) for each in page.object_list]
    return render(request, "exchange/remotes.html", {"page": page, "rows": rows})


@require_safe
@needs(Power.READ_CONTENT)
def detail(request: ActorRequest, ref: UUID) -> HttpResponse:
    """One of them, with the fate of each object that was posted to it."""
    remote = remotes.remote_for(request.actor, ref)
    chosen = request.GET.get("state", "")
    state = PostState(chosen) if chosen in PostState.values else None
    page = Pages(remotes.posted_for(request.actor, remote, state), ROWS).get_page(request.GET.get("page"))
    titles = queries.titles_held(remote.holder, [each.ref for each in page.object_list])
    counts = remotes.posted_counts(remote)
    shown = {
        "remote": remote,
        "whose": remotes.source_of(remote),
        "page": page,
        "rows": [(each, titles.get(each.ref, each.ref)) for each in page.object_list],
        "states": [(each, counts[each.value]) for each in PostState if each.value in counts],
        "state": state,
    }
    return render(request, "exchange/remote.html", shown)
