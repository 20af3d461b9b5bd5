"""Ask partners to delete what they may not have any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act
from comity.node.acts.services.composing import compose_by_node
from comity.node.exchange import reaching, tracing
from comity.node.exchange.models import Step
from comity.node.exchange.services.closing import Because, close
from comity.node.exchange.services.recalling import Said, draft_of, label_of
from comity.node.exchange.services.stricter import Outcome, Stricter
from comity.node.parties.models import Party

_OLDER = "Please delete an older version"
_IN_PLACE = "Please delete what we gave you"
_MOST_RECALLED = 500  # objects in one act

Compose = Callable[[Draft, Stricter], Act]  # who makes the act of a draft, and for which object


def by_node(holder: Party, now: datetime) -> Compose:
    """The node itself, for whoever answers for the change."""

    def compose(draft: Draft, about: Stricter) -> Act:
        actor = reaching.node_of(holder, about.answerable)
        return compose_by_node(actor=actor, draft=draft, now=now)

    return compose


def ask_to_delete(
    holder: Party, found: Sequence[Stricter], compose: Compose, now: datetime
) -> dict[tuple[str, int], Outcome]:
    """Close the older versions here, and ask each of these parties to delete what it has of them."""
    outcomes: dict[tuple[str, int], Outcome] = {}
    for some in _for_one_recall(found):
        first = some[0]
        because = Because(first.reason.value, first.maker)
        older = {
            (each.given.ref, modified)
            for each in some
            for _, modified in each.given.arrived
            if modified != each.row.modified  # its own class binds this one, and others may have it
        }
        close(holder, older, because, now)
        versions = [version for each in some for version in each.given.arrived]
        label = label_of(each.row.tlp for each in some)
        said = Said(first.reason, _IN_PLACE if first.in_place else _OLDER)
        act = compose(draft_of(holder, first.given.party, versions, said, label), first)
        tracing.note(act, (each.given.ref for each in some))
        outcomes |= {(each.given.ref, each.given.party.pk): Outcome(Step.RECALLED, act) for each in some}
    return outcomes


def _for_one_recall(found: Sequence[Stricter]) -> Iterator[list[Stricter]]:
    piles: dict[tuple[int, str, int | None, bool], list[Stricter]] = {}
    for each in found:
        alike = (each.given.party.pk, each.reason.value, each.answerable, each.in_place)
        piles.setdefault(alike, []).append(each)
    for pile in piles.values():
        yield from (pile[start : start + _MOST_RECALLED] for start in range(0, len(pile), _MOST_RECALLED))
