"""Every write about agreements: each is an act, and takes the path of every act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Conflict
from comity.base.tlp import Tlp
from comity.engines.release.terms import Terms
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act
from comity.node.acts.services.composing import compose
from comity.node.instruments import queries
from comity.node.instruments.bodies import Decision, written_terms
from comity.node.instruments.kinds import ANSWER, PROPOSE, WITHDRAW
from comity.node.instruments.models import Agreement
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party


def new_reference(new_id: Callable[[], UUID] = uuid4) -> str:
    """A reference for an agreement that nobody has proposed yet."""
    return f"agreement--{new_id()}"


@transaction.atomic
def propose(
    *,
    actor: Actor,
    partner: Party,
    terms: Terms,
    now: datetime,
    message: str = "",
    answer_by: datetime | None = None,
    replaces: str | None = None,
) -> Act:
    """Propose these terms to one partner."""
    body = {
        "title": terms.title,
        "message": message,
        "agreement": terms.agreement,
        "terms": written_terms(terms),
    }
    draft = Draft(
        kind=PROPOSE,
        author=queries.own_body(actor),
        recipients=(partner,),
        body=body | ({"replaces": replaces} if replaces else {}),
        tlp=Tlp.AMBER,
        expires=answer_by,
    )
    return compose(actor=actor, draft=draft, now=now)


@transaction.atomic
def answer(
    *, actor: Actor, ref: str, decision: Decision, digest: str, now: datetime, message: str = ""
) -> Act:
    """Accept or decline; `digest` is that of the terms which the person was shown."""
    agreement = queries.agreement_for(actor, ref)
    if agreement.terms_sha256 != digest:
        raise Conflict("These are not the terms that you were shown; open the page again and read them.")
    word = "Accepted" if decision is Decision.ACCEPT else "Declined"
    said = {"message": message, "decision": decision.value, "terms_sha256": agreement.terms_sha256}
    draft = _about(agreement, ANSWER, word, said)
    return compose(actor=actor, draft=replace(draft, in_reply_to=agreement.proposal.ref), now=now)


@transaction.atomic
def withdraw(*, actor: Actor, ref: str, day: date, now: datetime, message: str = "") -> Act:
    """End an agreement, or take back a proposal of ours, from this day on."""
    agreement = queries.agreement_for(actor, ref)
    draft = _about(agreement, WITHDRAW, "Withdrawn", {"message": message, "day": day.isoformat()})
    return compose(actor=actor, draft=draft, now=now)


def _about(agreement: Agreement, kind: str, word: str, said: Mapping[str, str]) -> Draft:
    """What one side tells the other of their agreement; `word` says in the title what it does."""
    title = f"{word}: {agreement.title}"[:200]
    body = {"title": title, "agreement": agreement.ref, **said}
    return Draft(kind=kind, author=agreement.ours, recipients=(agreement.partner,), body=body)
