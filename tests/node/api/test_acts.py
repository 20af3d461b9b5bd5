"""Acts by the API: composed once, judged without a trace, decided by people alone, hidden from others."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from comity.base.verdict import Refused
from comity.node.accountability import queries as log
from comity.node.acts.models import Act, Approval
from comity.node.acts.services import composing
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Role
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def by_person(actor: Actor, address: str, body: bytes, *, csrf: bool) -> HttpResponse:
    """The answer to a person whom the middleware let through with a write."""
    headers = {"X-CSRFToken": "c" * 32} if csrf else {}
    request: HttpRequest = RequestFactory().post(address, body, "application/json", headers=headers)
    request.COOKIES[settings.CSRF_COOKIE_NAME] = "c" * 32
    request.actor = actor  # type: ignore[attr-defined]  # as the middleware sets it
    found = resolve(address)
    answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
    return answer


def test_what_is_composed_is_recorded_and_sent(analyst, note, sides):
    size = log.size()
    answer = analyst.post("/acts", note)
    told = answer.json()
    act = Act.objects.get(ref=told["ref"])
    assert answer.status_code == 201
    assert log.size() == size + 1
    assert told["state"] == "recorded"
    assert told["tlp"] == "amber"
    assert told["composed_by"].startswith("A program")
    assert told["judgement"]["verdict"]["grounds"][0]["rule"] == "note.go"
    assert [(each["party"], each["state"]) for each in told["delivered"]] == [(sides.party.ref, "waiting")]
    assert [step["title"] for step in told["timeline"]][:3] == ["Composed", "Judged", "Signed and recorded"]
    assert told["recorded_at"].endswith("Z")
    assert len(told["recorded_at"]) == len("2026-11-22T03:00:00.000000Z")
    assert analyst.get(f"/acts/{act.ref}").json() == told
    assert analyst.get(f"/acts/{act.ref}/wire").content == bytes(act.wire or b"")


def test_a_refusal_says_why_and_writes_nothing(analyst, note):
    size = log.size()
    answer = analyst.post("/acts", note | {"body": {"title": "No", "word": "stay"}}, key="once")
    assert answer.status_code == 403
    assert answer.json()["grounds"] == [{"rule": "note.stay", "source": "tests", "text": "The word is stay."}]
    assert (log.size(), Act.objects.filter(kind="test-note").count()) == (size, 0)
    assert analyst.post("/acts", note, key="once").status_code == 201


def test_the_same_key_and_content_give_the_same_act(analyst, note):
    first = analyst.post("/acts", note | {"expires": "2099-01-01T00:00:00Z"}, key="k-1")
    again = analyst.post("/acts", note | {"expires": "2099-01-01T00:00:00Z"}, key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Act.objects.filter(kind="test-note").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"title": "Another", "word": "go"}},
        {"tlp": "amber+strict"},
        {"purpose": "research"},
        {"selection": ["indicator--1"]},
        {"expires": "2099-01-01T00:00:00Z"},
    ],
)
def test_the_same_key_with_other_content_is_a_conflict(analyst, note, change):
    first = analyst.post("/acts", note, key="k-1")
    answer = analyst.post("/acts", note | change, key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert first.json()["ref"] in answer.json()["detail"]
    assert Act.objects.filter(kind="test-note").count() == 1


def test_a_key_is_its_callers_own(analyst, program, note):
    refs = {
        caller.post("/acts", note, key="k-1").json()["ref"] for caller in (analyst, program(Role.ANALYST))
    }
    refs |= {analyst.post("/acts", note).json()["ref"], analyst.post("/acts", note).json()["ref"]}
    assert len(refs) == 4


@pytest.mark.parametrize("key", ["with space", "ü", "k" * 129])
def test_a_key_has_a_form(analyst, note, key):
    answer = analyst.post("/acts", note, key=key)
    assert (answer.status_code, answer.json()["where"]) == (400, "Idempotency-Key")
    assert not Act.objects.filter(kind="test-note").exists()


@pytest.mark.django_db(transaction=True)
def test_two_that_come_at_once_with_one_key_make_one_act(program, note):
    caller, start, told = program(Role.ANALYST), Barrier(3), []

    def send() -> None:
        start.wait()
        answer = caller.post("/acts", note, key="k-1")
        told.append((answer.status_code, answer.json()["ref"]))
        connection.close()

    threads = [Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in told) == [200, 200, 201]
    assert len({ref for _, ref in told}) == 1
    assert Act.objects.filter(kind="test-note").count() == 1


@pytest.mark.parametrize(
    ("word", "answer", "second"), [("go", "yes", None), ("stay", "no", None), ("two", "yes", "note.two")]
)
def test_judging_says_what_composing_would_and_leaves_no_trace(analyst, note, word, answer, second):
    size = log.size()
    told = analyst.post("/acts/judge", note | {"body": {"title": "A note", "word": word}}).json()
    assert told["verdict"]["answer"] == answer
    assert (told["second_person"] or {}).get("rule") == second
    assert (log.size(), Act.objects.filter(kind="test-note").count()) == (size, 0)


def test_judging_and_composing_agree_on_what_has_expired(analyst, note):
    late = note | {"expires": "2020-01-01T00:00:00Z"}
    told = analyst.post("/acts/judge", late).json()["verdict"]
    assert (told["answer"], told["grounds"][0]["rule"]) == ("no", "act.expired")
    answer = analyst.post("/acts", late)
    assert (answer.status_code, answer.json()["grounds"]) == (403, told["grounds"])
    assert not Act.objects.filter(kind="test-note").exists()


def test_judging_and_composing_agree_on_what_an_answer_answers(program, sides):
    answer = {
        "kind": "answer-agreement",
        "recipients": [sides.party.ref],
        "body": {
            "title": "Yes",
            "agreement": "agreement--00000000-0000-4000-8000-000000000001",
            "decision": "accept",
            "terms_sha256": "0" * 64,
        },
    }
    diplomat = program(Role.DIPLOMAT)
    rules = {ground["rule"] for ground in diplomat.post("/acts/judge", answer).json()["verdict"]["grounds"]}
    refused = diplomat.post("/acts", answer)
    assert "kind.reply" in rules
    assert (refused.status_code, {ground["rule"] for ground in refused.json()["grounds"]}) == (403, rules)


@pytest.mark.parametrize("word", ["go", "two"])
def test_judging_and_composing_agree_on_what_no_node_could_read(analyst, note, word):
    more = {"title": "A note", "word": word, "more": ["x" * 2**19] * 3}
    for address in ("/acts/judge", "/acts"):
        answer = analyst.post(address, note | {"body": more})
        assert (answer.status_code, answer.json()["where"]) == (413, "/body")
    assert not Act.objects.filter(kind="test-note").exists()


def test_judging_is_for_those_who_compose_the_kind(program, note):
    answer = program(Role.DIPLOMAT).post("/acts/judge", note)
    assert answer.json()["grounds"][0]["rule"] == "kind.role"


@pytest.mark.parametrize("address", ["/acts", "/acts/judge"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipients": ["identity--unknown"]}, (404, None)),
        ({"in_reply_to": "comity-act--unknown"}, (404, None)),
        ({"recipients": []}, (400, "/recipients")),
        ({"kind": "unknown"}, (400, "kind")),
        ({"body": {"word": "go"}}, (400, "body of test-note")),
        ({"tlp": "AMBER"}, (400, "/tlp")),
        ({"expires": "tomorrow"}, (400, "/expires")),
        ({"purpose": "p" * 41}, (400, "/purpose")),
        ({"basis": ["a"] * 51}, (400, "/basis")),
        ({"more": 1}, (400, "/more")),
    ],
)
def test_a_draft_that_cannot_be_read_says_where(analyst, note, address, change, told):
    answer = analyst.post(address, note | change)
    assert (answer.status_code, answer.json().get("where")) == told
    assert not Act.objects.filter(kind="test-note").exists()


@pytest.fixture
def waiting(world, sides) -> Act:
    return composing.compose(actor=world.analyst, draft=world.draft(sides.party, word="two"), now=NOW)


@pytest.mark.parametrize("step", ["approve", "decline"])
def test_a_program_decides_nothing_and_is_told_so(program, waiting, step):
    answer = program(Role.APPROVER).post(f"/acts/{waiting.ref}/{step}", {"note": "Seen."})
    assert answer.status_code == 403
    assert answer.json()["grounds"][0]["rule"] == "machine.people-only"
    assert Act.objects.get(pk=waiting.pk).state == "awaiting-approval"


@pytest.mark.parametrize(("step", "state"), [("approve", "recorded"), ("decline", "declined")])
def test_a_person_decides_with_the_token_of_a_page(world, waiting, step, state):
    address = f"/api/v1/acts/{waiting.ref}/{step}"
    assert by_person(world.approver, address, b'{"note": "Seen."}', csrf=True).status_code == 200
    assert Act.objects.get(pk=waiting.pk).state == state
    assert Approval.objects.get().note == "Seen."


def test_a_write_from_another_site_is_refused(world, waiting):
    answer = by_person(world.approver, f"/api/v1/acts/{waiting.ref}/approve", b"{}", csrf=False)
    assert answer.status_code == 403
    assert b"session.csrf" in answer.content
    assert Act.objects.get(pk=waiting.pk).state == "awaiting-approval"


def test_who_composed_it_cannot_approve_it(world, waiting):
    Act.objects.filter(pk=waiting.pk).update(composed_by=world.approver.person)
    answer = by_person(world.approver, f"/api/v1/acts/{waiting.ref}/approve", b"{}", csrf=True)
    assert (answer.status_code, b"act.four-eyes" in answer.content) == (403, True)
    with pytest.raises(Refused):  # the power is asked before the body is read
        by_person(world.observer, f"/api/v1/acts/{waiting.ref}/approve", b"not JSON", csrf=True)


def test_declining_needs_a_reason(world, waiting):
    answer = by_person(world.approver, f"/api/v1/acts/{waiting.ref}/decline", b'{"note": ""}', csrf=True)
    assert (answer.status_code, b'"/note"' in answer.content) == (400, True)


def test_what_waits_is_withdrawn_once(analyst, waiting):
    assert analyst.get(f"/acts/{waiting.ref}/wire").status_code == 404
    assert analyst.post(f"/acts/{waiting.ref}/withdraw").json()["state"] == "withdrawn"
    assert analyst.post(f"/acts/{waiting.ref}/withdraw").status_code == 409


def test_a_hidden_act_and_a_missing_one_read_the_same(stranger, waiting):
    def told(ref: str) -> list[Any]:
        reads = [stranger.get(f"/acts/{ref}{rest}") for rest in ("", "/wire", "/receipts/1")]
        answers = [*reads, stranger.post(f"/acts/{ref}/withdraw")]
        return [(answer.status_code, answer.content) for answer in answers]

    assert told(waiting.ref) == told("comity-act--00000000-0000-4000-8000-000000000000")
    assert {status for status, _ in told(waiting.ref)} == {404}
    assert stranger.get("/acts").json() == {"items": [], "next": None}


def test_a_receipt_is_given_as_it_was_signed(analyst, sides):
    sides.arrive(sides.far.act()).require()
    act = Act.objects.get(ours=False)
    told = analyst.get(f"/acts/{act.ref}").json()
    receipt = act.receipts.get()
    assert [(each["number"], each["issued"]) for each in told["receipts"]] == [(receipt.pk, True)]
    assert analyst.get(f"/acts/{act.ref}/receipts/{receipt.pk}").content == bytes(receipt.wire)
    assert analyst.get(f"/acts/{act.ref}/receipts/{receipt.pk + 1}").status_code == 404
    assert (told["direction"], told["judgement"]) == ("received", None)


def test_the_list_is_narrowed_and_paged(analyst, note):
    for number in range(3):
        analyst.post("/acts", note | {"body": {"title": f"Note {number}", "word": "go"}})
    first = analyst.get("/acts", limit=2, kind="test-note").json()
    rest = analyst.get("/acts", limit=2, kind="test-note", cursor=first["next"]).json()
    assert [row["title"] for row in first["items"] + rest["items"]] == ["Note 2", "Note 1", "Note 0"]
    assert (first["next"], rest["next"]) == (2, None)
    assert first["items"][0]["deliveries"] == {"waiting": 1}
    assert len(analyst.get("/acts", words="note 1").json()["items"]) == 1
    assert analyst.get("/acts", direction="received").json()["items"] == []
    assert analyst.get("/acts", state="declined").json()["items"] == []


def test_kinds_say_who_composes_them_and_what_a_body_looks_like(analyst):
    told = {kind["name"]: kind for kind in analyst.get("/kinds").json()}
    assert told["test-note"]["may_compose"]["answer"] == "yes"
    assert told["test-note"]["body"]["$defs"]["NoteBody"]["required"] == ["title"]
    assert told["propose-agreement"]["may_compose"]["answer"] == "no"
    assert told["propose-agreement"]["composers"] == ["diplomat"]
