"""Every read of collections at servers of others, and the way to speak to these servers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from comity.base.errors import NotFound
from comity.base.verdict import Verdict
from comity.node import credentials
from comity.node.credentials import Credential, Scheme
from comity.node.exchange.feeds.reaching import hosts_allowed
from comity.node.exchange.models import Posted, PostState, RemoteCollection
from comity.node.federation.transport import Http
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_AT_ONCE = 500  # names in one question
WAITING = 20.0  # seconds that a person waits for a server


def remotes_for(actor: Actor) -> QuerySet[RemoteCollection]:
    """The collections of others that the actor's body reads or posts to."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return RemoteCollection.objects.none()
    rows = RemoteCollection.objects.filter(holder_id=actor.body, ended_at=None)
    return rows.select_related("holder", "party")


def remote_for(actor: Actor, ref: UUID) -> RemoteCollection:
    """One of them; raises `NotFound`."""
    found = remotes_for(actor).filter(ref=ref).first()
    if found is None:
        raise NotFound("collection of others")
    return found


def remote_named(actor: Actor, name: str) -> RemoteCollection:
    """One of them by its name; raises `NotFound`."""
    found = remotes_for(actor).filter(name=name.replace("\0", "")).first()
    if found is None:
        raise NotFound(f"collection of others named {name!r}")
    return found


def posted_for(actor: Actor, remote: RemoteCollection, state: PostState | None = None) -> QuerySet[Posted]:
    """What was posted to it, the newest first, or what is in this state; none without the power to read."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Posted.objects.none()
    rows = Posted.objects.filter(remote=remote, remote__holder_id=actor.body)
    return rows.filter(state=state) if state else rows


def posted_of(actor: Actor, ref: str) -> QuerySet[Posted]:
    """To which collections of others versions of an object were posted, and what became of them."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Posted.objects.none()
    rows = Posted.objects.filter(ref=ref, remote__holder_id=actor.body)
    return rows.select_related("remote", "remote__party")


def source_of(remote: RemoteCollection) -> str:
    """Whose the collection is, in words."""
    return remote.party.name if remote.party else remote.note


def to_look_at(actor: Actor) -> QuerySet[RemoteCollection]:
    """Those at which the last attempt did not come to its end, or that do not delete what has to go."""
    left = Posted.objects.filter(remote=OuterRef("pk"), state=PostState.ASKED)
    return remotes_for(actor).filter(~Q(trouble="") | Exists(left))


def taken_by(holder: Party, partner: Party, names: Iterable[str]) -> set[str]:
    """Those of the objects, by their names on the wire, that a server of the partner has taken from us."""
    rows = Posted.objects.filter(state=PostState.TAKEN).values_list("name", flat=True)
    ours = rows.filter(remote__holder=holder, remote__party=partner)
    wanted = list(dict.fromkeys(names))
    return {
        name
        for start in range(0, len(wanted), _AT_ONCE)
        for name in ours.filter(name__in=wanted[start : start + _AT_ONCE])
    }


def may_decide(actor: Actor, *, gives: bool) -> Verdict:
    """Whether the actor may open and close one: who may approve decides that we give to it."""
    return actor.may(Power.APPROVE if gives else Power.IMPORT)


def posted_counts(remote: RemoteCollection) -> dict[str, int]:
    """How many versions are in each state."""
    rows = Posted.objects.filter(remote=remote).order_by()
    return dict(rows.values_list("state").annotate(n=Count("pk")))


def speaking_to(remote: RemoteCollection, altogether: float = math.inf) -> Http:
    """A transport that shows this server what it asks for, for so many seconds; used as a context."""
    shown = credentials.read(settings.CONFIG.credentials, remote.ref, Scheme(remote.scheme))
    return Http(authorization=shown.authorization, altogether=altogether)


def speaking_while_waiting(remote: RemoteCollection) -> Http:
    """The same while a person waits, who need not be trusted with what stands in our own network."""
    transport = speaking_to(remote, WAITING)
    transport.private = hosts_allowed(settings.CONFIG)
    return transport


def speaking_as(credential: Credential) -> Http:
    """The same for a server that is not known yet."""
    return Http(authorization=credential.authorization)
