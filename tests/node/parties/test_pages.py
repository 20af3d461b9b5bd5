from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comity.node.parties.apps import Parties
from comity.node.parties.machines import actor_from_token
from comity.node.parties.models import MachineUser, Membership, Party, PeopleChange, Person
from comity.node.parties.roles import Role
from comity.node.parties.services.people import give_role
from tests.node.parties.conftest import make_body, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_admin(sign_in, admin):
    return sign_in(admin)


@pytest.fixture
def pages(cert, analyst, admin):
    """Every page that is looked at, and who else may see it than the administrator."""
    held = Membership.objects.get(person=analyst)
    machine = MachineUser.objects.create(
        name="MISP", body=cert, roles=["analyst"], token_hash="0" * 64, since=held.since
    )
    read = [
        reverse("parties:states"),
        reverse("parties:states") + "?language=ur&q=pak&known=yes",
        reverse("parties:bodies"),
        reverse("parties:bodies") + "?kind=national-cert&q=cert",
        reverse("parties:body", args=[cert.pk]),
        reverse("parties:people"),
        reverse("parties:person", args=[analyst.pk]),
        reverse("parties:me"),
    ]
    manage = [
        reverse("parties:new-body"),
        reverse("parties:change-body", args=[cert.pk]),
        reverse("parties:new-person"),
        reverse("parties:changes"),
        reverse("parties:new-role", args=[analyst.pk]),
        reverse("parties:login-link", args=[analyst.pk]),
        reverse("parties:active", args=[analyst.pk]),
        reverse("parties:end-role", args=[held.key]),
        reverse("parties:machines"),
        reverse("parties:new-machine"),
        reverse("parties:end-machine", args=[machine.pk]),
    ]
    return read, manage


def test_each_page_is_for_those_with_the_power(pages, as_admin, analyst):
    read, manage = pages
    other = Client()
    other.force_login(analyst)
    for address in read:
        for client in (as_admin, other):
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert "UNKNOWN-VARIABLE" not in answer.content.decode(), address
    for address in manage:
        answer = as_admin.get(address)
        assert answer.status_code == 200, address
        assert "UNKNOWN-VARIABLE" not in answer.content.decode(), address
        assert other.get(address).status_code == 403, address
        assert Client().get(address).status_code == 302, address


def counts(client: Client, pages: tuple[list[str], list[str]]) -> dict[str, int]:
    """How many queries each page takes."""
    found = {}
    for address in [*pages[0], *pages[1]]:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        found[address] = len(seen)
    return found


@pytest.mark.slow
def test_a_page_asks_as_often_with_many_rows_as_with_few(pages, as_admin, by_admin, cert, now):
    def one_more(name: str) -> None:
        make_body(f"Body {name}")
        person = make_person(f"Person {name}", (Role.ANALYST, cert))
        give_role(actor=by_admin, person=person, body=cert, role=Role.OBSERVER, now=now)

    one_more("first")
    before = counts(as_admin, pages)
    for number in range(6):
        one_more(str(number))
    assert counts(as_admin, pages) == before
    assert max(before.values()) <= 12


def test_states_are_shown_in_the_chosen_language_with_our_parties(as_admin, cert):
    text = as_admin.get(reverse("parties:states") + "?language=ur&known=yes").content.decode()
    assert '<span lang="ur" dir="rtl">پاکستان</span>' in text
    assert "PK · PAK · 586" in text
    assert reverse("parties:body", args=[cert.pk]) in text
    assert "Germany" not in text
    assert "No state fits" in as_admin.get(reverse("parties:states") + "?q=atlantis").content.decode()


def test_a_person_is_added_and_gets_in_by_the_link(as_admin, cert):
    wanted = {"name": "Nadia New", "email": "n@example.org", "body": cert.pk, "role": "duty-officer"}
    answer = as_admin.post(reverse("parties:new-person"), wanted)
    link = re.search(r"http://testserver(/parties/enter/[\w-]{43})", answer.content.decode())
    assert link is not None
    assert "no-store" in answer.headers["Cache-Control"]
    guest = Client()
    assert guest.post(link[1]).status_code == 302
    text = guest.get(reverse("parties:me")).content.decode()
    assert "duty officer" in text
    assert "Set a password" in text


def test_a_form_that_is_wrong_says_so_and_writes_nothing(as_admin, cert):
    people, bodies = Person.objects.count(), Party.objects.count()
    answer = as_admin.post(
        reverse("parties:new-person"), {"name": "", "email": "x", "body": 0, "role": "king"}
    )
    assert answer.status_code == 422
    body = {
        "kind": "ministry",
        "state": "",
        "name": "M",
        "networks": "10.0.0.0/8\n10.0.0.1/8",
        "domains": "a b",
    }
    answer = as_admin.post(reverse("parties:new-body"), body)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "host bits" in text
    assert "not a domain name" in text
    answer = as_admin.post(reverse("parties:new-body"), {"kind": "ministry", "state": "", "name": "M"})
    assert answer.status_code == 422
    assert "alpha-2 code" in answer.content.decode()
    assert (Person.objects.count(), Party.objects.count()) == (people, bodies)


def test_a_body_is_added_and_changed(as_admin):
    wanted = {"kind": "sector-cert", "state": "PK", "name": "Energy CERT", "as_numbers": "AS64500\n64500"}
    assert as_admin.post(reverse("parties:new-body"), wanted).status_code == 302
    party = Party.objects.get(name="Energy CERT")
    assert party.ours
    assert party.as_numbers == [64500]
    address = reverse("parties:change-body", args=[party.pk])
    assert "AS64500" in as_admin.get(address).content.decode()
    assert as_admin.post(address, {"name": "Energy", "sectors": ["energy"]}).status_code == 302
    party.refresh_from_db()
    assert (party.name, party.sectors, party.as_numbers) == ("Energy", ["energy"], [])
    assert "Energy" in as_admin.get(reverse("parties:body", args=[party.pk])).content.decode()
    assert as_admin.post(address, {"name": "Energy", "networks": "x"}).status_code == 422


