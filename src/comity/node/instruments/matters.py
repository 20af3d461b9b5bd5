"""What of the agreements a person must look at, and what there is with one partner."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from comity.node.acts.kinds import kind_named
from comity.node.instruments import queries
from comity.node.instruments.kinds import ANSWER
from comity.node.parties.access import actor_of
from comity.node.site.systems import Matter, Mention

MOST = 10  # lines; the list of agreements has them all


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Proposals of partners that this person may answer."""
    actor = actor_of(request)
    if actor is None or not kind_named(ANSWER).may_compose(actor).allowed:
        return
    for each in queries.awaiting_answer(actor, timezone.now())[:MOST]:
        words = f"{each.partner.name} proposes an agreement: {each.title}"
        yield Matter(words, reverse("instruments:detail", args=[each.ref]))


def with_party(request: HttpRequest, party: int) -> Iterator[Mention]:
    """The agreements with this party as they stand today: those in force, then the others, newest first."""
    actor = actor_of(request)
    if actor is None:
        return
    today = timezone.now().date()
    rows = queries.agreements_for(actor).filter(partner_id=party)[:MOST]
    stand = [(each, queries.state_now(each, today)) for each in rows]
    for each, state in sorted(stand, key=lambda row: row[1] != "in-force"):
        highest = f"up to {queries.terms_of(each).highest.label}"
        yield Mention(each.title, reverse("instruments:detail", args=[each.ref]), state, highest)
