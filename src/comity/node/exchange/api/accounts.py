"""Operations about accounts, with which programs of parties read collections by TAXII 2.1."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.node.exchange import models, queries
from comity.node.exchange.services import accounts
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    Given,
    Named,
    Page,
    Time,
    Told,
    Window,
    named,
    needs,
    page_of,
    parties_named,
)
from comity.node.parties.roles import Power


class NewAccount(Given):
    """A program of a party."""

    party: str = Field(min_length=1, max_length=60, description="ref of the party")
    name: str = Field(min_length=1, max_length=accounts.MAX_NAME, description="As HTTP Basic carries it")


class AccountRow(Told):
    """An account whose token is valid."""

    key: int
    name: str
    party: Named
    made_by: str
    since: Time
    last_used: date | None


class AccountMade(AccountRow):
    """A new account, with its token: it is not kept and cannot be shown again."""

    token: str


router = Router()


@router.get("/accounts", response=Page[AccountRow])
@needs(Power.READ_PARTIES)
def list_accounts(request: ActorRequest, wanted: Query[Window]) -> Page[AccountRow]:
    """The accounts of parties' programs whose tokens are valid."""
    return page_of(queries.accounts_for(request.actor), wanted, _account)


@router.post("/accounts", response={201: AccountMade})
@needs(Power.MANAGE_PARTNERS)
def open_account(request: ActorRequest, given: NewAccount) -> Status[AccountMade]:
    """Give a party's program a token, which is told this once."""
    party = parties_named(request.actor, [given.party])[given.party]
    made, token = accounts.open_account(actor=request.actor, party=party, name=given.name, now=timezone.now())
    return Status(201, AccountMade(**_account(made).model_dump(), token=token))


@router.post("/accounts/{key}/end", response={204: None})
@needs(Power.MANAGE_PARTNERS)
def end_account(request: ActorRequest, key: int) -> Status[None]:
    """Make the token of an account worth nothing from now on."""
    accounts.end_account(
        actor=request.actor, key=queries.account_for(request.actor, key).pk, now=timezone.now()
    )
    return Status(204, None)


def _account(row: models.TaxiiAccount) -> AccountRow:
    return AccountRow(
        key=row.pk,
        name=row.name,
        party=named(row.party),
        made_by=row.made_by,
        since=row.made_at,
        last_used=row.last_used,
    )
