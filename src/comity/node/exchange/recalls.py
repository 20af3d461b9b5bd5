"""The kind of act by which a partner is asked to delete what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict
from comity.formats.stix import version_key
from comity.node.acts.kinds import Arrived, Body, Draft, Judgement, Kind, Verb
from comity.node.acts.models import Act
from comity.node.exchange import queries, tracing
from comity.node.exchange.handling import names_any
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services.closing import Because, close
from comity.node.exchange.tracing import Version
from comity.node.parties.models import Party
from comity.node.parties.roles import Role

NAME = "recall"
SOURCE = "Comity rules of recall"
MOST_RECALLED = 1_000  # objects in one act
MOST_VERSIONS = 1_000  # of one object
LONGEST_REF, LONGEST_VERSION = 300, 40


class Recalled(msgspec.Struct, kw_only=True):
    """One object that is asked back, by its name at the receiver; an observable has the version ""."""

    ref: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REF)]
    versions: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=LONGEST_VERSION)]],
        msgspec.Meta(min_length=1, max_length=MOST_VERSIONS),
    ]


class RecallBody(Body, kw_only=True):
    """These versions are not to be passed on, and are to be deleted."""

    reason: RecallReason
    objects: Annotated[list[Recalled], msgspec.Meta(min_length=1, max_length=MOST_RECALLED)]

    @property
    def recalled(self) -> set[Version]:
        """Each version with the name of its object."""
        return {(each.ref, version_key(version)) for each in self.objects for version in each.versions}


def judge(draft: Draft, _now: datetime) -> Judgement:
    """Whether this partner was given all of it by us; what leaves are names, versions and words."""
    body = _body(draft)
    if len(draft.recipients) != 1:
        return Judgement(_no("one-recipient", "A recall goes to one partner; nobody learns who else has it."))
    given = tracing.given_to(draft.author, draft.recipients[0], (each.ref for each in body.objects))
    strange = next(iter(sorted(body.recalled - given)), None)
    if strange:
        text = f"{draft.recipients[0].name} was not given {strange[0]} {strange[1]} by us."
        return Judgement(_no("not-there", text))
    said = {"id": "", "description": f"{body.title}\n{body.message}"}
    if names_any(said, queries.victims_of(draft.author)):
        return Judgement(_no("words", "The title or the message names a victim."))
    text = f"{draft.recipients[0].name} was given all of it by us."
    return Judgement(Verdict.yes(Ground("recall.given", SOURCE, text)))


def second_person(_draft: Draft, _judgement: Judgement) -> Ground:
    """Partners delete what they are asked to: one person alone does not decide that."""
    text = "A recall asks a partner to delete; a second person approves it. Here it is closed at once."
    return Ground("recall.four-eyes", SOURCE, text)


def noted(act: Act, now: datetime) -> None:
    """What a recall of ours names is closed here, and its page shows the act."""
    body = _body(act)
    here = _names_here(act.author, body)
    tracing.note(act, {here[ref] for ref, _ in body.recalled})
    versions = {(here[ref], version) for ref, version in body.recalled}
    if body.reason is RecallReason.STRICTER:  # its class binds the newest, and others may have it
        versions -= {(ref, row.modified) for ref, row in queries.held(act.author, here.values()).items()}
    close(act.author, versions, Because(body.reason.value, act.composed_by_name), now)


def taken(acts: Sequence[Act], now: datetime) -> None:
    """What the author gave us and recalls is closed at once; a person deletes it. What others gave stays."""
    for act, holder in queries.receivers_of(acts):
        given = tracing.given_by(holder, act.author, _body(act).recalled)
        others = tracing.of_others(holder, act.author, given)
        tracing.take_back(holder, act.author, others, now)
        close(holder, given - others, Because(_body(act).reason.value, act.author.name, act), now)


def _names_here(holder: Party, body: RecallBody) -> dict[str, str]:
    """The name here of each object: it may have left under another, after a removal."""
    return {each.ref: tracing.name_here(holder, each.ref) for each in body.objects}


def _body(source: Draft | Arrived | Act) -> RecallBody:
    try:
        return msgspec.convert(source.body, RecallBody)
    except msgspec.ValidationError as error:
        raise Malformed(f"body of {NAME}", str(error)) from error


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"recall.{rule}", SOURCE, text))


RECALL = Kind(
    name=NAME,
    verb=Verb.NOTIFY,
    title="Recall what was shared",
    body=RecallBody,
    composers=frozenset({Role.ANALYST, Role.DUTY_OFFICER}),
    judge=judge,
    second_person=second_person,
    template="exchange/bodies/recall.html",
    on_recorded=noted,
    on_arrived=taken,
    by_node=True,  # who may not have a stricter version is asked to delete the older one
    may_wait=True,  # whoever cannot be reached now must not keep it for that
)
