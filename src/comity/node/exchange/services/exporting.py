"""Write what one partner may see into a bundle, by the judgement that a share applies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical
from comity.formats.strict_json import Limits, decode
from comity.node.exchange.judging import judged_items
from comity.node.exchange.models import StixObject
from comity.node.exchange.sights import sight_for
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party


def export_bundle(
    *, actor: Actor, partner: Party, purpose: Purpose, now: datetime, new_id: Callable[[], UUID] = uuid4
) -> bytes:
    """A STIX 2.1 bundle of all that the partner may see, with removals made; nothing is recorded or sent.

    What needs a second person is not in it: that leaves by an act alone.
    """
    seen = sight_for(actor, partner, purpose=purpose, now=now)
    alone = [pk for pk in (*seen.whole, *seen.reduced) if not seen.releases[pk].second_person]
    rows: list[StixObject] = list(seen.objects(alone).select_related("handling", "source"))
    leaving = [item.leaving for item in judged_items(seen.asked, rows) if item.leaving is not None]
    objects = [decode(each.wire, limits=Limits(size=len(each.wire))) for each in leaving]
    return canonical({"type": "bundle", "id": f"bundle--{new_id()}", "objects": objects})
