"""What the first page says at a glance, and what the page of a partner opens with."""

from __future__ import annotations

import pytest
from django.utils import timezone

from comity.node.accountability.models import LogAlarm, SeenLog
from comity.node.federation.models import Partner
from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def first_page(actor: Actor) -> tuple[str, str]:
    """What awaits this person, and what is wrong."""
    page = body(client_of(actor).get("/"))
    start, middle = page.index('id="awaits"'), page.index('id="wrong"')
    return page[start:middle], page[middle : page.index("</section>", middle)]


def alarm(sides: Sides) -> None:
    log = SeenLog.objects.get(origin=sides.partner.log_origin)
    verdict = {"answer": "no", "grounds": [{"rule": "r", "source": "s", "text": "t"}]}
    LogAlarm.objects.create(log=log, seen_note=b"a", offered_note=b"b", verdict=verdict, raised_at=NOW)


def test_a_quiet_node_says_that_nothing_awaits_and_nothing_is_wrong(sides):
    awaits, wrong = first_page(sides.diplomat)
    assert "Nothing." in awaits
    assert "Nothing." in wrong


def test_a_proposal_awaits_those_who_may_answer_it(sides):
    agreement = sides.proposed_by_far(now=timezone.now())
    awaits, wrong = first_page(sides.diplomat)
    assert f"/agreements/{agreement.ref}/" in awaits
    assert "Nothing." in wrong
    assert "Nothing." in first_page(sides.world.analyst)[0]


def test_a_proposal_that_expired_awaits_nobody(sides):
    agreement = sides.proposed_by_far(now=timezone.now())
    agreement.proposal.expires = NOW
    agreement.proposal.save()
    assert "Nothing." in first_page(sides.diplomat)[0]


def test_an_alarm_and_a_partner_out_of_reach_are_wrong(sides):
    alarm(sides)
    Partner.objects.update(trouble="The node did not answer.")
    wrong = first_page(sides.world.analyst)[1]
    assert "A log contradicted itself" in wrong
    assert f"The last exchange with {sides.party.name} failed" in wrong
    LogAlarm.objects.update(decided_at=NOW, decision="keep", why="a restored backup", decided_by_name="Dara")
    assert "A log contradicted itself" not in first_page(sides.world.analyst)[1]


def test_a_node_to_compare_awaits_administrators_alone(sides):
    Partner.objects.update(state="introduced")
    page = body(client_of(sides.world.administrator).get(f"/partners/{sides.partner.pk}/"))
    assert page.index("Its fingerprint") < page.index("Its keys")
    assert 'id="exchange"' not in page
    assert "Nothing." in first_page(sides.world.analyst)[0]
    both = sides.world.administrator
    Membership.objects.create(person_id=both.person, body_id=both.body, role="analyst", since=NOW)
    assert f"The fingerprint of {sides.party.name} is to be compared" in first_page(both)[0]


def test_the_page_of_a_partner_opens_with_the_exchange(sides):
    proposed, agreement = sides.propose(title="Later"), sides.conclude(title="Sooner")
    page = body(client_of(sides.diplomat).get(f"/partners/{sides.partner.pk}/"))
    order = ['id="exchange"', f"/acts/{proposed.proposal.ref}/", 'id="between"', "Its fingerprint"]
    places = [page.index(each) for each in order]
    assert places == sorted(places)
    between = page[page.index('id="between"') :]
    assert between.index(agreement.ref) < between.index(proposed.ref)


def test_agreements_are_not_told_to_those_who_may_read_no_acts(sides):
    agreement = sides.conclude()
    page = body(client_of(sides.world.observer).get(f"/partners/{sides.partner.pk}/"))
    assert 'id="exchange"' in page
    assert agreement.title not in page
    assert "Agreements with it" not in page
