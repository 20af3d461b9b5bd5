"""A node that expects more proxies than there are says so: to who logs in, and to who looks after it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.cache import cache
from django.urls import reverse

from comity.node.commands import check
from comity.node.parties.proxies import seen_fewer

pytestmark = pytest.mark.django_db
WRONG = {"login": "nobody@example.pk", "password": "wrong"}
ONE = {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}
TWO = {"HTTP_X_FORWARDED_FOR": "198.51.100.7, 10.0.0.1"}


@pytest.fixture(autouse=True)
def _behind_two(db, settings):
    cache.clear()
    behind(settings, 2)
    yield
    cache.clear()


def behind(settings, proxies: int) -> None:
    settings.CONFIG = replace(settings.CONFIG, proxies=proxies)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies


def finding(settings, **changes: object) -> tuple[str, str]:
    found = check._proxies(replace(settings.CONFIG, **changes), seen_fewer())
    return found.state.value, found.found


def test_past_too_few_proxies_logging_in_is_refused_in_words_and_check_finds_it(client, settings):
    assert client.post(reverse("account_login"), WRONG, **TWO).status_code == 200
    assert finding(settings)[0] == "ok"
    refused = client.post(reverse("account_login"), WRONG, **ONE)
    assert refused.status_code == 503
    assert "behind 2 proxies, and this request came past 1" in refused.content.decode()
    assert finding(settings) == (
        "fail",
        "`proxies` is 2, and lately a request came past 1: no log-in that way",
    )
    behind(settings, 1)
    assert client.post(reverse("account_login"), WRONG, **ONE).status_code == 200
    assert finding(settings)[0] == "ok"


def test_a_one_time_link_past_too_few_proxies_is_refused_likewise(client):
    refused = client.post("/parties/enter/wrong", headers={"accept": "application/json"}, **ONE)
    assert (refused.status_code, refused.json()["code"]) == (503, "fewer-proxies")


def test_behind_tls_without_a_proxy_counted_there_is_a_warning(settings):
    address = "https://cert.example/"
    assert finding(settings, address=address)[0] == "ok"
    assert finding(settings, address=address, proxies=0)[0] == "warn"
    assert finding(settings, proxies=0)[0] == "ok"
