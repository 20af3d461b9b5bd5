"""The site's own pages over HTTP."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection

from comity.node.parties.roles import Role

pytestmark = pytest.mark.django_db


def test_health(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_health_when_the_database_fails(client):
    def fail(*_):
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(fail):
        response = client.get("/health")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


def test_robots_and_favicon(client):
    assert client.get("/robots.txt").content.endswith(b"Disallow: /\n")
    assert client.get("/favicon.ico")["Location"].endswith("site/mark.svg")


def test_the_gallery_is_for_those_signed_in(client, client_with):
    assert client.get("/style")["Location"].startswith("/account/login/")
    assert client_with().get("/style").status_code == 200


def test_decided_says_what_i_may_do(client_with):
    page = client_with(Role.OBSERVER).get("/decided").content.decode()
    assert "read log" in page
    assert "compose" not in page


def test_preferences_are_kept_in_the_browser(client):
    response = client.post(
        "/preferences", {"theme": "dark", "zone": "Asia/Karachi", "back": "/account/login/"}
    )
    assert response["Location"] == "/account/login/"
    assert client.cookies["comity-theme"].value == "dark"
    assert client.cookies["comity-zone"]["httponly"]
    assert 'data-theme="dark"' in client.get("/account/login/").content.decode()


@pytest.mark.parametrize(
    "chosen", [{"theme": "pink", "zone": "UTC"}, {"theme": "dark", "zone": "Mars/Base"}, {}]
)
def test_preferences_that_do_not_exist(client, chosen):
    response = client.post("/preferences", chosen)
    assert response.status_code == 422
    assert "error-summary" in response.content.decode()
    assert "comity-theme" not in client.cookies


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_the_way_back_stays_on_this_node(client, back):
    response = client.post("/preferences", {"theme": "auto", "zone": "UTC", "back": back})
    assert response["Location"] == "/preferences"


def test_cookies_that_mean_nothing_count_as_not_chosen(client):
    client.cookies["comity-theme"] = "pink"
    client.cookies["comity-zone"] = "../../etc/passwd"
    assert 'data-theme="auto"' in client.get("/account/login/").content.decode()


def test_the_cache_has_its_table_from_the_migration():
    cache.set("throttle", 3, 60)
    assert cache.get("throttle") == 3
    assert "site_cache" in connection.introspection.table_names()
