"""The API roots that systems above offer to a caller: discovery lists them beside that of acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest

from comity.node.federation.answers import Unknown
from comity.node.federation.models import Partner

# The addresses of the roots that are open to the partner which signed, or else to whom the token names; a
# token that nobody gave raises `Unknown`.
Offer = Callable[[HttpRequest, Partner | None], Sequence[str]]
_offers: list[Offer] = []


def offer(found: Offer) -> None:
    """Offer roots; said once, when a system above is ready."""
    if found not in _offers:
        _offers.append(found)


def offered(request: HttpRequest, partner: Partner | None) -> tuple[str, ...]:
    """All roots that are offered to this caller; raises `Unknown` if nobody knows it."""
    if partner is None and not _offers:
        raise Unknown("This node gives no tokens; a partner's node signs its requests.")
    return tuple(root for each in _offers for root in each(request, partner))
