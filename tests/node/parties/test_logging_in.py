from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.base.errors import Malformed
from comity.base.verdict import Refused
from comity.node.parties.models import OneTimeLogin, PeopleChange, Person
from comity.node.parties.services.logins import forget_factors, make_login_link, use_login_link
from comity.node.parties.services.people import deactivate

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def _no_attempts_yet(db):
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def link(by_admin, analyst):
    return make_login_link(actor=by_admin, person=analyst, now=timezone.now())


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def log_in(client: Client, person: Person, password: str = PASSWORD) -> int:
    return client.post(reverse("account_login"), {"login": person.email, "password": password}).status_code


def test_people_log_in_with_their_address_and_password(client, analyst, caplog):
    assert log_in(client, analyst) == 302
    assert logged_in(client)
    assert f"person {analyst.pk} logged in from 127.0.0.1" in caplog.text


def test_a_wrong_password_does_not_and_leaves_a_line(client, analyst, caplog):
    log_in(client, analyst, "wrong")
    assert not logged_in(client)
    assert f"log-in failed for '{analyst.email}' from 127.0.0.1" in caplog.text
    assert "wrong" not in caplog.text


def test_the_deactivated_do_not_log_in(client, analyst, by_admin, now):
    deactivate(actor=by_admin, person=analyst, now=now)
    log_in(client, analyst)
    assert not logged_in(client)


def test_guessing_is_throttled_even_when_the_password_comes_right(client, analyst):
    for _ in range(5):
        log_in(client, analyst, "wrong")
    log_in(client, analyst)
    assert not logged_in(client)
    cache.clear()  # as when the minutes have passed
    log_in(client, analyst)
    assert logged_in(client)


