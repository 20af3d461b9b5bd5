"""The operations of the HTTP API about agreements; they come about by acts, which `POST /acts` composes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from ninja import Field, Query, Router

from comity.node.instruments import models, queries
from comity.node.instruments.wording import in_words
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import Named, Page, Told, Window, named, needs, page_of
from comity.node.parties.roles import Power


class AgreementRow(Told):
    """An agreement in a list; `state` is as of today: it may have yet to begin, or be over."""

    ref: str
    title: str
    ours: Named
    partner: Named
    state: str = Field(description="proposed, declined, not-begun, in-force, ended, expired or withdrawn")
    since: date | None = Field(description="first day in force")
    ended: date | None = Field(description="first day on which a withdrawal or a replacement has effect")


class Agreement(AgreementRow):
    """One agreement with its terms, and the acts it rests on."""

    words: list[str] = Field(description="the terms in plain words")
    terms: dict[str, Any]
    terms_sha256: str = Field(description="what an answer names")
    proposal: str = Field(description="ref of an act")
    answer: str | None
    withdrawal: str | None
    replaces: str | None
    replaced_by: list[str]


router = Router()


@router.get("/agreements", response=Page[AgreementRow])
@needs(Power.READ_ACTS)
def list_agreements(request: ActorRequest, window: Query[Window]) -> Page[AgreementRow]:
    """The agreements of the caller's body, newest first."""
    today = timezone.now().date()
    return page_of(
        queries.agreements_for(request.actor), window, lambda row: AgreementRow(**_row(row, today))
    )


@router.get("/agreements/{ref}", response=Agreement)
@needs(Power.READ_ACTS)
def read_agreement(request: ActorRequest, ref: str) -> Agreement:
    """One agreement: its terms, and the acts it rests on."""
    found = queries.agreement_for(request.actor, ref)
    return Agreement(
        **_row(found, timezone.now().date()),
        words=list(in_words(queries.terms_of(found))),
        terms=found.terms,
        terms_sha256=found.terms_sha256,
        proposal=found.proposal.ref,
        answer=found.answer.ref if found.answer else None,
        withdrawal=found.withdrawal.ref if found.withdrawal else None,
        replaces=found.replaces.ref if found.replaces else None,
        replaced_by=[each.ref for each in found.replaced_by.all()],
    )


def _row(agreement: models.Agreement, today: date) -> dict[str, Any]:
    return {
        "ref": agreement.ref,
        "title": agreement.title,
        "ours": named(agreement.ours),
        "partner": named(agreement.partner),
        "state": queries.state_now(agreement, today),
        "since": agreement.since,
        "ended": agreement.ended,
    }
