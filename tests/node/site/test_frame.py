"""The frame: whose node, who acts, where one can go."""

import re

import pytest
from django.apps import apps
from django.test import RequestFactory

from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power, Role
from comity.node.site.context import Frame
from comity.node.site.systems import Menu, Place


@pytest.fixture
def places(monkeypatch):
    """Lets the site system alone announce these places."""

    def announce(*announced: Place) -> None:
        for config in apps.get_app_configs():
            if hasattr(config, "navigation"):
                monkeypatch.setattr(config, "navigation", (), raising=False)
        monkeypatch.setattr(apps.get_app_config("site"), "navigation", announced, raising=False)

    return announce


def frame_at(path: str, *roles: Role) -> Frame:
    request = RequestFactory().get(path)
    request.actor = Actor(name="Ayesha Khan", body=1, roles=frozenset(roles)) if roles else None  # type: ignore[attr-defined]  # set by middleware
    return Frame(request)


def test_entries_are_ordered_by_weight_then_title(places):
    places(
        Place("B", "site:style", weight=20),
        Place("A", "site:decided", weight=20),
        Place("Z", "site:health", weight=1),
    )
    assert [entry.title for entry in frame_at("/", Role.ANALYST).main] == ["Z", "A", "B"]


def test_an_entry_is_hidden_without_its_power(places):
    places(
        Place("Log", "site:style", Power.READ_LOG.value), Place("Acts", "site:decided", Power.READ_ACTS.value)
    )
    assert [entry.title for entry in frame_at("/", Role.OBSERVER).main] == ["Log"]
    assert frame_at("/").main == ()


def test_the_longest_address_is_the_current_one(places):
    places(Place("Whole", "site:decided"), Place("Part", "site:decided"), Place("Home", "site:style"))
    current = [entry.title for entry in frame_at("/decided/more", Role.ANALYST).main if entry.current]
    assert current == ["Part", "Whole"]
    assert not any(entry.current for entry in frame_at("/elsewhere", Role.ANALYST).main)


def test_a_page_at_another_address_belongs_to_its_entry(places):
    places(
        Place("Parts", "site:decided", also=("site:style", "site:no-such-page")),
        Place("Health", "site:health"),
    )
    for path in ("/style", "/decided/more"):
        current = [entry.title for entry in frame_at(path, Role.ANALYST).main if entry.current]
        assert current == ["Parts"]
    assert not any(entry.current for entry in frame_at("/elsewhere", Role.ANALYST).main)


def test_places_of_a_system_that_is_left_out_do_not_break_the_frame(places):
    places(Place("Gone", "exchange:no-such-page"), Place("Here", "site:style"))
    assert [entry.title for entry in frame_at("/", Role.ANALYST).main] == ["Here"]


def test_personal_places_stand_under_the_name(places):
    places(Place("Mine", "site:style", menu=Menu.PERSONAL))
    frame = frame_at("/", Role.ANALYST)
    assert frame.main == ()
    assert [entry.title for entry in frame.personal] == ["Mine"]


def test_the_page_of_a_personal_place_is_no_part_of_another(places):
    places(Place("States", "parties:states"), Place("Mine", "parties:me", menu=Menu.PERSONAL))
    frame = frame_at("/parties/me", Role.ANALYST)
    assert [entry.current for entry in (*frame.main, *frame.personal)] == [False, True]


def test_every_announced_place_leads_somewhere_and_asks_for_a_power_that_exists():
    powers = {power.value for power in Power} | {""}
    for config in apps.get_app_configs():
        for place in getattr(config, "navigation", ()):
            assert place.power in powers, place
            assert isinstance(place.menu, Menu)


@pytest.mark.django_db
def test_the_page_names_node_actor_and_place(client_with):
    page = client_with(Role.DUTY_OFFICER, Role.ADMINISTRATOR).get("/decided").content.decode()
    assert '<span class="node-name">PKCERT</span> <span class="node-state">PK</span>' in page
    assert "Ayesha Khan" in page
    assert "PKCERT · administrator, duty officer" in page
    assert re.search(r"<title>How pages are decided · Comity · PKCERT</title>", page)
    assert '<html lang="en" dir="ltr"' in page


@pytest.mark.django_db
def test_before_signing_in_there_is_nowhere_to_go(client):
    page = client.get("/account/login/").content.decode()
    assert "places" not in page
    assert "Sign out" not in page


@pytest.mark.django_db
def test_a_page_asks_the_database_a_fixed_number_of_times(client_with, django_assert_max_num_queries):
    client = client_with(Role.DUTY_OFFICER)
    client.get("/decided")
    with django_assert_max_num_queries(5):
        assert client.get("/decided").status_code == 200
