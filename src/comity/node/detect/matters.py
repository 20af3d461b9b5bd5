"""What of detection a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from comity.node.detect import queries
from comity.node.parties.access import actor_of
from comity.node.site.systems import Matter


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Sensors that are silent."""
    actor = actor_of(request)
    count = queries.silent(actor, timezone.now()) if actor is not None else 0
    if count:
        words = "1 sensor is silent" if count == 1 else f"{count} sensors are silent"
        yield Matter(words, reverse("detect:sensors"), wrong=True)
