"""What of detection a person must look at, and what it says of one partner."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from comity.node.detect import queries
from comity.node.detect.hearing import wait_words
from comity.node.parties.access import actor_of
from comity.node.site.systems import Matter, Mention


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Sensors that are silent."""
    actor = actor_of(request)
    count = queries.silent(actor, timezone.now()) if actor is not None else 0
    if count:
        words = "1 sensor is silent" if count == 1 else f"{count} sensors are silent"
        yield Matter(words, reverse("detect:sensors"), wrong=True)


def with_party(request: HttpRequest, party: int) -> Iterator[Mention]:
    """How useful the indicators of this party have been."""
    actor = actor_of(request)
    found = queries.usefulness_for(actor).filter(party=party).first() if actor is not None else None
    if found is not None:
        title = f"{found.met:,} of its {found.indicators:,} indicators were met"
        url = reverse("detect:usefulness")
        yield Mention(title, url, "active" if found.met else "waiting", wait_words(found))
