"""Who may call what: each role at each operation, and nobody at any."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from ninja import Router

from comity.node import api
from comity.node.acts.models import Act
from comity.node.acts.services import composing
from comity.node.api import EachCaller, composed, operations
from comity.node.api import api as the_api
from comity.node.parties.api import operations as parties_api
from comity.node.parties.models import Person
from comity.node.parties.roles import Role
from tests.node.api.conftest import Caller
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
ALL = set(Role)
READERS = ALL - {Role.ADMINISTRATOR, Role.OBSERVER}
COMPOSERS = {Role.ANALYST, Role.DUTY_OFFICER, Role.DIPLOMAT, Role.INVESTIGATOR}
# Programs are given no role that approves; of those here, they can have that of analyst and duty officer.
APPROVERS = {Role.APPROVER, Role.COUNSEL}
LOOKING_AFTER = {Role.ADMINISTRATOR, *APPROVERS}
OPENERS = {Role.ANALYST, Role.DUTY_OFFICER, *APPROVERS}
TABLE: dict[str, set[Role]] = {
    "list_states": ALL,
    "list_bodies": ALL,
    "read_body": ALL,
    "list_people": ALL - {Role.OBSERVER},
    "list_partners": ALL,
    "read_partner": ALL,
    "read_log": ALL,
    "read_checkpoint": ALL,
    "list_entries": ALL,
    "read_entry": ALL,
    "list_alarms": ALL,
    "list_kinds": READERS,
    "list_acts": READERS,
    "read_act": READERS,
    "read_act_wire": READERS,
    "read_receipt": READERS,
    "list_agreements": READERS,
    "read_agreement": READERS,
    "list_objects": READERS,
    "read_object": READERS,
    "read_value": READERS,
    "comment_on_object": {Role.ANALYST, Role.DUTY_OFFICER},
    "take_back_comment": {Role.ANALYST, Role.DUTY_OFFICER},
    "list_imports": READERS,
    "read_import": READERS,
    "export_file": READERS,
    "export_result": READERS,
    "read_relations": READERS,
    "list_versions": READERS,
    "compare_versions": READERS,
    "read_who_sees": READERS,
    "list_doubts": READERS,
    "mark_looked_at": {Role.ANALYST, Role.DUTY_OFFICER},
    "view_as_partner": READERS,
    "foresee_view": READERS,
    "compose_act": COMPOSERS,
    "recall_object": COMPOSERS,
    "judge_act": COMPOSERS,
    "withdraw_act": COMPOSERS,
    "bring_object": COMPOSERS,
    "tell_giver": COMPOSERS,
    "list_contradictions": READERS,
    "read_remarks": READERS,
    "put_act_aside": COMPOSERS,
    "take_act_up": COMPOSERS,
    "import_file": {Role.ANALYST, Role.DUTY_OFFICER},
    "change_object": {Role.ANALYST, Role.DUTY_OFFICER},
    "report_sightings": {Role.ANALYST, Role.DUTY_OFFICER},
    "approve_act": set(),  # people alone
    "decline_act": set(),
    "erase_act": set(),
    "erase_object": set(),
    "lift_erasure": set(),
    "list_erasures": READERS,
    "list_collections": ALL,
    "open_collection": set(),
    "change_collection": set(),
    "close_collection": set(),
    "list_recalls": READERS,
    "reopen_object": set(),
    "delete_recalled": {Role.ANALYST, Role.DUTY_OFFICER},
    "list_stricter": READERS,
    "read_stricter": READERS,
    "judge_stricter_again": COMPOSERS,
    "recall_older": COMPOSERS,
    "list_telling": ALL,
    "begin_telling": set(),
    "end_telling": set(),
    "list_webhooks": ALL,
    "read_webhook": ALL,
    "open_webhook": LOOKING_AFTER,
    "pause_webhook": LOOKING_AFTER,
    "resume_webhook": LOOKING_AFTER,
    "replay_webhook": LOOKING_AFTER,
    "end_webhook": LOOKING_AFTER,
    "list_remotes": READERS,
    "read_remote": READERS,
    "list_posted": READERS,
    "open_remote": OPENERS,
    "try_remote": OPENERS,
    "read_remote_now": {Role.ANALYST, Role.DUTY_OFFICER},
    "renew_credential": OPENERS,
    "close_remote": OPENERS,
    "list_feeds": READERS,
    "list_ready_feeds": READERS,
    "read_feed": READERS,
    "list_runs": READERS,
    "try_feed": set(),
    "open_feed": set(),
    "change_feed": set(),
    "run_feed_now": {Role.ANALYST, Role.DUTY_OFFICER},
    "pause_feed": {Role.ANALYST, Role.DUTY_OFFICER},
    "resume_feed": {Role.ANALYST, Role.DUTY_OFFICER},
    "accept_fall": set(),
    "close_feed": set(),
    "list_sensors": READERS | {Role.ADMINISTRATOR},
    "read_sensor": READERS | {Role.ADMINISTRATOR},
    "list_usefulness": READERS,
    "list_accounts": ALL,
    "open_account": {Role.ADMINISTRATOR},  # which no program is given
    "end_account": {Role.ADMINISTRATOR},
}


def every_operation() -> Iterator[tuple[str, str, str]]:
    """Method, address and name of each, with something in place of the parameters."""
    for address, methods in the_api.get_openapi_schema()["paths"].items():
        filled = re.sub(r"{(number|index)}", "1", address)
        for method, told in methods.items():
            yield method, re.sub(r"{\w+}", "nothing", filled), told["operationId"]


def test_the_table_names_every_operation():
    assert {name for _, _, name in every_operation()} == set(TABLE)
    assert len(list(operations(the_api))) == len(TABLE)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reaches_what_the_table_says(program, role):
    caller = program(role)
    for method, address, name in every_operation():
        answer = caller.call(method, address, data=b"{}", content_type="application/json")
        told = answer.json() if answer.status_code >= 400 else {}
        assert answer.status_code not in (401, 500), (name, told)
        assert (answer.status_code != 403) == (role in TABLE[name]), (name, told)
        if answer.status_code == 403:
            assert told["code"] == "refused", name
            assert told["answer"] == "no", name
            assert told["grounds"][0]["rule"] in ("role.lacks", "machine.people-only"), name


@pytest.mark.parametrize("token", ["", "x" * 43, "not a token"])
def test_nobody_reaches_anything(world, token):
    caller = Caller(token)
    for method, address, name in every_operation():
        answer = caller.call(method, address, data=b"{}", content_type="application/json")
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["code"] == "not-signed-in"


def test_an_operation_that_declares_nothing_is_not_composed(monkeypatch):
    router = Router()

    @router.get("/undeclared")
    def undeclared(request):
        return {}

    monkeypatch.setattr(parties_api, "router", router)
    with pytest.raises(ImproperlyConfigured, match="undeclared declares no power"):
        composed()


@pytest.fixture
def person(world, settings) -> Client:
    settings.CONFIG = dataclasses.replace(settings.CONFIG, require_second_factor=False)
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.get(pk=world.approver.person))
    return client


def test_a_person_acts_by_their_session_and_a_cookie_alone_writes_nothing(person, world, sides):
    act = composing.compose(actor=world.analyst, draft=world.draft(sides.party, word="two"), now=NOW)
    assert person.get("/api/v1/acts").json()["items"][0]["ref"] == act.ref
    address = f"/api/v1/acts/{act.ref}/approve"
    answer = person.post(address, b"{}", content_type="application/json")
    assert answer.json()["grounds"][0]["rule"] == "session.csrf"
    assert Act.objects.get(pk=act.pk).state == "awaiting-approval"
    token = person.get("/acts/").context["csrf_token"]
    allowed = person.post(
        address, b"{}", content_type="application/json", headers={"X-CSRFToken": str(token)}
    )
    assert allowed.status_code == 200
    assert Act.objects.get(pk=act.pk).state == "recorded"


def test_a_person_who_holds_no_role_now_is_nobody(settings):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, require_second_factor=False)
    client = Client()
    client.force_login(Person.objects.create(email="no.role@pk.example", name="No Role", added=NOW))
    answer = client.get("/api/v1/acts")
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_not_helped_by_a_session(person, world):
    answer = person.get("/api/v1/acts", headers={"Authorization": "Bearer " + "x" * 43})
    assert answer.status_code == 401


def test_a_caller_above_the_limit_waits_and_others_do_not(analyst, observer, monkeypatch):
    monkeypatch.setattr(api, "RATE", 3)
    answers = [analyst.get("/log/alarms") for _ in range(5)]
    assert [each.status_code for each in answers[:3]] == [200, 200, 200]
    assert answers[4].status_code == 429
    assert answers[4].json()["code"] == "too-many"
    assert 1 <= int(answers[4].headers["Retry-After"]) <= 60
    assert observer.get("/log/alarms").status_code == 200
    cache.clear()
    assert analyst.get("/log/alarms").status_code == 200


def test_the_wait_ends_with_the_minute():
    assert 0 < EachCaller().wait() <= 60
