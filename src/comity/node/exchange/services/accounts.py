"""Accounts: a token for a party's program that reads collections, shown once, and ended."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.exchange.models import TaxiiAccount
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power
from comity.node.parties.tokens import digest, new_token

MAX_NAME = 80


@transaction.atomic
def open_account(
    *, actor: Actor, party: Party, name: str, now: datetime, token: str | None = None
) -> tuple[TaxiiAccount, str]:
    """An account of another party and its token, which is not kept and cannot be shown again."""
    actor.may(Power.MANAGE_PARTNERS).require()
    plain = read_line(name, "name", most=MAX_NAME)
    if ":" in plain:
        raise Malformed("name", "holds a colon, which HTTP Basic cannot carry in a name")
    if party.ours or party.kind == PartyKind.OBSERVER:
        raise Malformed("party", f"{party.name} reads no content here by TAXII.")
    locked = Party.objects.select_for_update(no_key=True).get(pk=party.pk)
    if TaxiiAccount.objects.filter(name=plain, revoked_at=None).exists():
        raise Conflict(f"There is an account {plain!r} already; end it, or choose another name.")
    token = token or new_token()
    made = TaxiiAccount.objects.create(
        party=locked, name=plain, token_hash=digest(token), made_by=actor.name, made_at=now
    )
    _record(made, "opened", now)
    return made, token


@transaction.atomic
def end_account(*, actor: Actor, key: int, now: datetime) -> TaxiiAccount:
    """The token is worth nothing from now on."""
    actor.may(Power.MANAGE_PARTNERS).require()
    rows = TaxiiAccount.objects.select_for_update(of=("self",)).select_related("party")
    found = rows.filter(pk=key).first()
    if found is None:
        raise NotFound("account")
    if found.revoked_at is not None:
        raise Conflict(f"The token of {found.name} was ended before.")
    found.revoked_at = now
    found.save(update_fields=["revoked_at"])
    _record(found, "ended", now)
    return found


def _record(row: TaxiiAccount, what: str, now: datetime) -> None:
    entry = LogEntry(
        Event.ACCOUNT_CHANGED, now, f"account {row.pk}", to=(row.party.ref,), more={"what": what}
    )
    record([entry], now=now)
