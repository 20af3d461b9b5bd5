"""The desk and the lists: a fixed number of queries whatever there is, counted as far as pages go."""

from __future__ import annotations

import pytest

from comity.node.acts import queries
from comity.node.acts.services import composing
from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.models import Person
from comity.node.site import paging
from comity.node.site.paging import Pages
from tests.node.far import FarNode
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner(world):
    return world.befriend(FarNode(name="CERT Freedonia", state="DE", address="http://far.example/")).party


def compose(world, partner, count: int, word: str = "go") -> list[str]:
    drafts = [world.draft(partner, word=word) for _ in range(count)]
    return [act.ref for act in composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)]


@pytest.fixture
def signed_in(client, world):
    """A browser in which the analyst has logged in."""
    client.force_login(
        Person.objects.get(pk=world.analyst.person),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    session = client.session
    session[ONE_TIME_KEY] = True
    session.save()
    return client


@pytest.mark.parametrize("page", ["/", "/acts/", "/acts/?words=Note&state=recorded", "/partners/"])
def test_as_many_queries_for_many_acts_as_for_few(
    world, partner, signed_in, django_assert_max_num_queries, page
):
    compose(world, partner, 2)
    compose(world, partner, 1, word="two")
    signed_in.get(page)
    with django_assert_max_num_queries(20) as few:
        assert signed_in.get(page).status_code == 200
    compose(world, partner, 9)
    compose(world, partner, 3, word="two")
    with django_assert_max_num_queries(len(few)):
        assert signed_in.get(page).status_code == 200


def test_a_list_counts_no_further_than_its_pages(world, partner, signed_in, monkeypatch):
    monkeypatch.setattr(paging, "MOST", 5)
    compose(world, partner, 5)
    whole = Pages(queries.listed(world.analyst), 2)
    assert (whole.count, whole.num_pages, whole.more) == (5, 3, False)
    assert b"More than" not in signed_in.get("/acts/").content
    compose(world, partner, 1)
    cut = Pages(queries.listed(world.analyst), 2)
    assert (cut.count, cut.num_pages, cut.more) == (5, 3, True)
    assert b"More than 5 acts" in signed_in.get("/acts/").content


def test_words_are_part_of_a_title_or_a_whole_reference(world, partner):
    go, two = compose(world, partner, 1), compose(world, partner, 1, word="two")

    def found(words: str) -> list[str]:
        return [act.ref for act in queries.listed(world.analyst, words=words)]

    assert found("TWO") == two
    assert found(go[0]) == go
    assert found("comity-act--") == []
    assert sorted(found("note")) == sorted(go + two)
