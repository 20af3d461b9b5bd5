"""The last calls of a webhook: what each told, what the address answered, and why it was not taken."""

from __future__ import annotations

from datetime import datetime

from comity.formats.webhooks import CallKind
from comity.node.exchange.models import HookCall, Webhook

KEPT = 50  # calls of one webhook


def note_call(
    hook: Webhook,
    kind: CallKind,
    words: str,
    *,
    taken: bool,
    status: int | None,
    count: int = 0,
    now: datetime,
) -> None:
    """Keep what became of a call, and forget the oldest."""
    said = HookCall(hook=hook, kind=kind.value, at=now, taken=taken, status=status, words=words, count=count)
    said.save(force_insert=True)
    calls = HookCall.objects.filter(hook=hook).order_by("-pk")
    for first_forgotten in calls.values_list("pk", flat=True)[KEPT : KEPT + 1]:
        calls.filter(pk__lte=first_forgotten).delete()
