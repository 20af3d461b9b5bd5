"""The operations of the HTTP API about parties: states, bodies and people."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from ninja import Field, Query, Router

from comity.base.countries import Country
from comity.node.parties import models, queries
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    MAX_WORDS,
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
from comity.node.parties.country_names import LANGUAGES, countries_named
from comity.node.parties.models import PartyKind
from comity.node.parties.roles import Power, Role


class Body(Named):
    """A party with what it looks after; `ours` says that this node acts for it."""

    ours: bool
    sectors: list[str]
    networks: list[str]
    as_numbers: list[int]
    domains: list[str]


class State(Told):
    """A state or territory of ISO 3166-1, and the parties known there."""

    name: str
    alpha2: str
    alpha3: str
    m49: str
    parties: list[Named]


class Held(Told):
    """A role that somebody holds now."""

    role: Role
    body: str = Field(description="ref of the body")
    since: Time


class Person(Told):
    """Somebody of the body that the caller acts for, with the roles held now."""

    name: str
    email: str
    active: bool
    roles: list[Held]


class Narrow(Window):
    """Which parties a list shows."""

    words: str = Field("", max_length=MAX_WORDS, description="Part of the name, or the code of the state")


class NarrowBodies(Narrow):
    """Which bodies a list shows."""

    kind: PartyKind | None = None


class NarrowStates(Narrow):
    """Which states a list shows, and in which language it names them."""

    language: str = Field("en", max_length=2, description="One of " + ", ".join(LANGUAGES))
    known: bool = Field(default=False, description="Only those with a party that is known here")


router = Router()


@router.get("/states", response=Page[State])
@needs(Power.READ_PARTIES)
def list_states(request: ActorRequest, wanted: Query[NarrowStates]) -> Page[State]:
    """All states and territories of ISO 3166-1, by name, with the parties known there."""
    known: dict[str, list[Named]] = {}
    for party in queries.parties_for(request.actor).exclude(state="").order_by("name", "pk"):
        known.setdefault(party.state, []).append(named(party))
    language = wanted.language if wanted.language in LANGUAGES else "en"
    rows = countries_named(language, wanted.words)
    kept = [row for row in rows if not wanted.known or row[1].alpha2 in known]
    return page_of(kept, wanted, lambda row: _state(row[0], row[1], known))


@router.get("/bodies", response=Page[Body])
@needs(Power.READ_PARTIES)
def list_bodies(request: ActorRequest, wanted: Query[NarrowBodies]) -> Page[Body]:
    """All bodies known here, those of this node first; `ref` is what an act names as its recipient."""
    kind = wanted.kind.value if wanted.kind else ""
    return page_of(queries.bodies_for(request.actor, kind=kind, search=wanted.words), wanted, _body)


@router.get("/bodies/{ref}", response=Body)
@needs(Power.READ_PARTIES)
def read_body(request: ActorRequest, ref: str) -> Body:
    """One body."""
    return _body(parties_named(request.actor, [ref])[ref])


@router.get("/people", response=Page[Person])
@needs(Power.READ_PEOPLE)
def list_people(request: ActorRequest, window: Query[Window]) -> Page[Person]:
    """The people of the body that the caller acts for, by name."""
    now = timezone.now()
    found = queries.people_for(request.actor, now).prefetch_related("memberships__body")
    return page_of(found.order_by("name", "pk"), window, lambda person: _person(person, now))


def _state(name: str, country: Country, known: dict[str, list[Named]]) -> State:
    codes = {"alpha2": country.alpha2, "alpha3": country.alpha3, "m49": country.m49}
    return State(name=name, parties=known.get(country.alpha2, []), **codes)


def _body(party: models.Party) -> Body:
    return Body(
        **named(party).model_dump(),
        ours=party.ours,
        sectors=party.sectors,
        networks=party.networks,
        as_numbers=party.as_numbers,
        domains=party.domains,
    )


def _person(person: models.Person, now: datetime) -> Person:
    held = [
        each
        for each in person.memberships.all()
        if each.since <= now and (each.until is None or each.until > now)
    ]
    roles = [Held(role=Role(each.role), body=each.body.ref, since=each.since) for each in held]
    return Person(name=person.name, email=person.email, active=person.is_active, roles=roles)
