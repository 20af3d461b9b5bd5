"""A browser in this process in which somebody has logged in: all answers as inside the web server."""

# ruff: noqa: PLC0415  settings come before the models

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

    from comity.node.parties.models import Person


def analyst(now: datetime) -> Person:
    """Somebody of our body who may look at everything."""
    from allauth.mfa.models import Authenticator

    from comity.node.parties.models import Membership, Person
    from comity.node.parties.queries import our_bodies

    person = Person.objects.create(email="looking@bench.example", name="The analyst", added=now)
    Membership.objects.create(person=person, body=our_bodies().get(), role="analyst", since=now)
    Authenticator.objects.create(user=person, type="totp", data={"secret": "not used"})
    return person


def entered(person: Person) -> Client:
    """The browser of this person."""
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(HTTP_HOST="testserver")
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client
