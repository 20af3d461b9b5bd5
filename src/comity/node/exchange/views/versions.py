"""Two versions beside each other: of one object, or of two with the same value from different givers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comity.node.exchange import queries, searching
from comity.node.exchange.comparing import alike_count, differences
from comity.node.exchange.models import StixObject
from comity.node.exchange.versions import Version, choices_for, version_named, versions_for
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power


@require_safe
@needs(Power.READ_CONTENT)
def compare(request: ActorRequest, ref: str) -> HttpResponse:
    """What differs: by default from the version before the newest to the newest."""
    row = queries.object_for(request.actor, ref)
    versions = versions_for(request.actor, ref)
    same = searching.alike(request.actor, row, queries.decoded(row).value)
    others = {other.pk: other for each in same for other in each.newest}
    before, after = _chosen(request, row, versions)
    one, other = (queries.decoded(each).value for each in (before, after))
    shown = {
        "row": row,
        "before": before,
        "after": after,
        "choices": choices_for(versions, others.values()),
        "differences": differences(one, other),
        "alike": alike_count(one, other),
    }
    return render(request, "exchange/compare.html", shown)


def _chosen(request: ActorRequest, row: StixObject, versions: list[Version]) -> tuple[StixObject, StixObject]:
    """The two that are asked for; the newest where nothing is, and the one before it."""
    asked = {name: request.GET.get(name, "") for name in ("before", "after")}
    after = version_named(request.actor, asked["after"] or str(row.pk))
    older = versions[0].before if versions and versions[0].before else row
    return version_named(request.actor, asked["before"] or str(older.pk)), after
