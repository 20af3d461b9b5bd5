"""Operations about the collections that parties read by TAXII 2.1."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node.exchange import models, queries
from comity.node.exchange.api.ids import id_of
from comity.node.exchange.services import collections
from comity.node.exchange.taxii.callers import root_of
from comity.node.exchange.taxii.chosen import read_query
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    Given,
    Page,
    Time,
    Told,
    Window,
    needs,
    page_of,
)
from comity.node.parties.roles import Power


class Chosen(Given):
    """What a collection holds; an empty part chooses everything, and all parts must fit."""

    types: list[str] = Field([], max_length=100, description="STIX types")
    labels: list[str] = Field([], max_length=100, description="Labels, of which an object carries one")
    sectors: list[str] = Field([], max_length=100, description="Sectors, of which an object names one")
    sources: list[str] = Field([], max_length=100, description="refs of parties that gave it, or `own`")
    up_to: Tlp | None = Field(None, description="The highest label")


class Wished(Given):
    """A collection; release judges for its purpose what each party may see of it."""

    title: str = Field(min_length=1, max_length=200)
    purpose: Purpose = Purpose.NETWORK_DEFENCE
    description: str = Field("", max_length=2_000)
    alias: str = Field("", max_length=80, description="Stands in place of the id in addresses")
    query: Chosen = Field(default_factory=lambda: Chosen.model_validate({}))
    may_post: bool = False


class CollectionRow(Told):
    """A collection that parties read by TAXII 2.1."""

    id: UUID
    address: str
    title: str
    purpose: Purpose
    description: str
    alias: str
    query: dict[str, Any]
    may_post: bool
    since: Time


router = Router()


@router.get("/collections", response=Page[CollectionRow])
@needs(Power.READ_PARTIES)
def list_collections(request: ActorRequest, wanted: Query[Window]) -> Page[CollectionRow]:
    """The collections that parties read of the caller's body by TAXII 2.1."""
    return page_of(queries.collections_of(request.actor), wanted, _collection)


@router.post("/collections", response={201: CollectionRow})
@needs(Power.APPROVE)
def open_collection(request: ActorRequest, given: Wished) -> Status[CollectionRow]:
    """Let parties read a part of what the body holds, as far as release lets it go to each."""
    made = collections.open_collection(
        actor=request.actor, wish=_wish(given), ref=uuid4(), now=timezone.now()
    )
    return Status(201, _collection(made))


@router.post("/collections/{ref}/change", response=CollectionRow)
@needs(Power.APPROVE)
def change_collection(request: ActorRequest, ref: str, given: Wished) -> CollectionRow:
    """Make a collection another; with another query or purpose all of it is given anew."""
    found = collections.change_collection(
        actor=request.actor, ref=id_of(ref, "collection"), wish=_wish(given), now=timezone.now()
    )
    return _collection(found)


@router.post("/collections/{ref}/close", response={204: None})
@needs(Power.APPROVE)
def close_collection(request: ActorRequest, ref: str) -> Status[None]:
    """Let nobody read the collection any more."""
    collections.close_collection(actor=request.actor, ref=id_of(ref, "collection"), now=timezone.now())
    return Status(204, None)


def _wish(given: Wished) -> collections.Wish:
    chosen = given.query.model_dump()
    return collections.Wish(
        title=given.title,
        purpose=given.purpose,
        description=given.description,
        alias=given.alias,
        query=read_query(chosen | {"up_to": given.query.up_to.value if given.query.up_to else ""}),
        may_post=given.may_post,
    )


def _collection(row: models.Collection) -> CollectionRow:
    return CollectionRow(
        id=row.ref,
        address=f"{root_of(row.holder)}collections/{row.ref}/",
        title=row.title,
        purpose=Purpose(row.purpose),
        description=row.description,
        alias=row.alias,
        query=row.query,
        may_post=row.may_post,
        since=row.made_at,
    )
