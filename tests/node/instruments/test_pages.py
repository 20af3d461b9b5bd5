"""The pages of agreements, as people with different roles find them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from comity.node.acts.models import Act
from comity.node.instruments import queries
from comity.node.instruments.models import Agreement
from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership, Person
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW

pytestmark = pytest.mark.django_db

MARKER = "UNKNOWN-VARIABLE"


def client_of(actor: Actor) -> Client:
    """A browser in which this person is signed in by a one-time link."""
    assert actor.person is not None
    Membership.objects.filter(person_id=actor.person).update(since=timezone.now() - timedelta(days=1))
    client = Client()
    client.force_login(Person.objects.get(pk=actor.person))
    session = client.session
    session["one-time"] = True
    session.save()
    return client


@pytest.fixture
def diplomat(sides: Sides) -> Client:
    return client_of(sides.diplomat)


def body(response) -> str:
    text: str = response.content.decode()
    assert MARKER not in text
    return text


def form_of(sides: Sides, **changes):
    today = timezone.now().date().isoformat()
    return {
        "partner": sides.party.pk,
        "title": "Memorandum",
        "source": "art. 4",
        "highest": "amber",
        "purposes": ["network-defence"],
        "categories": ["indicator", "sighting"],
        "remove_victims": "on",
        "onward": "none",
        "retention_days": "90",
        "second_person_above": "green",
        "since": today,
        "message": "Dear colleagues",
    } | changes


def test_empty_list_says_what_to_do(diplomat, world, sides):
    page = body(diplomat.get("/agreements/"))
    assert "Propose an agreement" in page
    assert "only TLP:CLEAR leaves" in page
    assert "A diplomat can propose" in body(client_of(world.analyst).get("/agreements/"))


def test_the_form_opens_with_the_only_partner_and_its_terms_in_words(diplomat, sides):
    page = body(diplomat.get("/agreements/propose"))
    assert f'<option value="{sides.party.pk}" selected>' in page
    assert "<li>Nothing above TLP:AMBER passes.</li>" in page
    assert "<li>The receiver may keep it.</li>" in page


def test_choices_are_said_in_words_and_nothing_is_composed(diplomat, sides):
    asked = form_of(sides, step="words", title="")
    part = body(diplomat.post("/agreements/propose", asked, headers={"HX-Request": "true"}))
    assert "<li>The receiver deletes it after 90 days.</li>" in part
    assert "<html" not in part
    assert "The receiver deletes it after 90 days." in body(diplomat.post("/agreements/propose", asked))
    wrong = body(diplomat.post("/agreements/propose", asked | {"purposes": []}))
    assert "<li>The receiver" not in wrong
    assert not Act.objects.exists()


def test_what_is_folded_away_opens_when_it_is_wrong(diplomat, sides):
    folded = '<details class="section">'
    assert folded in body(diplomat.get("/agreements/propose"))
    response = diplomat.post("/agreements/propose", form_of(sides, answer_by="never"))
    assert response.status_code == 422
    assert folded not in body(response)


def test_from_the_form_to_the_act(diplomat, sides):
    assert "Highest label" in body(diplomat.get("/agreements/propose"))
    response = diplomat.post("/agreements/propose", form_of(sides))
    act = Act.objects.get(kind="propose-agreement")
    assert response.status_code == 302
    assert response["Location"].endswith(f"{act.ref}/")
    terms = queries.terms_of(Agreement.objects.get())
    assert (terms.retention_days, terms.remove_victims, terms.source) == (90, True, "art. 4")
    assert "Dear colleagues" in body(diplomat.get(f"/acts/{act.ref}/"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"until": "2020-01-01"}, "before the first"),
        ({"purposes": []}, "required"),
        ({"retention_days": "0"}, "greater than or equal"),
        ({"title": ""}, "required"),
    ],
)
def test_a_form_that_is_wrong_keeps_what_was_typed(diplomat, sides, change, words):
    response = diplomat.post("/agreements/propose", form_of(sides, **change))
    assert response.status_code == 422
    page = body(response)
    assert words in page
    assert "Dear colleagues" in page
    assert not Agreement.objects.exists()


def test_the_answer_page_shows_what_is_accepted(diplomat, sides):
    agreement = sides.proposed_by_far(retention_days=30)
    page = body(diplomat.get(f"/agreements/{agreement.ref}/"))
    assert "It waits for our answer" in page
    page = body(diplomat.get(f"/agreements/{agreement.ref}/answer"))
    assert agreement.terms_sha256 in page
    assert "deletes it after 30 days" in page
    response = diplomat.post(f"/agreements/{agreement.ref}/answer", {"decision": "accept"})
    assert response.status_code == 422
    agreement.refresh_from_db()
    assert agreement.state == "proposed"
    said = {"decision": "accept", "understood": "on", "digest": agreement.terms_sha256}
    assert diplomat.post(f"/agreements/{agreement.ref}/answer", said).status_code == 302
    agreement.refresh_from_db()
    assert agreement.state == "in-force"
    page = body(diplomat.get(f"/agreements/{agreement.ref}/"))
    assert "In force" in page
    assert f"/acts/{agreement.answer.ref}/" in page
    assert "does not wait for our answer" in body(diplomat.get(f"/agreements/{agreement.ref}/answer"))
    body(diplomat.get(f"/acts/{agreement.proposal.ref}/"))
    body(diplomat.get(f"/acts/{agreement.answer.ref}/"))


def test_withdrawing_asks_for_a_day_and_a_confirmation(diplomat, sides):
    agreement = sides.conclude()
    page = f"/agreements/{agreement.ref}/withdraw"
    assert "End the agreement" in body(diplomat.get(page))
    today = timezone.now().date().isoformat()
    assert diplomat.post(page, {"day": today}).status_code == 422
    assert diplomat.post(page, {"day": today, "understood": "on"}).status_code == 302
    agreement.refresh_from_db()
    assert agreement.state == "withdrawn"
    assert "Withdrawn" in body(diplomat.get(f"/agreements/{agreement.ref}/"))
    body(diplomat.get(f"/acts/{agreement.withdrawal.ref}/"))


def test_states_for_people(sides):
    today = NOW.date()
    agreement = sides.conclude(until=today + timedelta(days=5))
    state = queries.state_now
    assert state(agreement, today) == "in-force"
    assert state(agreement, today + timedelta(days=6)) == "expired"
    assert state(agreement, today - timedelta(days=6)) == "not-begun"
    assert state(sides.propose(), today) == "proposed"


def test_others_find_nothing(sides, world):
    agreement = sides.conclude()
    hidden = client_of(world.administrator).get(f"/agreements/{agreement.ref}/")
    assert hidden.status_code == 403
    missing = client_of(world.analyst).get("/agreements/agreement--0/")
    assert missing.status_code == 404
    analyst = client_of(world.analyst)
    for path in ("propose", f"{agreement.ref}/answer", f"{agreement.ref}/withdraw"):
        assert analyst.get(f"/agreements/{path}").status_code == 403
    assert queries.agreements_for(world.administrator).count() == 0


def test_the_list_is_a_fixed_number_of_queries(diplomat, sides, django_assert_max_num_queries):
    sides.conclude()
    diplomat.get("/agreements/")
    with django_assert_max_num_queries(9) as few:
        assert diplomat.get("/agreements/").status_code == 200
    for _ in range(3):
        sides.propose()
    with django_assert_max_num_queries(len(few)):
        assert diplomat.get("/agreements/").status_code == 200
