"""Collections at servers of others: named, given a credential, and left, each time recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from comity.base.errors import Conflict, Malformed
from comity.base.lines import read_line
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.formats.stix import TYPE
from comity.formats.taxii import IDENTIFIER, Collection
from comity.formats.taxii_client import read_collection
from comity.link.transport import Transport, drive
from comity.node import credentials
from comity.node.accountability.services import record
from comity.node.credentials import Credential
from comity.node.exchange import queries, remotes
from comity.node.exchange.models import Posted, PostState, RemoteCollection
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.federation.models import Partner, PartnerState
from comity.node.federation.services.partners import check_address
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind

MOST = 200  # open ones of one body
MAX_NAME = 80
MAX_NOTE = 200
MAX_ADDRESS = 500
ASK_OWNER = "Nothing goes to this collection any more: ask its owner to delete it."
MAX_OVERLAP = 7 * 24 * 60 * 60  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where the collection is, whose it is, what is made of what is read, and whether we give to it."""

    name: str
    api_root: str
    collection: str
    party: Party | None = None
    note: str = ""
    gives: bool = False
    purpose: Purpose = Purpose.NETWORK_DEFENCE
    unmarked_as: Tlp | None = None
    strict: bool = False
    types: tuple[str, ...] = ()
    overlap: int = 0
    credential: Credential = field(default_factory=Credential)

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.collection):
            raise Malformed("collection", "expected the id of a collection, or its alias")
        if not all(TYPE.fullmatch(each) for each in self.types):
            raise Malformed("types", "expected STIX types such as indicator")
        if not 0 <= self.overlap <= MAX_OVERLAP:
            raise Malformed("overlap", f"expected 0 to {MAX_OVERLAP} seconds")
        if self.party is None and not self.note.strip():
            raise Malformed("source", "say whose it is: a party, or a few words.")
        if self.party is not None and (self.party.ours or self.party.kind == PartyKind.OBSERVER):
            raise Malformed("party", f"{self.party.name} gives and takes no content of its own by TAXII.")
        if self.gives and self.party is None:
            raise Malformed("party", "say to which party is given: release judges for it.")


@transaction.atomic
def open_remote(*, actor: Actor, wish: Wish, ref: UUID, now: datetime) -> RemoteCollection:
    """Know a collection of somebody else's; who may approve decides that we give to it."""
    remotes.may_decide(actor, gives=wish.gives).require()
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    name, address = read_line(wish.name, "name", most=MAX_NAME), check_address(wish.api_root)
    known = RemoteCollection.objects.filter(holder=holder, ended_at=None)
    if known.filter(name=name).exists():
        raise Conflict(f"There is a collection of others named {name!r} already.")
    if known.count() >= MOST or len(address) > MAX_ADDRESS:
        raise Conflict(f"At most {MOST} collections of others are known, with addresses up to {MAX_ADDRESS}.")
    made = RemoteCollection.objects.create(
        holder=holder,
        ref=ref,
        name=name,
        api_root=address,
        collection=wish.collection,
        scheme=wish.credential.scheme.value,
        party=wish.party,
        note=read_line(wish.note, "source", most=MAX_NOTE) if wish.note else "",
        gives=wish.gives,
        purpose=wish.purpose.value,
        unmarked_as=wish.unmarked_as.value if wish.unmarked_as else "",
        strict=wish.strict,
        types=list(wish.types),
        overlap=wish.overlap,
        made_by=actor.name,
        made_at=now,
    )
    credentials.keep(settings.CONFIG.credentials, ref, wish.credential)
    _record(made, "opened", now)
    return made


@transaction.atomic
def renew_credential(*, actor: Actor, ref: UUID, credential: Credential, now: datetime) -> RemoteCollection:
    """Show the server another token or password from now on."""
    found = _decided(actor, ref)
    found.scheme = credential.scheme.value
    found.save(update_fields=["scheme"])
    credentials.keep(settings.CONFIG.credentials, ref, credential)
    _record(found, "credential", now)
    return found


@transaction.atomic
def end_remote(*, actor: Actor, ref: UUID, now: datetime) -> RemoteCollection:
    """Read and post there no more; what came from it and what became of posts is kept."""
    found = _decided(actor, ref)
    found.ended_at = now
    found.save(update_fields=["ended_at"])
    going = Posted.objects.filter(remote=found, state__in=(PostState.LEAVING, PostState.ASKED))
    going.update(words=ASK_OWNER)
    credentials.forget(settings.CONFIG.credentials, ref)
    _record(found, "ended", now)
    return found


def ask_server(*, actor: Actor, remote: RemoteCollection, transport: Transport) -> Collection:
    """What its server says of the collection now, to whoever may open such a one; nothing is kept."""
    remotes.may_decide(actor, gives=remote.gives).require()
    require_cooperation(remote.party)
    return drive(read_collection(remote.api_root, remote.collection), transport)


def require_cooperation(party: Party | None) -> None:
    """Raise `Refused` for a party with which nothing is exchanged until a person decides."""
    stopped = (PartnerState.SUSPENDED, PartnerState.ENDED)
    if party and Partner.objects.filter(party=party, state__in=stopped).exists():
        text = f"Cooperation with {party.name} is suspended here until a person decides."
        raise Refused(Verdict.no(Ground("partner.suspended", "docs/wire/taxii.md", text)))


def _decided(actor: Actor, ref: UUID) -> RemoteCollection:
    """The row, locked, for whoever may decide about it."""
    found = remotes.remote_for(actor, ref)
    remotes.may_decide(actor, gives=found.gives).require()
    one_at_a_time(found.holder)
    return found


def _record(row: RemoteCollection, what: str, now: datetime) -> None:
    more = {"what": what, "address": row.api_root, "collection": row.collection, "gives": row.gives}
    entry = LogEntry(
        Event.REMOTE_CHANGED, now, f"remote {row.ref}",
        sender=row.holder.ref, to=(row.party.ref,) if row.party else (), more=more,
    )  # fmt: skip  # an entry
    record([entry], now=now)
