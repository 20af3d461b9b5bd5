"""Operations about collections at servers of others: how far each is read, and what became of posts."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node import credentials
from comity.node.credentials import MAX_SECRET, Scheme
from comity.node.exchange import remotes
from comity.node.exchange.api.ids import id_of
from comity.node.exchange.models import Posted, PostState, RemoteCollection
from comity.node.exchange.services import remotes as services
from comity.node.exchange.services.pulling import pull
from comity.node.exchange.services.remotes import MAX_ADDRESS, MAX_NAME, MAX_NOTE, MAX_OVERLAP
from comity.node.parties.access import ActorRequest
from comity.node.parties.actors import Actor
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


class Credential(Given):
    """What the server is shown; it is kept in a file of the node, and never told."""

    scheme: Scheme = Scheme.NOBODY
    secret: str = Field("", max_length=MAX_SECRET, description="The token or the password")
    user: str = Field("", max_length=200, description="With `basic`")


class NewRemote(Given):
    """A collection of somebody else's: where it is, whose it is, and whether we give to it."""

    name: str = Field(min_length=1, max_length=MAX_NAME)
    api_root: str = Field(min_length=1, max_length=MAX_ADDRESS, description="https://…")
    collection: str = Field(min_length=1, max_length=200, description="Its id there, or its alias")
    party: str = Field("", max_length=60, description="ref of the party whose it is")
    note: str = Field("", max_length=MAX_NOTE, description="Whose it is, where that is no party here")
    gives: bool = Field(default=False, description="Post to it what release lets the party see")
    purpose: Purpose = Purpose.NETWORK_DEFENCE
    unmarked_as: Tlp | None = Field(None, description="Label of what carries none")
    strict: bool = Field(default=False, description="Refuse objects that break STIX 2.1")
    types: list[str] = Field([], max_length=100, description="STIX types that are read; none: all")
    overlap: int = Field(0, ge=0, le=MAX_OVERLAP, description="Seconds that are read again each time")
    credential: Credential = Field(default_factory=lambda: Credential.model_validate({}))


class OfState(Window):
    """What of that which was posted."""

    state: PostState | None = None


class RemoteRow(Told):
    """A collection of others: how far it is read, what was given, and what kept the last attempt."""

    id: UUID
    name: str
    api_root: str
    collection: str
    scheme: Scheme = Field(description="how the server is told who asks")
    party: Named | None
    note: str
    gives: bool
    purpose: Purpose
    unmarked_as: str
    strict: bool
    types: list[str]
    overlap: int
    read_up_to: str = Field(
        description="the instant behind which the next reading goes on, as it was written"
    )
    read: Time | None = Field(description="when all that there was had been read")
    given: Time | None = Field(description="when all that there was to give had been given")
    trouble: str = Field(description="what kept the last attempt from its end; empty for nothing")
    opened: Time
    opened_by: str


class Remote(RemoteRow):
    """One of them, with how many versions that were posted are in each state."""

    posted: dict[str, int]


class PostedRow(Told):
    """One version that was posted, and what the server said of it."""

    object: str
    modified: str
    there: str = Field(description="its id there: another one after a removal")
    state: PostState
    words: str = Field(description="of the server")
    at: Time


class Server(Told):
    """What its server says of a collection now."""

    title: str
    description: str | None
    can_read: bool
    can_write: bool


class ReadNow(Told):
    """What a reading brought; no import where nothing was new."""

    objects: int
    brought: int | None = Field(description="number of the import")
    read_up_to: str


router = Router()


@router.get("/remotes", response=Page[RemoteRow])
@needs(Power.READ_CONTENT)
def list_remotes(request: ActorRequest, wanted: Query[Window]) -> Page[RemoteRow]:
    """The collections at servers of others that we read or give to, and how each does."""
    return page_of(remotes.remotes_for(request.actor), wanted, lambda row: RemoteRow(**_told(row)))


@router.post("/remotes", response={201: RemoteRow})
@needs(Power.IMPORT, Power.APPROVE)
def open_remote(request: ActorRequest, given: NewRemote) -> Status[RemoteRow]:
    """Know a collection of somebody else's, to read it; to give to it, who approves decides."""
    wish = _wish(request.actor, given)
    made = services.open_remote(actor=request.actor, wish=wish, ref=uuid4(), now=timezone.now())
    return Status(201, RemoteRow(**_told(made)))


