from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse

from comity.node.parties.access import (
    CLOSED_BY_CHOICE,
    ActorRequest,
    Needs,
    OpenToAll,
    SignedIn,
    actor_of,
    declared,
    needs,
    open_to_all,
    signed_in,
)
from comity.node.parties.middleware import actor_known
from comity.node.parties.models import Membership
from comity.node.parties.roles import Power, Role
from comity.node.parties.services.machines import create_machine
from comity.node.urls import urlpatterns as the_node
from tests.node.parties.conftest import NOON, make_person

pytestmark = pytest.mark.django_db


@needs(Power.MANAGE_PEOPLE)
def for_administrators(request: ActorRequest) -> HttpResponse:
    return HttpResponse(f"acts: {request.actor.name}")


@signed_in("a test")
def for_people(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@open_to_all("a test")
def for_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never seen")


urlpatterns = [
    path("t/administrators", for_administrators),
    path("t/people", for_people),
    path("t/all", for_all),
    path("t/undeclared", undeclared),
    path("api/t", for_administrators),
    path("api/people", for_people),
    *the_node,
]


@pytest.fixture
def _with_test_pages(settings):
    settings.ROOT_URLCONF = __name__


def views_below(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from views_below(each)
        else:
            yield each


def test_every_view_declares_who_may_open_it():
    found = [(each, declared(each.callback, each.name)) for each in views_below(get_resolver())]
    assert len(found) > 30
    without = {each.name for each, access in found if access is None}
    assert without <= CLOSED_BY_CHOICE
    for each, access in found:
        if isinstance(access, OpenToAll | SignedIn):
            assert access.why, each.name
    ours = [(each.callback.__module__, access) for each, access in found if access is not None]
    assert any(isinstance(access, Needs) for _, access in ours)


@pytest.mark.usefixtures("_with_test_pages")
@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("/t/all", [200, 200, 200]),
        ("/t/people", [302, 200, 200]),
        ("/t/administrators", [302, 403, 200]),
        ("/t/undeclared", [403, 403, 403]),
    ],
)
def test_a_view_is_opened_by_whom_it_declares(address, codes, cast):
    assert [cast[who].get(address).status_code for who in ("nobody", "analyst", "admin")] == codes


@pytest.fixture
def cast(second_factor, analyst, admin):
    second_factor(False)
    clients = {"nobody": Client(), "analyst": Client(), "admin": Client()}
    clients["analyst"].force_login(analyst)
    clients["admin"].force_login(admin)
    return clients


@pytest.mark.usefixtures("_with_test_pages")
def test_the_anonymous_are_sent_to_log_in_and_come_back(client):
    answer = client.get("/t/people?a=b")
    assert answer.headers["Location"] == f"{reverse('account_login')}?next=/t/people%3Fa%3Db"
    part = client.get("/t/people", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == reverse("account_login")


@pytest.mark.usefixtures("_with_test_pages")
@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer " + "A" * 43}, {"Authorization": "Basic YTpi"}]
)
def test_the_api_tells_programs_what_is_missing(client, header):
    answer = client.get("/api/t", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-signed-in"


@pytest.mark.usefixtures("_with_test_pages")
def test_a_refusal_carries_its_ground(cast):
    answer = cast["analyst"].get("/api/t")
    assert answer.status_code == 403
    assert [ground["rule"] for ground in answer.json()["grounds"]] == ["role.lacks"]


@pytest.mark.usefixtures("_with_test_pages")
def test_somebody_without_a_role_gets_in_and_sees_nothing(sign_in, cert):
    client = sign_in(make_person("Rolf Roleless"))
    assert client.get("/t/people").status_code == 200
    answer = client.get("/api/t")
    assert [ground["rule"] for ground in answer.json()["grounds"]] == ["role.none"]


@pytest.mark.usefixtures("_with_test_pages")
def test_a_role_that_ended_counts_no_more(sign_in, admin):
    make_person("Second", (Role.ADMINISTRATOR, Membership.objects.get(person=admin).body))
    client = sign_in(admin)
    assert client.get("/t/administrators").status_code == 200
    Membership.objects.filter(person=admin).update(until=NOON)
    assert client.get("/t/administrators").status_code == 403


@pytest.mark.usefixtures("_with_test_pages")
def test_a_deactivated_person_is_out_with_the_next_click(sign_in, analyst):
    client = sign_in(analyst)
    assert client.get("/t/people").status_code == 200
    type(analyst).objects.filter(pk=analyst.pk).update(is_active=False)
    assert client.get("/t/people").status_code == 302


@pytest.mark.usefixtures("_with_test_pages")
def test_programs_act_on_the_api_alone_and_a_token_is_not_helped_by_a_cookie(sign_in, by_admin, admin, cert):
    _, token = create_machine(
        actor=by_admin, name="sensor", body=cert, roles=frozenset({Role.ANALYST}), now=NOON
    )
    carried = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/people", headers=carried).status_code == 200
    assert Client().post("/api/people", headers=carried).status_code == 200
    assert Client().get("/t/people", headers=carried).status_code == 302
    by_cookie = sign_in(admin)
    assert by_cookie.get("/api/people").status_code == 200
    # A wrong token is not helped by a good cookie.
    assert by_cookie.get("/api/people", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.usefixtures("_with_test_pages")
def test_nothing_is_done_before_the_second_factor_is_set_up(client, second_factor, admin):
    second_factor(True)
    client.force_login(admin)
    assert client.get("/t/administrators").headers["Location"] == reverse("mfa_index")
    assert client.get("/t/people", headers={"HX-Request": "true"}).headers["HX-Redirect"] == reverse(
        "mfa_index"
    )
    assert client.get("/api/t").json()["code"] == "second-factor-missing"
    assert client.get("/t/all").status_code == 200
    # Codes for the day on which the factor is lost are not a factor of their own.
    Authenticator.objects.create(user=admin, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert client.get("/t/administrators").status_code == 302
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={})
    assert client.get("/t/administrators").status_code == 200


@pytest.mark.parametrize("name", ["account_signup", "account_email", "account_reset_password"])
def test_there_is_no_sign_up_and_no_reset_by_mail(client, name):
    assert client.get(reverse(name)).status_code == 403


def test_the_middleware_knows_nobody_by_default(rf):
    seen: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(actor_of(request))
        return HttpResponse()

    request = rf.get("/")
    request.user = AnonymousUser()
    actor_known(view)(request)
    assert seen == [None]
