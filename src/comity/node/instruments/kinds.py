"""The three kinds of acts by which agreements come about and end."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict, all_of
from comity.node.acts.kinds import Arrived, Body, Draft, Judgement, Kind, Verb, one_by_one
from comity.node.instruments import effects, queries, rules
from comity.node.instruments.bodies import AnswerBody, Decision, ProposalBody, WithdrawalBody, read_terms
from comity.node.parties.roles import Role

PROPOSE = "propose-agreement"
ANSWER = "answer-agreement"
WITHDRAW = "withdraw-agreement"

B = TypeVar("B", bound=Body)


def _judge_proposal(draft: Draft, now: datetime) -> Judgement:
    return Judgement(rules.proposable(_read(draft, ProposalBody), draft.author, draft.recipients, now))


def _judge_answer(draft: Draft, now: datetime) -> Judgement:
    body = _read(draft, AnswerBody)
    return Judgement(rules.answerable(body, draft.author, draft.in_reply_to, now))


def _judge_withdrawal(draft: Draft, now: datetime) -> Judgement:
    body = _read(draft, WithdrawalBody)
    return Judgement(all_of((rules.withdrawable(body, draft.author), rules.not_back_dated(body, now))))


def _wide_proposal(draft: Draft, _judgement: Judgement) -> Ground | None:
    body = _read(draft, ProposalBody)
    return rules.four_eyes(read_terms(body.agreement, body.title, body.terms))


def _wide_acceptance(draft: Draft, _judgement: Judgement) -> Ground | None:
    body = _read(draft, AnswerBody)
    agreement = queries.agreement_between(body.agreement, draft.author)
    if agreement is None or body.decision is Decision.DECLINE:
        return None
    return rules.four_eyes(queries.terms_of(agreement))


def _nobody_else(_draft: Draft, _judgement: Judgement) -> Ground | None:
    """Ending an agreement closes doors; one person is enough."""
    return None


def _admissible_proposal(arrived: Arrived, now: datetime) -> Verdict:
    try:
        return rules.proposable(_read(arrived, ProposalBody), arrived.author, arrived.recipients, now)
    except Malformed as error:
        return Verdict.no(Ground("agreement.unreadable", rules.SOURCE, error.message))


def _admissible_answer(arrived: Arrived, now: datetime) -> Verdict:
    replied_to = arrived.in_reply_to.ref if arrived.in_reply_to else None
    return rules.answerable(_read(arrived, AnswerBody), arrived.author, replied_to, now)


def _admissible_withdrawal(arrived: Arrived, _now: datetime) -> Verdict:
    """One that was long under way is taken with the day it names: refusing it would keep a door open."""
    return rules.withdrawable(_read(arrived, WithdrawalBody), arrived.author)


def _read(source: Draft | Arrived, form: type[B]) -> B:
    try:
        return msgspec.convert(source.body, form)
    except msgspec.ValidationError as error:
        raise Malformed(f"body of {source.kind}", str(error)) from error


_of_diplomats = partial(Kind, composers=frozenset({Role.DIPLOMAT}), in_turn=True)

KINDS = (
    _of_diplomats(
        name=PROPOSE,
        verb=Verb.PROPOSE,
        title="Propose a sharing agreement",
        body=ProposalBody,
        judge=_judge_proposal,
        second_person=_wide_proposal,
        template="instruments/bodies/proposal.html",
        compose_view="instruments:propose",
        admissible=_admissible_proposal,
        on_recorded=effects.proposed,
        on_arrived=one_by_one(effects.proposed),
    ),
    _of_diplomats(
        name=ANSWER,
        verb=Verb.ANSWER,
        title="Answer a proposed agreement",
        body=AnswerBody,
        judge=_judge_answer,
        second_person=_wide_acceptance,
        template="instruments/bodies/answer.html",
        admissible=_admissible_answer,
        on_recorded=effects.answered,
        on_arrived=one_by_one(effects.answered),
        replies_to=frozenset({PROPOSE}),
    ),
    _of_diplomats(
        name=WITHDRAW,
        verb=Verb.DECLARE,
        title="Withdraw from an agreement",
        body=WithdrawalBody,
        judge=_judge_withdrawal,
        second_person=_nobody_else,
        template="instruments/bodies/withdrawal.html",
        admissible=_admissible_withdrawal,
        on_recorded=effects.withdrawn,
        on_arrived=one_by_one(effects.withdrawn),
    ),
)