def test_who_has_a_second_factor_must_show_it(client, analyst):
    Authenticator.objects.create(user=analyst, type=Authenticator.Type.TOTP, data={"secret": "x"})
    answer = client.post(reverse("account_login"), {"login": analyst.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert not logged_in(client)


def test_a_one_time_link_logs_in_once(client, link, analyst, second_factor):
    second_factor(True)
    for _ in range(3):  # a look uses nothing up
        assert client.get(link).status_code == 200
    answer = client.post(link)
    assert answer.headers["Location"] == reverse("parties:me")
    assert client.session["_auth_user_id"] == str(analyst.pk)
    assert client.get(reverse("parties:me")).status_code == 200  # it stands for both factors in this session
    another = Client()
    assert another.post(link).status_code == 403
    assert not logged_in(another)
    assert list(PeopleChange.objects.order_by("pk").values_list("what", flat=True)) == [
        "link-made",
        "link-used",
    ]


def test_a_password_after_a_link_asks_for_the_second_factor_again(client, link, analyst, second_factor):
    second_factor(True)
    client.post(link)
    client.post(reverse("account_logout"))
    log_in(client, analyst)
    assert client.get(reverse("parties:me")).headers["Location"] == reverse("mfa_index")


def test_wrong_used_old_and_inactive_links_answer_the_same(client, link, by_admin, analyst, now):
    client.post(link)
    old = make_login_link(actor=by_admin, person=analyst, now=timezone.now() - timedelta(minutes=16))
    answers = [Client().post(address) for address in (link, old, reverse("parties:enter", args=[TOKEN]))]
    inactive = make_login_link(actor=by_admin, person=analyst, now=timezone.now())
    Person.objects.filter(pk=analyst.pk).update(is_active=False)
    answers.append(Client().post(inactive))
    assert {answer.status_code for answer in answers} == {403}
    shown = {answer.content.decode().partition("<main")[2].partition("</main>")[0] for answer in answers}
    assert len(shown) == 1
    assert "does not sign in" in shown.pop()


def test_links_are_good_until_their_last_moment(by_admin, analyst, now):
    for minutes, person in ((14.99, analyst), (15, None)):
        make_login_link(actor=by_admin, person=analyst, now=now, token=f"{minutes}")
        assert use_login_link(token=f"{minutes}", now=now + timedelta(minutes=minutes)) == person


@pytest.mark.parametrize("minutes", [0, -5, 7 * 24 * 60 + 1, 99_999_999_999])
def test_no_link_is_good_for_no_time_or_too_long(by_admin, analyst, now, minutes):
    with pytest.raises(Malformed) as refused:
        make_login_link(actor=by_admin, person=analyst, now=now, minutes=minutes)
    assert refused.value.where == "minutes"
    assert not OneTimeLogin.objects.exists()


def test_only_the_digest_of_a_link_is_kept(by_admin, analyst, now):
    address = make_login_link(actor=by_admin, person=analyst, now=now, token=TOKEN)
    assert address == f"/parties/enter/{TOKEN}"
    kept = OneTimeLogin.objects.get()
    assert TOKEN not in str(vars(kept))


def test_trying_links_is_throttled(client):
    wrong = reverse("parties:enter", args=[TOKEN])
    codes = [client.post(wrong).status_code for _ in range(31)]
    assert codes == [403] * 30 + [429]


def test_nobody_makes_a_link_into_a_body_of_others(by_admin, by_analyst, diplomat, analyst, now):
    for actor, person, rule in (
        (by_admin, diplomat, "people.other-body"),
        (by_analyst, analyst, "role.lacks"),
    ):
        for call in (make_login_link, forget_factors):
            with pytest.raises(Refused) as refused:
                call(actor=actor, person=person, now=now)
            assert refused.value.verdict.grounds[0].rule == rule
    assert not OneTimeLogin.objects.exists()
    assert not PeopleChange.objects.exists()


def test_forgotten_factors_end_every_session(client, by_admin, analyst, now, second_factor):
    second_factor(False)
    client.force_login(analyst)
    Authenticator.objects.create(user=analyst, type=Authenticator.Type.TOTP, data={})
    assert client.get(reverse("parties:me")).status_code == 200
    forget_factors(actor=by_admin, person=analyst, now=now)
    assert client.get(reverse("parties:me")).status_code == 302
    assert not Authenticator.objects.exists()
    assert not Person.objects.get(pk=analyst.pk).has_usable_password()


def test_who_sets_up_a_factor_shows_the_password_again(client, analyst):
    log_in(client, analyst)
    wanted = reverse("mfa_activate_totp")
    ask = client.get(wanted).headers["Location"]
    assert ask.startswith(reverse("account_reauthenticate"))
    assert client.post(ask, {"password": "wrong"}).status_code == 200
    assert client.get(wanted).status_code == 302
    assert client.post(ask, {"password": PASSWORD}).headers["Location"] == wanted
    assert client.get(wanted).status_code == 200


def test_who_came_by_a_link_sets_a_password_and_a_factor(client, link, analyst, second_factor):
    second_factor(True)
    forgotten = Person.objects.get(pk=analyst.pk)
    forgotten.set_unusable_password()
    forgotten.save()
    client.post(link)
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    new = {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    assert client.post(reverse("account_set_password"), new).status_code == 302
    assert logged_in(client)
    assert log_in(Client(), analyst, "a long enough phrase") == 302


def test_behind_a_proxy_people_do_not_share_a_limit_or_a_name(client, link, settings, caplog):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    near = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.9, 198.51.100.7"}
    for _ in range(31):
        answer = client.post("/parties/enter/wrong", **near)
    assert answer.status_code == 429
    other = near | {"HTTP_X_FORWARDED_FOR": "192.0.2.9, 198.51.100.8"}
    assert client.post(link, **other).status_code == 302
    assert "by a one-time link from 198.51.100.8" in caplog.text


def test_without_a_proxy_nobody_chooses_the_address_that_is_counted(client):
    for number in range(31):
        answer = client.post("/parties/enter/wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert answer.status_code == 429
