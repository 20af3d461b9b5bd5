"""What of the logs of others a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from comity.node.accountability import readers
from comity.node.parties.access import actor_of
from comity.node.site.systems import Matter


def matters(request: HttpRequest) -> Iterator[Matter]:
    """A log that contradicted itself, until somebody decided what to believe."""
    actor = actor_of(request)
    count = readers.open_alarms(actor) if actor else 0
    if count:
        words = "A log contradicted itself" if count == 1 else f"{count} logs contradicted themselves"
        yield Matter(f"{words}; a decision is due", reverse("accountability:alarms"), wrong=True)