def test_a_role_is_given_and_ended(as_admin, analyst, cert):
    given = {"body": cert.pk, "role": "approver"}
    assert as_admin.post(reverse("parties:new-role", args=[analyst.pk]), given).status_code == 302
    held = Membership.objects.get(person=analyst, role="approver")
    assert as_admin.post(reverse("parties:end-role", args=[held.key])).status_code == 302
    held.refresh_from_db()
    assert held.until is not None
    text = as_admin.get(reverse("parties:person", args=[analyst.pk])).content.decode()
    assert "Roles before" in text
    assert "Role ended" in text
    assert as_admin.post(reverse("parties:new-role", args=[analyst.pk]), {"body": 0}).status_code == 422


def test_a_refusal_shows_its_ground(as_admin, admin, cert):
    answer = as_admin.post(
        reverse("parties:new-role", args=[admin.pk]), {"body": cert.pk, "role": "approver"}
    )
    assert answer.status_code == 403
    assert "Nobody gives a role to themselves" in answer.content.decode()


def test_people_of_other_bodies_are_not_there(as_admin, diplomat):
    hidden = as_admin.get(reverse("parties:person", args=[diplomat.pk]))
    missing = as_admin.get(reverse("parties:person", args=[999_999]))
    assert hidden.status_code == missing.status_code == 404
    assert "Dina" not in as_admin.get(reverse("parties:people")).content.decode()


def test_somebody_is_deactivated_and_comes_back(as_admin, analyst):
    address = reverse("parties:active", args=[analyst.pk])
    assert as_admin.post(address, {"to": "inactive"}).status_code == 302
    assert "Activate" in as_admin.get(reverse("parties:person", args=[analyst.pk])).content.decode()
    assert as_admin.post(address, {"to": "inactive"}).status_code == 409
    assert as_admin.post(address, {"to": "active"}).status_code == 302
    assert Person.objects.get(pk=analyst.pk).is_active


def test_a_link_is_made_for_who_lost_the_factor(as_admin, analyst):
    address = reverse("parties:login-link", args=[analyst.pk])
    assert "/parties/enter/" in as_admin.post(address, {"forget": "yes"}).content.decode()
    assert not Person.objects.get(pk=analyst.pk).has_usable_password()
    noted = set(PeopleChange.objects.values_list("what", flat=True))
    assert noted == {"factors-forgotten", "link-made"}


def test_a_program_is_added_and_ended(as_admin, cert, now):
    wanted = {"name": "MISP", "body": cert.pk, "roles": ["analyst"]}
    text = as_admin.post(reverse("parties:new-machine"), wanted).content.decode()
    machine = MachineUser.objects.get()
    tokens = re.findall(r'value="([\w-]{43})"', text)
    actors = [actor_from_token(f"Bearer {token}", machine.since) for token in tokens]
    assert [actor.name for actor in actors if actor] == ["MISP"]
    assert (
        as_admin.post(reverse("parties:new-machine"), {"name": "x", "roles": ["approver"]}).status_code == 422
    )
    assert as_admin.post(reverse("parties:end-machine", args=[machine.pk])).status_code == 302
    assert "Ended" in as_admin.get(reverse("parties:machines")).content.decode()


def test_somebody_with_roles_in_two_bodies_chooses_for_which_to_act(sign_in, analyst, ministry, now):
    Membership.objects.create(person=analyst, body=ministry, role="diplomat", since=now)
    client = sign_in(analyst)
    assert "you act for Ministry" in client.get(reverse("parties:me")).content.decode()
    other = Membership.objects.get(person=analyst, role="analyst").body
    assert client.post(reverse("parties:act-for"), {"body": other.pk}).status_code == 302
    assert "you act for PKCERT" in client.get(reverse("parties:me")).content.decode()
    foreign = make_body("Not mine")
    assert client.post(reverse("parties:act-for"), {"body": foreign.pk}).status_code == 404
    # The choice falls back when the role there ends.
    Membership.objects.filter(body=other).update(until=now)
    assert "you act for Ministry" in client.get(reverse("parties:me")).content.decode()


def test_my_page_says_what_i_may_do_and_by_which_role(sign_in, analyst, cert, now):
    Membership.objects.create(person=analyst, body=cert, role="approver", since=now)
    text = sign_in(analyst).get(reverse("parties:me")).content.decode()
    rows = dict(re.findall(r'data-label="What">([^<]+)</th><td data-label="As">([^<]+)<', text))
    assert rows["Read acts"] == "analyst, approver"
    assert rows["Approve"] == "approver"
    assert rows["Import"] == "analyst"
    assert "Manage people" not in rows


def test_every_page_names_the_node_and_the_body(as_admin, cert, ministry):
    text = as_admin.get(reverse("parties:me")).content.decode()
    assert f'<span class="node-name">{cert.name}</span>' in text


def test_the_frame_stands_while_the_database_is_away(rf):
    def away(*_: object) -> None:
        raise OperationalError("connection refused")

    parties = apps.get_app_config("parties")
    assert isinstance(parties, Parties)
    with connection.execute_wrapper(away):
        assert parties.frame_words(rf.get("/")) == {}
