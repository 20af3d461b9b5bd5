"""A person with roles, and templates rendered as a page of theirs would."""

import uuid

import pytest
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import timezone

from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.models import Membership, Party, PartyKind, Person
from comity.node.parties.roles import Role
from comity.node.site.preferences import ZONE_COOKIE


@pytest.fixture
def client_with(db):
    """A client signed in as a new person with these roles in PKCERT."""

    def made(*roles: Role) -> Client:
        now = timezone.now()
        party, _ = Party.objects.get_or_create(
            name="PKCERT",
            defaults={
                "ref": f"identity--{uuid.uuid4()}",
                "kind": PartyKind.NATIONAL_CERT,
                "state": "PK",
                "ours": True,
                "added": now,
            },
        )
        person = Person.objects.create(
            email=f"{uuid.uuid4().hex[:8]}@example.pk", name="Ayesha Khan", added=now
        )
        for role in roles:
            Membership.objects.create(person=person, body=party, role=role.value, since=now)
        client = Client(raise_request_exception=False)
        client.force_login(person)
        session = client.session
        session[ONE_TIME_KEY] = True
        session.save()
        return client

    return made


@pytest.fixture
def render():
    """Renders template source as part of a page asked for at `path`."""

    def rendered(source: str, *, path: str = "/", zone: str = "", **context: object) -> str:
        request = RequestFactory().get(path)
        request.COOKIES[ZONE_COOKIE] = zone
        html = engines["django"].from_string(source).render(context, request)
        assert "UNKNOWN-VARIABLE" not in html, html
        return html

    return rendered