@router.get("/remotes/{ref}", response=Remote)
@needs(Power.READ_CONTENT)
def read_remote(request: ActorRequest, ref: str) -> Remote:
    """One of them: how far it is read, and what became of what was given."""
    row = _remote(request.actor, ref)
    return Remote(**_told(row), posted=remotes.posted_counts(row))


@router.get("/remotes/{ref}/posted", response=Page[PostedRow])
@needs(Power.READ_CONTENT)
def list_posted(request: ActorRequest, ref: str, wanted: Query[OfState]) -> Page[PostedRow]:
    """What was posted to it, the newest first, and what the server said of each."""
    rows = remotes.posted_for(request.actor, _remote(request.actor, ref), wanted.state)
    return page_of(rows, wanted, _posted)


@router.post("/remotes/{ref}/try", response=Server)
@needs(Power.IMPORT, Power.APPROVE)
def try_remote(request: ActorRequest, ref: str) -> Server:
    """Ask its server for the collection; nothing is kept."""
    row = _remote(request.actor, ref)
    with remotes.speaking_while_waiting(row) as transport:
        found = services.ask_server(actor=request.actor, remote=row, transport=transport)
    return Server(
        title=found.title,
        description=found.description,
        can_read=found.can_read,
        can_write=found.can_write,
    )


@router.post("/remotes/{ref}/read", response=ReadNow)
@needs(Power.IMPORT)
def read_remote_now(request: ActorRequest, ref: str) -> ReadNow:
    """Read what is new there for a while; if that breaks off, what was read is kept, and the next goes on."""
    row = _remote(request.actor, ref)
    with remotes.speaking_while_waiting(row) as transport:
        done = pull(actor=request.actor, remote=row, transport=transport, now=timezone.now())
    return ReadNow(
        objects=done.objects, brought=done.brought.pk if done.brought else None, read_up_to=done.added_after
    )


@router.post("/remotes/{ref}/credential", response=RemoteRow)
@needs(Power.IMPORT, Power.APPROVE)
def renew_credential(request: ActorRequest, ref: str, given: Credential) -> RemoteRow:
    """Show the server something else from now on."""
    row = services.renew_credential(
        actor=request.actor,
        ref=id_of(ref, "collection of others"),
        credential=_credential(given),
        now=timezone.now(),
    )
    return RemoteRow(**_told(row))


@router.post("/remotes/{ref}/close", response={204: None})
@needs(Power.IMPORT, Power.APPROVE)
def close_remote(request: ActorRequest, ref: str) -> Status[None]:
    """Read and give there no more; what came from it is kept."""
    services.end_remote(actor=request.actor, ref=id_of(ref, "collection of others"), now=timezone.now())
    return Status(204, None)


def _remote(actor: Actor, ref: str) -> RemoteCollection:
    return remotes.remote_for(actor, id_of(ref, "collection of others"))


def _credential(given: Credential) -> credentials.Credential:
    return credentials.Credential(given.scheme, given.secret, given.user)


def _wish(actor: Actor, given: NewRemote) -> services.Wish:
    party = parties_named(actor, [given.party])[given.party] if given.party else None
    same = ("name", "api_root", "collection", "note", "gives", "purpose", "unmarked_as", "strict", "overlap")
    told = {name: getattr(given, name) for name in same}
    return services.Wish(
        **told, party=party, types=tuple(given.types), credential=_credential(given.credential)
    )


def _told(row: RemoteCollection) -> dict[str, Any]:
    """The fields of a `RemoteRow`."""
    same = ("name", "api_root", "collection", "note", "gives", "unmarked_as", "strict", "types", "overlap")
    return {
        **{name: getattr(row, name) for name in same},
        "id": row.ref,
        "scheme": Scheme(row.scheme),
        "party": named(row.party) if row.party else None,
        "purpose": Purpose(row.purpose),
        "read_up_to": row.added_after,
        "read": row.read_at,
        "given": row.posted_at,
        "trouble": row.trouble,
        "opened": row.made_at,
        "opened_by": row.made_by,
    }


def _posted(row: Posted) -> PostedRow:
    return PostedRow(
        object=row.ref,
        modified=row.modified,
        there=row.name,
        state=PostState(row.state),
        words=row.words,
        at=row.at,
    )
