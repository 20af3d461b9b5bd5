"""A node with two bodies, each with its people; the clock stands at noon."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_DNS, uuid5

import pytest
from django.conf import settings as django_settings

from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Membership, Party, PartyKind, Person
from comity.node.parties.queries import actors_of_person
from comity.node.parties.roles import Power, Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def now():
    return NOON


def make_body(
    name: str, *, ours: bool = True, state: str = "PK", kind: PartyKind = PartyKind.NATIONAL_CERT
) -> Party:
    ref = f"identity--{uuid5(NAMESPACE_DNS, name)}"
    return Party.objects.create(ref=ref, kind=kind, name=name, state=state, ours=ours, added=NOON)


def make_person(name: str, *held: tuple[Role, Party]) -> Person:
    email = f"{name.lower().replace(' ', '.')}@example.org"
    person = Person(email=email, name=name, added=NOON, last_login=NOON)
    person.set_password("correct horse battery")
    person.save()
    for role, body in held:
        Membership.objects.create(person=person, body=body, role=role.value, since=NOON - timedelta(days=1))
    return person


def actor_for(person: Person, body: Party) -> Actor:
    return next(each for each in actors_of_person(person, NOON) if each.body == body.pk)


@pytest.fixture
def cert(db):
    return make_body("PKCERT")


@pytest.fixture
def ministry(db):
    return make_body("Ministry of Foreign Affairs", kind=PartyKind.MINISTRY)


@pytest.fixture
def admin(cert):
    return make_person("Amina Admin", (Role.ADMINISTRATOR, cert))


@pytest.fixture
def analyst(cert):
    return make_person("Asad Analyst", (Role.ANALYST, cert))


@pytest.fixture
def diplomat(ministry):
    make_person("Mona Ministry", (Role.ADMINISTRATOR, ministry))
    return make_person("Dina Diplomat", (Role.DIPLOMAT, ministry))


@pytest.fixture
def by_admin(admin, cert):
    return actor_for(admin, cert)


@pytest.fixture
def by_analyst(analyst, cert):
    return actor_for(analyst, cert)


@pytest.fixture
def by_node(cert):
    return system_actor("comity-node", cert.pk, Power.MANAGE_PEOPLE, Power.MANAGE_PARTNERS)


@pytest.fixture
def second_factor(settings):
    """Turns the demand for a second factor on or off."""

    def demand(wanted: bool) -> None:
        settings.CONFIG = dataclasses.replace(django_settings.CONFIG, require_second_factor=wanted)

    return demand


@pytest.fixture
def sign_in(client, second_factor):
    """A client in which a person is logged in."""
    second_factor(False)

    def signed_in(person: Person):
        client.force_login(person)
        return client

    return signed_in
