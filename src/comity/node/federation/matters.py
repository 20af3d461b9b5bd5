"""What of the partners a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from comity.node.federation import queries
from comity.node.federation.models import PartnerState
from comity.node.parties.access import actor_of
from comity.node.parties.roles import Power
from comity.node.site.systems import Matter

MOST = 5  # lines; the list of partners has them all


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Partners who were not reached, whose log is not shown to have only grown, or who are to be compared."""
    actor = actor_of(request)
    if actor is None:
        return
    partners = queries.partners_for(actor)
    for each in partners.filter(state=PartnerState.ACCEPTED).exclude(trouble="")[:MOST]:
        words = f"The last exchange with {each.party.name} failed"
        yield Matter(words, reverse("federation:partner", args=[each.pk]), wrong=True)
    for each in queries.partners_uncompared(actor, timezone.now())[:MOST]:
        words = f"It is not shown that the log of {each.party.name} only grew"
        yield Matter(words, reverse("federation:partner", args=[each.pk]), wrong=True)
    if actor.may(Power.MANAGE_PARTNERS).allowed:
        for each in partners.filter(state=PartnerState.INTRODUCED)[:MOST]:
            words = f"The fingerprint of {each.party.name} is to be compared"
            yield Matter(words, reverse("federation:partner", args=[each.pk]))
