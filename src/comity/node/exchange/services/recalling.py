"""Recall an object: closed here at once, and asked back of every partner that has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from comity.base.tlp import Tlp
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act
from comity.node.acts.services.composing import compose_all
from comity.node.exchange import queries, tracing
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.recalls import NAME
from comity.node.exchange.services.closing import Because, close
from comity.node.exchange.tracing import Version
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


@dataclass(frozen=True, slots=True)
class Said:
    """What partners are told of a recall."""

    reason: RecallReason
    title: str
    message: str = ""


@transaction.atomic
def recall(*, actor: Actor, ref: str, said: Said, now: datetime) -> list[Act]:
    """Ask every partner that has the object to delete it: one act each, approved by a second person.

    Whatever becomes of the acts, nothing of it leaves here from now on.
    """
    actor.may(Power.READ_CONTENT).require()
    holder = queries.own_body(actor)
    having = tracing.object_to_recall(actor, ref)
    given = {(ref, version) for each in having for _, version in each.versions}
    here = queries.versions_of(actor, ref).values_list("ref", "modified")
    close(holder, given | set(here), Because(said.reason.value, actor.name), now)
    label = label_of(queries.versions_of(actor, ref).values_list("tlp", flat=True))
    drafts = [draft_of(holder, each.party, each.versions, said, label) for each in having]
    acts = compose_all(actor=actor, drafts=drafts, now=now)
    for act in acts:
        tracing.note(act, [ref])
    return acts


def draft_of(holder: Party, party: Party, versions: Iterable[Version], said: Said, label: Tlp) -> Draft:
    """The draft by which one party is asked to delete these versions, by their names there."""
    named: dict[str, list[str]] = {}
    for name, version in sorted(versions):
        named.setdefault(name, []).append(version)
    return Draft(
        kind=NAME,
        author=holder,
        recipients=(party,),
        body={
            "title": said.title,
            "message": said.message,
            "reason": said.reason.value,
            "objects": [{"ref": name, "versions": its} for name, its in named.items()],
        },
        tlp=label,
    )


def label_of(labels: Iterable[str]) -> Tlp:
    """The strictest of these labels: the words of a recall speak of what bears them."""
    return max((Tlp(each) for each in labels if each), key=lambda label: label.rank, default=Tlp.AMBER)
