"""Two versions beside each other: of one object, or of two with the same value from different givers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comity.node.exchange import queries
from comity.node.exchange.comparing import alike_count, differences
from comity.node.exchange.versions import two_of
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power


@require_safe
@needs(Power.READ_CONTENT)
def compare(request: ActorRequest, ref: str) -> HttpResponse:
    """What differs: by default from the version before the newest to the newest."""
    row = queries.object_for(request.actor, ref)
    asked = (request.GET.get(name, "") for name in ("before", "after"))
    found = two_of(request.actor, row, *asked)
    one, other = (queries.decoded(each).value for each in (found.before, found.after))
    shown = {
        "row": row,
        "before": found.before,
        "after": found.after,
        "choices": found.choices,
        "differences": differences(one, other),
        "alike": alike_count(one, other),
    }
    return render(request, "exchange/compare.html", shown)
