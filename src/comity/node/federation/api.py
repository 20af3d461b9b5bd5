"""The operations of the HTTP API about partners."""

from __future__ import annotations

from typing import Any

from ninja import Field, Query, Router

from comity.formats.keys import NodeKey, Use
from comity.node.accountability.queries import is_doubted
from comity.node.federation import models, queries
from comity.node.federation.models import PartnerState, Reach
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import Named, Page, Time, Told, Window, named, needs, page_of
from comity.node.parties.roles import Power


class PartnerRow(Told):
    """A partner in a list; `trouble` is the last thing that went wrong, and empty when all is well."""

    number: int
    party: Named
    address: str
    state: PartnerState
    state_words: str
    state_since: Time
    reach: Reach
    fetches: bool = Field(description="whether we look into its outbox as well")
    heard_at: Time | None
    trouble: str
    waiting: int = Field(description="acts on their way to it")


class Key(Told):
    """A public key of the partner's node, for one use."""

    kid: str
    use: Use
    since: Time
    until: Time | None


class SeenLog(Told):
    """The partner's log as we last saw it; while it is in doubt nothing of it is believed."""

    origin: str
    address: str
    size: int
    at: Time | None
    in_doubt: bool


class Partner(PartnerRow):
    """One partner with its keys and its log."""

    fingerprint: list[str] = Field(description="the words that a person compares")
    api_root: str
    witness: str
    witnessed_size: int = Field(description="size of our log that it cosigned last")
    keys: list[Key]
    log: SeenLog


router = Router()


@router.get("/partners", response=Page[PartnerRow])
@needs(Power.READ_PARTIES)
def list_partners(request: ActorRequest, window: Query[Window]) -> Page[PartnerRow]:
    """The partners of this node, by name."""
    rows = queries.partners_for(request.actor).order_by("party__name", "pk")
    return page_of(rows, window, lambda partner: PartnerRow(**_row(partner)))


@router.get("/partners/{int:number}", response=Partner)
@needs(Power.READ_PARTIES)
def read_partner(request: ActorRequest, number: int) -> Partner:
    """One partner: who it is, its keys, its log, and what waits for it."""
    found = queries.partner_for(request.actor, number)
    return Partner(
        **_row(found),
        fingerprint=found.fingerprint.split(),
        api_root=found.api_root,
        witness=found.witness_name,
        witnessed_size=found.witnessed_size,
        keys=[_key(key) for key in queries.keys_of(found)],
        log=_log(found),
    )


def _row(partner: models.Partner) -> dict[str, Any]:
    waiting: int = partner.waiting  # type: ignore[attr-defined]  # counted by the query
    return {
        "number": partner.pk,
        "party": named(partner.party),
        "address": partner.address,
        "state": partner.state,
        "state_words": partner.state_words,
        "state_since": partner.state_since,
        "reach": partner.reach,
        "fetches": partner.fetches,
        "heard_at": partner.heard_at,
        "trouble": partner.trouble,
        "waiting": waiting,
    }


def _key(key: NodeKey) -> Key:
    return Key(kid=key.kid, use=key.use, since=key.since, until=key.until)


def _log(partner: models.Partner) -> SeenLog:
    seen = queries.seen_log_of(partner)
    return SeenLog(
        origin=partner.log_origin,
        address=partner.log_url,
        size=seen.size if seen else 0,
        at=seen.at if seen else None,
        in_doubt=is_doubted(partner.log_origin),
    )
