"""Who asks for content: a partner by its signature, or a party by the token of an account."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from comity.base.errors import NotFound
from comity.node.exchange.models import TaxiiAccount
from comity.node.federation.answers import Suspended, TooMany, Unknown, signing_partner
from comity.node.federation.models import Partner, PartnerState
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.queries import our_bodies
from comity.node.parties.tokens import digest
from comity.node.site import rates
from comity.node.site.prepared import Prepared, columns_of, made

RATE = 600  # requests of one party in a minute
FAILURES = 60  # requests of one address in a minute with a token that is not valid
# The word `Token` is what taxii2-client's own class for tokens writes.
_BEARER = re.compile(r"(?:Bearer|Token) ([A-Za-z0-9_-]{43})", re.ASCII | re.IGNORECASE)
_BASIC = re.compile(r"Basic ([A-Za-z0-9+/]{1,400}={0,2})", re.ASCII | re.IGNORECASE)


_BODY = Prepared(lambda ref: our_bodies().filter(ref=ref).values_list(*columns_of(Party)), str)


@dataclass(frozen=True, slots=True)
class Caller:
    """The party for which somebody asks, and what was read of the request to know that."""

    party: Party
    body: bytes | None = None  # of a signed request; a signature covers the whole of it
    account: int | None = None  # key of the account whose token was shown


def caller_of(request: HttpRequest) -> Caller:
    """Who asks; raises `Unknown`, `Unsigned`, `Suspended` or `TooMany`."""
    if "Authorization" in request.headers:
        caller = _caller_of_token(request, timezone.now())
    else:
        signed = signing_partner(request)
        caller = Caller(signed.partner.party, signed.body)
    if not rates.within(f"taxii:{caller.party.pk}", RATE):
        raise TooMany(f"More than {RATE} requests in a minute; go on in the next.")
    return caller


def holder_of(caller: Caller, body: UUID) -> Party:
    """The body whose API root this is; observers see none."""
    found = _BODY.first(f"identity--{body}")
    if found is None or caller.party.kind == PartyKind.OBSERVER:
        raise NotFound("API root")
    return made(Party, found)


def roots(request: HttpRequest, partner: Partner | None) -> list[str]:
    """The API roots of content for a caller of the discovery."""
    party = partner.party if partner is not None else caller_of(request).party
    if party.kind == PartyKind.OBSERVER:
        return []
    return [root_of(each) for each in our_bodies()]


def root_of(holder: Party) -> str:
    """The address of a body's API root."""
    return f"{settings.CONFIG.address}taxii2/{holder.ref.partition('--')[2]}/"


def _account(token_hash: str) -> QuerySet[TaxiiAccount, Any]:
    """An account, how its party's node stands to us, and the party."""
    found = TaxiiAccount.objects.filter(token_hash=token_hash, revoked_at=None).order_by()
    told = ("pk", "name", "last_used", "party__partner__state")
    return found.values_list(*told, *columns_of(Party, "party__"))


_ACCOUNT = Prepared(_account, str)


def _caller_of_token(request: HttpRequest, now: datetime) -> Caller:
    name, token = _presented(request.headers["Authorization"].strip())
    found = _ACCOUNT.first(digest(token)) if token else None
    if found is None or not (name is None or hmac.compare_digest(name.encode(), found[1].encode())):
        address = sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()
        if not rates.within(f"taxii-unknown:{address}", FAILURES):
            raise TooMany("Too many requests with tokens that are not valid.")
        raise Unknown("The token is not valid here; ask the node's administrator for one.")
    key, _, last_used, near, *cells = found
    party = made(Party, cells)
    if last_used != now.date():  # one write a day at most
        TaxiiAccount.objects.filter(pk=key).update(last_used=now.date())
    if near in (PartnerState.SUSPENDED, PartnerState.ENDED):
        raise Suspended(f"Cooperation with {party.name} is suspended here until a person decides.")
    return Caller(party, account=key)


def _presented(header: str) -> tuple[str | None, str]:
    """Name and token; no name for a bearer, no token where there is none of the right form."""
    bearer = _BEARER.fullmatch(header)
    if bearer is not None:
        return None, bearer[1]
    basic = _BASIC.fullmatch(header)
    try:
        name, _, token = base64.b64decode(basic[1] if basic else "", validate=True).decode().rpartition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    return name, token
