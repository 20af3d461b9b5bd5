"""When an agreement may be proposed, answered and withdrawn from: one set of rules for both sides."""

from __future__ import annotations

from datetime import datetime

from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.engines.release.terms import Terms
from comity.node.instruments import queries
from comity.node.instruments.bodies import AnswerBody, ProposalBody, WithdrawalBody, read_terms, terms_digest
from comity.node.instruments.models import Agreement, AgreementState
from comity.node.parties.models import Party

SOURCE = "Comity rules of agreements"
FOUR_EYES_FROM = Tlp.AMBER_STRICT


def proposable(body: ProposalBody, author: Party, recipients: tuple[Party, ...], now: datetime) -> Verdict:
    """Whether these terms can be proposed; raises `Malformed` for terms that cannot be read."""
    terms = read_terms(body.agreement, body.title, body.terms)
    if len(recipients) != 1:
        return _no("two-parties", "An agreement is proposed to exactly one party; choose one.")
    if terms.until is not None and terms.until < now.date():
        return _no("over", f"The terms end on {terms.until}, which is past; choose a later day.")
    if queries.agreement_known(body.agreement):
        return _no(
            "known", "An agreement with this reference was proposed before; a new one needs a new reference."
        )
    if body.replaces and not _replaceable(body.replaces, author, recipients[0]):
        return _no("replaces", "The agreement to be replaced is not in force between these two parties.")
    return _yes("proposable", "The terms can be read and are new.")


def answerable(body: AnswerBody, author: Party, replied_to: str | None, now: datetime) -> Verdict:
    """Whether `author` may answer: asked, once, in time, and naming the terms that were proposed."""
    agreement = queries.agreement_between(body.agreement, author)
    if agreement is None:
        return _no("unknown", "No agreement with this reference was proposed between these two parties.")
    if agreement.proposal.author_id == author.pk:
        return _no("not-addressee", f"{author.name} proposed it; only the other party can answer.")
    if agreement.state != AgreementState.PROPOSED:
        return _no("answered", f"The agreement is {agreement.get_state_display().lower()} already.")
    if replied_to != agreement.proposal.ref:
        return _no("other-proposal", "The answer does not reply to the proposal of this agreement.")
    if body.terms_sha256 != agreement.terms_sha256:
        return _no("other-terms", "The answer names other terms than those that were proposed.")
    return _in_time(agreement, now)


def withdrawable(body: WithdrawalBody, author: Party) -> Verdict:
    """Whether `author` may end it: a party to it, and not ended by the same party before."""
    agreement = queries.agreement_between(body.agreement, author)
    if agreement is None:
        return _no("unknown", "There is no agreement with this reference between these two parties.")
    if agreement.state == AgreementState.PROPOSED and agreement.proposal.author_id != author.pk:
        return _no("not-concluded", f"{author.name} has not answered the proposal yet; decline it instead.")
    if agreement.state == AgreementState.DECLINED:
        return _no("declined", "The proposal was declined; there is nothing to withdraw from.")
    # Two withdrawals that cross are both taken: the earlier day counts.
    if agreement.withdrawal is not None and agreement.withdrawal.author_id == author.pk:
        return _no("withdrawn", f"{author.name} has withdrawn from it already, from {agreement.ended} on.")
    return _yes("withdrawable", f"{author.name} is a party to it.")


def not_back_dated(body: WithdrawalBody, now: datetime) -> Verdict:
    """Whether a withdrawal of ours takes effect today or later."""
    if body.day < now.date():
        return _no("back-dated", f"A withdrawal takes effect today or later; {body.day} is past.")
    return _yes("dated", f"It takes effect on {body.day}.")


def four_eyes(terms: Terms) -> Ground | None:
    """The ground that asks for a second person before terms this wide bind us."""
    if terms.highest < FOUR_EYES_FROM:
        return None
    text = f"Terms that let {FOUR_EYES_FROM.label} or more pass bind us only with a second person's approval."
    return Ground("agreement.four-eyes", SOURCE, text)


def _in_time(agreement: Agreement, now: datetime) -> Verdict:
    until = queries.terms_of(agreement).until
    expires = agreement.proposal.expires
    if (expires is not None and now > expires) or (until is not None and now.date() > until):
        return _no("late", "The proposal has expired; a new one is needed.")
    return _yes("answerable", "It was proposed to this party, and nobody has answered yet.")


def _replaceable(ref: str, author: Party, other: Party) -> bool:
    old = queries.agreement_between(ref, author)
    return (
        old is not None and old.state == AgreementState.IN_FORCE and other.pk in (old.ours_id, old.partner_id)
    )


def proposal_digest(body: ProposalBody) -> str:
    """The digest of the terms of this proposal."""
    return terms_digest(body.agreement, body.title, body.terms)


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"agreement.{rule}", SOURCE, text))


def _yes(rule: str, text: str) -> Verdict:
    return Verdict.yes(Ground(f"agreement.{rule}", SOURCE, text))
