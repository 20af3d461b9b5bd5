"""Compose and judge: a draft becomes an act, recorded at once or waiting for a second person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Conflict
from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict, all_of
from comity.node.acts import queries
from comity.node.acts.kinds import Draft, Judgement, kind_named, reachable
from comity.node.acts.models import Act, ActState
from comity.node.acts.services.recording import Prepared, record_acts
from comity.node.acts.together import together
from comity.node.acts.wire import require_form
from comity.node.faults import Step, reach
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


def judge(draft: Draft, now: datetime) -> Judgement:
    """What would happen to this draft, without writing anything: the judgement that composing applies."""
    kind = kind_named(draft.kind)
    kind.read_body(draft.body)
    reached = () if kind.may_wait else (reachable(party) for party in draft.recipients)
    answers = kind.may_answer(queries.answered_by(draft.author, draft.in_reply_to))
    ways = [_addressed(draft), _timely(draft, now), answers, *reached]
    judged = kind.judge(draft, now)
    blocked = [each for each in (*ways, _rests(draft, judged)) if not each.allowed]
    verdict = all_of((*blocked, judged.verdict)) if blocked else judged.verdict
    if verdict.allowed:
        require_form(draft, judged.leaving, now)
    return Judgement(verdict, judged.items, judged.basis)


def needs_second_person(draft: Draft, judgement: Judgement) -> Ground | None:
    """The ground that asks for four eyes: TLP:RED always, and whatever the kind adds."""
    if draft.tlp is Tlp.RED:
        return Ground("act.four-eyes", "four eyes", "TLP:RED leaves only with a second person's approval.")
    return kind_named(draft.kind).second_person(draft, judgement)


@transaction.atomic
def compose(*, actor: Actor, draft: Draft, now: datetime, new_id: Callable[[], UUID] = uuid4) -> Act:
    """Make an act of the draft; raises `Refused` with the judgement's grounds if nothing of it may go."""
    return compose_all(actor=actor, drafts=(draft,), now=now, new_id=new_id)[0]


@transaction.atomic
def compose_all(
    *, actor: Actor, drafts: Sequence[Draft], now: datetime, new_id: Callable[[], UUID] = uuid4
) -> list[Act]:
    """Make an act of each draft, all or none, in one transaction and one checkpoint of the log."""
    actor.may(Power.COMPOSE).require()
    for draft in drafts:
        kind_named(draft.kind).may_compose(actor).require()
    return _compose(actor, drafts, now, new_id)


@transaction.atomic
def compose_by_node(*, actor: Actor, draft: Draft, now: datetime, new_id: Callable[[], UUID] = uuid4) -> Act:
    """Make an act that no person composes: its kind allows that, and the calling service has asked."""
    return compose_all_by_node(actor=actor, drafts=(draft,), now=now, new_id=new_id)[0]


@transaction.atomic
def compose_all_by_node(
    *, actor: Actor, drafts: Sequence[Draft], now: datetime, new_id: Callable[[], UUID] = uuid4
) -> list[Act]:
    """The same for several, all or none; where a second person is needed, they wait for one."""
    for kind in (kind_named(draft.kind) for draft in drafts):
        if kind.composers and not kind.by_node:
            raise ValueError(f"acts of the kind {kind.name} are composed by people")
    return _compose(actor, drafts, now, new_id)


def _compose(actor: Actor, drafts: Sequence[Draft], now: datetime, new_id: Callable[[], UUID]) -> list[Act]:
    with together(ref for draft in drafts for ref in draft.selection):
        prepared = [_prepare(actor, draft, now, new_id()) for draft in drafts]
    waiting = [each for each in prepared if each.act.state == ActState.AWAITING]
    for each in waiting:
        each.act.save()
        each.act.recipients.set(each.recipients)
    reach(Step.COMPOSED)
    record_acts([each for each in prepared if each.act.state == ActState.RECORDED], now=now)
    return [each.act for each in prepared]


