"""The pages of parties, people and programs as people see them."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from comity.node.parties.models import MachineUser, Membership, Party, PartyKind, Person
from comity.node.parties.roles import Role
from tests.browser.conftest import SCHEMES, WIDTHS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def addresses(signed_in):
    """A node with a few parties and people, and the pages that show them."""
    now = timezone.now()
    me = signed_in(Role.ADMINISTRATOR, Role.ANALYST)
    cert = Party.objects.get(name="PKCERT")
    Party.objects.filter(pk=cert.pk).update(
        sectors=["digital-infrastructure", "public-administration"],
        networks=["192.0.2.0/24", "2001:db8::/32"],
        as_numbers=[64500],
        domains=["gov.pk", "xn--mgbai9azgqp6j"],
    )
    for name, state, kind in (
        ("NCSC-NL", "NL", PartyKind.NATIONAL_CERT),
        ("The Ministry of Foreign Affairs of the Islamic Republic of Pakistan", "PK", PartyKind.MINISTRY),
    ):
        ref = f"identity--{uuid.uuid4()}"
        ours = state == "PK"
        Party.objects.create(ref=ref, kind=kind, name=name, state=state, ours=ours, added=now)
    bilal = Person.objects.create(email="bilal.ahmed@pkcert.gov.pk", name="Bilal Ahmed", added=now)
    held = [
        Membership.objects.create(person=bilal, body=cert, role=role, since=now)
        for role in ("approver", "duty-officer")
    ]
    ministry = Party.objects.get(kind=PartyKind.MINISTRY)
    Membership.objects.create(person=me, body=ministry, role="diplomat", since=now)
    machine = MachineUser.objects.create(
        name="MISP at the SOC", body=cert, roles=["analyst"], token_hash="0" * 64, since=now
    )
    return {
        "states": "/parties/?q=pa",
        "states-urdu": "/parties/?language=ur&q=pa",
        "states-none": "/parties/?q=atlantis",
        "bodies": "/parties/bodies",
        "body": f"/parties/bodies/{cert.pk}",
        "body-new": "/parties/bodies/new",
        "body-change": f"/parties/bodies/{cert.pk}/change",
        "people": "/parties/people",
        "person": f"/parties/people/{bilal.pk}",
        "person-new": "/parties/people/new",
        "role-new": f"/parties/people/{bilal.pk}/role",
        "role-end": f"/parties/people/roles/{held[0].key}/end",
        "link": f"/parties/people/{bilal.pk}/link",
        "active": f"/parties/people/{bilal.pk}/active",
        "changes": "/parties/people/changes",
        "programs": "/parties/programs",
        "program-new": "/parties/programs/new",
        "program-end": f"/parties/programs/{machine.pk}/end",
        "me": "/parties/me",
        "enter": "/parties/enter/" + "x" * 43,
    }


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_pages_read_well(width, scheme, addresses, browser_page, look):
    page = browser_page(width, scheme)
    for name, address in addresses.items():
        answer = page.goto(address)
        assert answer.status == 200, address
        look(page, f"parties-{name}-{width}-{scheme}")


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_is_added_with_and_without_scripts(scripts, addresses, browser_page, look):
    page = browser_page(scripts=scripts)
    page.goto(addresses["person-new"])
    page.get_by_role("button", name="Add this person").click()
    assert page.get_by_role("alert").is_visible()
    if scripts:
        look(page, "parties-person-new-wrong")
    page.get_by_label("Name").fill("Sana Malik")
    page.get_by_label("E-mail address").fill("sana.malik@pkcert.gov.pk")
    page.get_by_label("Body").select_option(label="PKCERT")
    page.get_by_label("Analyst").check()
    page.get_by_role("button", name="Add this person").click()
    assert "Hand over this link" in page.inner_text("h1")
    link = page.get_by_label("Link for Sana Malik").input_value()
    if scripts:
        look(page, "parties-link-made")
    guest = browser_page(scripts=scripts)
    guest.context.clear_cookies()
    guest.goto(link)
    guest.get_by_role("button", name="Sign in").click()
    assert "Sana Malik" in guest.inner_text(".lead")
