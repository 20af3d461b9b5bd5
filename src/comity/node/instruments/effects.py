"""What follows when an act about an agreement is recorded, ours or a partner's, in the same transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar

from comity.base.errors import Conflict
from comity.formats.acts import decode_act
from comity.node.acts.kinds import Body, kind_named
from comity.node.acts.models import Act
from comity.node.instruments import queries, rules
from comity.node.instruments.bodies import AnswerBody, Decision, ProposalBody, WithdrawalBody
from comity.node.instruments.models import Agreement, AgreementState

B = TypeVar("B", bound=Body)


def proposed(act: Act, _now: datetime) -> None:
    """The agreement stands as proposed."""
    body = _body(act, ProposalBody)
    recipient = act.recipients.get() if act.ours else act.recipients.filter(ours=True).order_by("pk")[0]
    old = queries.agreement_between(body.replaces, act.author) if body.replaces else None
    Agreement.objects.create(
        ref=body.agreement,
        title=body.title,
        ours=act.author if act.ours else recipient,
        partner=recipient if act.ours else act.author,
        state=AgreementState.PROPOSED,
        terms=body.terms,
        terms_sha256=rules.proposal_digest(body),
        replaces=old,
        proposal=act,
    )


def answered(act: Act, _now: datetime) -> None:
    """The agreement enters into force, or is declined; both nodes find the same first day."""
    body = _body(act, AnswerBody)
    agreement = queries.locked_agreement(body.agreement)
    if agreement.state != AgreementState.PROPOSED:  # it was judged before another act took the lock
        raise Conflict(f"{agreement.title} is {agreement.get_state_display().lower()} already.")
    agreement.answer = act
    agreement.state = AgreementState.DECLINED
    if body.decision is Decision.ACCEPT:
        agreement.state = AgreementState.IN_FORCE
        agreement.since = max(queries.terms_of(agreement).since, _signed_on(act))
        _end_replaced(agreement)
    agreement.save()


def withdrawn(act: Act, _now: datetime) -> None:
    """The agreement ends on the day that the withdrawal names; of two days the earlier counts."""
    body = _body(act, WithdrawalBody)
    agreement = queries.locked_agreement(body.agreement)
    if (
        agreement.state == AgreementState.WITHDRAWN
        and agreement.ended is not None
        and agreement.ended <= body.day
    ):
        return
    agreement.state, agreement.withdrawal = AgreementState.WITHDRAWN, act
    agreement.ended = min(body.day, agreement.ended) if agreement.ended else body.day
    agreement.save()


def _end_replaced(agreement: Agreement) -> None:
    """The agreement that this one replaces has no effect from this one's first day on."""
    old = agreement.replaces
    if old is not None and (old.ended is None or (agreement.since and old.ended > agreement.since)):
        Agreement.objects.filter(pk=old.pk).update(ended=agreement.since)


def _signed_on(act: Act) -> date:
    """The day in UTC that the signed act names: the same on every node, whenever it arrived."""
    return decode_act(bytes(act.wire or b"")).act.created.date()


def _body(act: Act, _form: type[B]) -> B:
    body = kind_named(act.kind).read_body(act.body)
    assert isinstance(body, _form)  # noqa: S101  the kind's own schema
    return body