@transaction.atomic
def withdraw(*, actor: Actor, ref: str, now: datetime) -> Act:
    """Take back an act that still awaits approval; only its own body's composers may."""
    actor.may(Power.COMPOSE).require()
    act = queries.locked_act(actor, ref)
    kind_named(act.kind).may_compose(actor).require()
    if act.state != ActState.AWAITING:
        raise Conflict(
            f"This act is {act.get_state_display().lower()}; only one awaiting approval is withdrawn."
        )
    return _withdrawn(act)


@transaction.atomic
def withdraw_by_node(*, author: Party, key: int) -> Act | None:
    """Take back an act that the node composed itself and that nobody has approved yet; else None."""
    acts = Act.objects.select_for_update().filter(pk=key, author=author, state=ActState.AWAITING)
    act = acts.filter(composed_by=None).first()
    return _withdrawn(act) if act and kind_named(act.kind).by_node else None


def _withdrawn(act: Act) -> Act:
    act.state = ActState.WITHDRAWN
    act.save(update_fields=["state"])
    return act


def _prepare(actor: Actor, draft: Draft, now: datetime, identifier: UUID) -> Prepared:
    kind = kind_named(draft.kind)
    _own_body(actor, draft).require()
    answered = queries.answered_act(actor, draft.in_reply_to)
    judgement = judge(draft, now)
    judgement.verdict.require()
    second = needs_second_person(draft, judgement)
    act = Act(
        ref=f"comity-act--{identifier}",
        kind=kind.name,
        state=ActState.AWAITING if second else ActState.RECORDED,
        ours=True,
        author=draft.author,
        in_reply_to=answered,
        tlp=draft.tlp.value,
        purpose=draft.purpose,
        title=draft.body["title"],
        basis=list(judgement.basis),
        body=dict(draft.body),
        selection=list(draft.selection),
        judgement=judgement.as_json(),
        second_person=second.as_json() if second else None,
        composed_by_id=actor.person,
        answerable_id=actor.answerable,
        composed_by_name=actor.name,
        composed_at=now,
        expires=draft.expires,
    )
    return Prepared(act, draft.recipients, judgement.leaving)


def _own_body(actor: Actor, draft: Draft) -> Verdict:
    if draft.author.pk == actor.body and draft.author.ours:
        return Verdict.yes(Ground("act.author", "path of an act", f"{actor.name} acts for it."))
    text = f"{actor.name} does not act for {draft.author.name}; switch to that body first."
    return Verdict.no(Ground("act.author", "path of an act", text))


def _rests(draft: Draft, judged: Judgement) -> Verdict:
    """Whether what the judgement allows rests on the agreements that the act is going to name."""
    if judged.verdict.allowed and judged.basis != draft.basis:
        text = "The act names agreements on which an act of its kind does not rest."
        return Verdict.no(Ground("act.basis", "path of an act", text))
    return Verdict.yes(Ground("act.basis", "path of an act", "It rests on what it names."))


def _timely(draft: Draft, now: datetime) -> Verdict:
    """Whether there is time left to take the act in, as its receivers will count it."""
    if draft.expires is None or encode_time(draft.expires) > encode_time(now):
        return Verdict.yes(Ground("act.timely", "path of an act", "It has not expired."))
    text = f"It would have expired at {draft.expires:%Y-%m-%d %H:%M} UTC; name a time that is still to come."
    return Verdict.no(Ground("act.expired", "path of an act", text))


def _addressed(draft: Draft) -> Verdict:
    refs = [party.ref for party in draft.recipients]
    if not refs:
        return Verdict.no(Ground("act.addressed", "path of an act", "The act names no recipient."))
    if draft.author.ref in refs or len(set(refs)) < len(refs):
        text = "A recipient is named twice, or is the author; name each other party once."
        return Verdict.no(Ground("act.addressed", "path of an act", text))
    return Verdict.yes(Ground("act.addressed", "path of an act", f"The act has {len(refs)} recipients."))
