"""Every read of partners and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from comity.base.errors import NotFound
from comity.base.verdict import Ground, Verdict
from comity.formats.keys import NodeKey, Use
from comity.node.accountability import queries as log
from comity.node.accountability.models import SeenLog
from comity.node.acts.models import Delivery
from comity.node.acts.together import once_together
from comity.node.federation.models import OwnKey, Partner, PartnerKey, PartnerState
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

COMPARED_MOSTLY = timedelta(days=1)  # a checkpoint that waits longer to be compared is told of
_SOURCE = "partners of this node"
_OPEN = (PartnerState.ACCEPTED, PartnerState.SUSPENDED)


def partners_for(actor: Actor) -> QuerySet[Partner]:
    """All partners; none without the power to read who is who."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Partner.objects.none()
    under_way = Delivery.objects.filter(party=OuterRef("party"), state__in=("waiting", "handed-over"))
    waiting = under_way.order_by().values("party").annotate(n=Count("pk")).values("n")
    return Partner.objects.select_related("party").annotate(waiting=Coalesce(Subquery(waiting), 0))


def partner_for(actor: Actor, key: int) -> Partner:
    """One partner; raises `NotFound`."""
    found = partners_for(actor).select_related("party", "accepted_by").filter(pk=key).first()
    if found is None:
        raise NotFound("partner")
    return found


def locked_partner(actor: Actor, key: int) -> Partner:
    """One partner, locked until the transaction ends; raises `Refused` or `NotFound`."""
    actor.may(Power.MANAGE_PARTNERS).require()
    found = Partner.objects.select_for_update(of=("self",)).select_related("party").filter(pk=key).first()
    if found is None:
        raise NotFound("partner")
    return found


@once_together
def reaches(party: Party) -> Verdict:
    """Whether this party has a node that we have accepted."""
    partner = Partner.objects.filter(party=party).first()
    if partner is None:
        text = f"{party.name} is not a partner of this node; an administrator can add it by its address."
        return Verdict.no(Ground("partner.none", _SOURCE, text))
    if partner.state == PartnerState.ACCEPTED:
        return Verdict.yes(Ground("partner.accepted", _SOURCE, f"{party.name} is an accepted partner."))
    text = f"{party.name} is not accepted now: {partner.state_words}"
    return Verdict.no(Ground(f"partner.{partner.state}", _SOURCE, text))


def partner_by_kid(kid: str, now: datetime) -> Partner | None:
    """The partner whose signing key this is now; None for a key that nobody here knows."""
    valid = PartnerKey.objects.filter(kid=kid, use=Use.SIGN.value, since__lte=now)
    key = valid.filter(Q(until=None) | Q(until__gt=now)).select_related("partner__party").first()
    return key.partner if key and key.partner.state in _OPEN else None


def keys_of(partner: Partner) -> tuple[NodeKey, ...]:
    """All keys that the partner has or had."""
    return tuple(_node_key(row) for row in PartnerKey.objects.filter(partner=partner))


def own_keys() -> tuple[NodeKey, ...]:
    """All keys that we have or had."""
    return tuple(_node_key(row) for row in OwnKey.objects.order_by("since", "use"))


def own_party() -> Party:
    """The body in whose name this node speaks; raises `NotFound` before `comity-node init`."""
    found = Party.objects.filter(ours=True).order_by("added", "pk").first()
    if found is None:
        raise NotFound("body of this node; run `comity-node init` first,")
    return found


@once_together
def own_bodies(refs: tuple[str, ...]) -> list[Party]:
    """Those of the parties that are bodies of this node."""
    return list(Party.objects.filter(ours=True, ref__in=refs).order_by("pk"))


def accepted(*, fetching: bool = False) -> list[Partner]:
    """The accepted partners; with `fetching` those whose outbox we look into."""
    found = Partner.objects.filter(state=PartnerState.ACCEPTED).select_related("party")
    return list(found.filter(fetches=True) if fetching else found)


def cooperating() -> list[Partner]:
    """The partners with whom we exchange, now or when they are resumed."""
    return list(Partner.objects.filter(state__in=_OPEN).select_related("party"))


def accepted_among(parties: Sequence[Party]) -> list[Partner]:
    """The accepted partners of these parties."""
    found = Partner.objects.filter(party__in=parties, state=PartnerState.ACCEPTED)
    return list(found.select_related("party"))


def seen_log_of(partner: Partner) -> SeenLog | None:
    """What we last saw of the partner's log; None before it was accepted."""
    return SeenLog.objects.filter(origin=partner.log_origin).first()


@dataclass(frozen=True, slots=True)
class Uncompared:
    """Since when a checkpoint of a partner's log waits to be compared, and until when we wait for that."""

    since: datetime
    until: datetime


def uncompared_long(partner: Partner, now: datetime) -> Uncompared | None:
    """What a person is told if a checkpoint of the partner waits to be compared for over a day."""
    since = log.uncompared_since(partner.log_origin)
    late = since is not None and now - since > COMPARED_MOSTLY
    return Uncompared(since, since + log.COMPARED_WITHIN) if since and late else None


def partners_uncompared(actor: Actor, now: datetime) -> QuerySet[Partner]:
    """The accepted partners of whose logs a checkpoint waits to be compared for over a day."""
    origins = log.origins_uncompared(now - COMPARED_MOSTLY)
    return partners_for(actor).filter(state=PartnerState.ACCEPTED, log_origin__in=origins)


def _node_key(row: OwnKey | PartnerKey) -> NodeKey:
    return NodeKey(row.kid, Use(row.use), bytes(row.public), row.since, row.until)
