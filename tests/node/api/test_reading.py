"""What the other operations tell, page after page, in a fixed number of queries; and imports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comity.base.countries import COUNTRIES
from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.node.accountability import queries as log
from comity.node.accountability.models import LogAlarm, SeenLog
from comity.node.acts.models import Delivery
from comity.node.acts.services import composing
from comity.node.exchange.models import BROUGHT_AS, Import, StixObject
from comity.node.instruments.bodies import written_terms
from comity.node.parties.models import Membership, Party, Person
from tests.node.exchange.holding import (
    SAMPLES,
    bundle,
    from_elsewhere,
    from_far,
    indicator,
    joined,
    made,
    own_work,
    shared,
)
from tests.node.far import FarNode
from tests.node.instruments.agreeing import some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def all_of(caller, address: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a list, page after page."""
    rows: list[dict[str, Any]] = []
    cursor: int | None = 0
    while cursor is not None:
        page = caller.get(address, cursor=cursor, **query).json()
        rows += page["items"]
        cursor = page["next"]
    return rows


def test_states_are_all_of_iso_3166_with_whom_we_know_there(observer, world):
    rows = all_of(observer, "/states", limit=100)
    assert {row["alpha2"] for row in rows} == set(COUNTRIES)
    known = all_of(observer, "/states", known=True)
    assert [(row["alpha2"], row["parties"][0]["ref"]) for row in known] == [("PK", world.body.ref)]
    assert observer.get("/states", words="PAK", language="fr").json()["items"][0]["name"] == "Pakistan"


def test_bodies_are_found_by_kind_and_name_and_read_by_ref(observer, world, sides):
    assert [row["ref"] for row in all_of(observer, "/bodies", limit=1)] == [world.body.ref, sides.party.ref]
    assert observer.get("/bodies", kind="ministry").json() == {"items": [], "next": None}
    told = observer.get(f"/bodies/{sides.party.ref}").json()
    assert (told["name"], told["ours"], told["kind"]) == ("CERT Freedonia", False, "national-cert")
    assert observer.get("/bodies/identity--none").status_code == 404


def test_people_are_those_of_the_body_with_the_roles_they_hold(analyst, stranger, world):
    rows = {row["name"]: row for row in all_of(analyst, "/people", limit=2)}
    assert {role["role"] for role in rows["Chanda"]["roles"]} == {"approver", "analyst"}
    assert rows["Omar"]["roles"][0]["body"] == world.body.ref
    assert stranger.get("/people").json()["items"] == []


def test_partners_are_listed_and_read(observer, sides):
    row = observer.get("/partners").json()["items"][0]
    assert (row["party"]["ref"], row["state"], row["waiting"]) == (sides.far.ref, "accepted", 0)
    told = observer.get(f"/partners/{row['number']}").json()
    assert len(told["fingerprint"]) == 12
    assert {key["use"] for key in told["keys"]} == {"sign", "log", "witness"}
    assert told["log"]["in_doubt"] is False
    assert observer.get("/partners/0").status_code == 404


def test_the_log_is_read_with_proofs_and_opened_to_whom_it_concerns(analyst, observer, note):
    analyst.post("/acts", note)
    head = observer.get("/log").json()
    assert head["size"] == log.size()
    assert observer.get("/log/checkpoint").content == log.latest_checkpoint()
    last = observer.get("/log/entries", event="act-sent").json()["items"][0]
    assert (last["index"], last["opened"], last["subject"]) == (head["size"] - 1, False, "")
    closed = observer.get(f"/log/entries/{last['index']}").json()
    opened = analyst.get(f"/log/entries/{last['index']}").json()
    assert (closed["opening"], "commitment" in closed["proof"]) == (None, True)
    assert opened["opening"]["subject"] == opened["entry"]["subject"] != ""
    assert observer.get(f"/log/entries/{head['size']}").status_code == 404
    assert observer.get("/log/entries", event="nothing").status_code == 400


@pytest.mark.usefixtures("world")
def test_a_log_without_entries_has_no_head(observer):
    assert [observer.get(address).status_code for address in ("/log", "/log/checkpoint")] == [404, 404]
    assert observer.get("/log/entries").json() == {"items": [], "next": None}


def test_the_log_is_paged(world, sides, observer):
    draft = world.draft(sides.party)
    composing.compose_all(actor=world.analyst, drafts=[draft] * 60, now=NOW)
    first = observer.get("/log/entries").json()
    rest = observer.get("/log/entries", cursor=first["next"]).json()
    indexes = [row["index"] for row in first["items"] + rest["items"]]
    assert indexes == list(reversed(range(log.size())))
    assert rest["next"] is None


def test_alarms_show_both_checkpoints(observer, far):
    for _ in range(2):
        far.record(b"{}")
    seen = SeenLog.objects.create(origin="far.example/log", vkey="v", at=NOW)
    notes = [far.note(size).encode() for size in (1, 2)]
    verdict = {"answer": "no", "grounds": [{"rule": "r", "source": "s", "text": "t"}]}
    LogAlarm.objects.create(
        log=seen, seen_note=notes[0], offered_note=notes[1], verdict=verdict, raised_at=NOW
    )
    told = observer.get("/log/alarms").json()[0]
    assert [told["seen"].encode(), told["offered"].encode()] == notes
    assert (told["decided_at"], told["decision"]) == (None, None)


def test_agreements_say_what_is_in_force_in_words(analyst, stranger, agreed):
    row = analyst.get("/agreements").json()["items"][0]
    told = analyst.get(f"/agreements/{row['ref']}").json()
    assert (row["state"], told["partner"]["ref"]) == ("in-force", agreed.party.ref)
    assert "Nothing above TLP:AMBER passes." in told["words"]
    assert analyst.get(f"/acts/{told['proposal']}").json()["kind"] == "propose-agreement"
    assert analyst.get(f"/acts/{told['answer']}").json()["in_reply_to"] == told["proposal"]
    assert stranger.get(f"/agreements/{row['ref']}").content == stranger.get("/agreements/none").content


def test_a_bundle_comes_in_with_a_report(analyst, world):
    content = bundle(indicator("one"), indicator("two"))
    answer = analyst.post(f"/imports?source={world.body.ref}", content)
    told = answer.json()
    assert (answer.status_code, told["new"], told["known"], told["refused"]) == (201, 2, 0, [])
    assert analyst.get(f"/imports/{told['number']}").json() == told
    again = analyst.post(f"/imports?source={world.body.ref}", content).json()
    assert (again["new"], again["known"]) == (0, 2)
    assert Import.objects.count() == 2


@pytest.mark.parametrize("form", [form for form, _ in BROUGHT_AS])
def test_whatever_came_in_is_told_of(analyst, stranger, form):
    content = bundle(indicator("one"))
    number = analyst.post("/imports?note=a+public+feed", content).json()["number"]
    Import.objects.filter(pk=number).update(form=form)
    (row,) = analyst.get("/imports").json()["items"]
    assert (row["form"], row["note"], row["source"]) == (form, "a public feed", None)
    assert row["by"].startswith("A program")
    assert analyst.get(f"/imports/{number}").json() == row
    assert stranger.get("/imports").json()["items"] == []


def test_a_file_says_itself_what_it_is(analyst, world):
    event = (SAMPLES / "misp-backdoordiplomacy.json").read_bytes()
    told = analyst.post(f"/imports?source={world.body.ref}", event).json()
    assert (told["form"], told["refused"]) == ("misp", [])
    assert analyst.post("/imports?form=stix&note=n", event).status_code == 413


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?note=n&unmarked_as=purple", 400), ("?source=identity--none", 404), ("?form=csv", 400)],
)
def test_a_bundle_needs_to_come_from_somewhere(analyst, query, status):
    assert analyst.post(f"/imports{query}", bundle(indicator("one"))).status_code == status
    assert not Import.objects.exists()
    assert analyst.post("/imports?note=a+public+feed", bundle(indicator("one"))).status_code == 201


def test_objects_are_searched_and_read(analyst, stranger, world, sides):
    own_work(world, indicator("evil", Tlp.AMBER_STRICT), made("malware", "revil", is_family=False))
    rows = all_of(analyst, "/objects", limit=1)
    assert {(row["type"], row["tlp"]) for row in rows} == {
        ("indicator", "amber+strict"),
        ("malware", "amber"),
    }
    found = analyst.get("/objects", words="evil", type="indicator", tlp="amber+strict").json()["items"]
    told = analyst.get(f"/objects/{found[0]['ref']}").json()
    assert told["object"] == indicator("evil", Tlp.AMBER_STRICT)
    assert [(each["party"]["ref"], each["verdict"]["answer"]) for each in told["seen_by"]] == [
        (sides.party.ref, "no")
    ]
    assert analyst.get("/objects", brought=told["brought"]).json()["items"] != []
    assert analyst.get("/objects", source="identity--none").json()["items"] == []
    hidden = stranger.get(f"/objects/{told['ref']}")
    assert (hidden.status_code, hidden.content) == (404, stranger.get("/objects/none").content)


def test_an_object_that_an_act_brought_names_it(analyst, agreed):
    verdict, act = from_far(agreed, indicator("theirs", Tlp.CLEAR))
    verdict.require()
    told = analyst.get(f"/objects/{indicator('theirs')['id']}").json()
    assert (told["act"], told["brought"], told["source"]["ref"]) == (act.act.id, None, agreed.far.ref)


def test_the_view_of_a_partner_says_why_not_the_rest(analyst, agreed):
    own_work(agreed.world, indicator("open"), indicator("closed", Tlp.RED))
    view = analyst.get(f"/views/{agreed.far.ref}").json()
    assert (view["picture"]["whole"], view["picture"]["refused"]) == (1, 1)
    assert view["picture"]["reasons"][0]["objects"] == 1
    assert {row["tlp"]: row["verdict"]["answer"] for row in view["items"]} == {"amber": "yes", "red": "no"}
    shown = {part: analyst.get(f"/views/{agreed.far.ref}", show=part).json()["items"] for part in PARTS}
    assert {part: len(rows) for part, rows in shown.items()} == PARTS
    rule = view["picture"]["reasons"][0]["ground"]["rule"]
    closed = {"show": "closed", "rule": rule}
    assert len(analyst.get(f"/views/{agreed.far.ref}", **closed).json()["items"]) == 1
    assert analyst.get(f"/views/{agreed.far.ref}", **closed | {"rule": "none"}).json()["items"] == []
    assert analyst.get("/views/identity--none").status_code == 404


PARTS = {"whole": 1, "reduced": 0, "closed": 1}


def test_what_a_step_about_an_agreement_would_change(analyst, agreed):
    own_work(agreed.world, *(indicator(name) for name in "abcde"), indicator("red", Tlp.RED))
    address = f"/views/{agreed.far.ref}/if"
    held = analyst.get("/agreements").json()["items"][0]["ref"]
    told = analyst.get(address, agreement=held, withdrawn="2026-11-22", limit=2).json()
    assert (told["changes"]["fewer"], len(told["items"]), told["next"]) == (5, 2, 2)
    assert (told["items"][0]["without"]["answer"], told["items"][0]["with_it"]["answer"]) == ("yes", "no")
    assert (told["purpose"], told["before"]["whole"], told["after"]["whole"]) == ("network-defence", 5, 0)
    terms = json.dumps({"title": "New", **written_terms(some_terms(second_person_above=Tlp.GREEN))})
    told = analyst.get(address, terms=terms, replaces=held, show="approved").json()
    assert told["changes"]["approved"] == len(told["items"]) == 5
    assert told["items"][0]["second_person"]
    assert analyst.get(address, terms="{").status_code == 400
    assert analyst.get(address).status_code == 404


def test_an_object_is_recalled(analyst, agreed):
    own_work(agreed.world, indicator("a"))
    act = shared(agreed, indicator("a"))
    address = f"/objects/{indicator('a')['id']}"
    assert analyst.post(f"{address}/recall", {"reason": "wrong", "title": "Back"}).status_code == 404
    Delivery.objects.filter(act=act).update(state="handed-over")
    told = analyst.get(address).json()
    assert (told["recalled"], told["had_by"][0]["receipted"], told["had_by"][0]["recall"]) == (
        None,
        None,
        None,
    )
    assert analyst.post(f"{address}/recall", {"reason": "because", "title": "Back"}).status_code == 400
    answer = analyst.post(f"{address}/recall", {"reason": "wrong", "title": "Back"})
    assert answer.status_code == 201
    told = analyst.get(address).json()
    assert told["recalled"]
    assert answer.json()["acts"] == [told["had_by"][0]["recall"]]
    assert told["had_by"][0]["recall_state"] == "awaiting-approval"
    assert {each["verdict"]["answer"] for each in told["seen_by"]} == {"no"}


def test_a_list_of_objects_is_narrowed_as_the_page_is(analyst, world):
    gamma = made("malware", "gamma", is_family=True, labels=["kit"])
    alpha = indicator("alpha", confidence=80, labels=["kit"], valid_until="2026-12-01T00:00:00Z")
    for each in (gamma, alpha, joined("j", alpha, gamma)):
        own_work(world, each)

    def titles(**query: Any) -> list[str]:
        return [row["title"] for row in all_of(analyst, "/objects", limit=1, **query)]

    assert titles(label="KIT") == ["alpha", "gamma"]
    assert titles(label="kit", confidence=80) == ["alpha"]
    assert titles(related="indicates gamma") == ["alpha"]
    assert titles(valid="2026-12-01") == []
    assert titles(valid="2026-11-30", created_from="2026-11-20", modified_to="2026-11-20") == ["alpha"]
    assert titles(sighted=True) == []
    assert titles(order="confidence", label="kit", added_from="2026-11-01") == ["alpha", "gamma"]
    assert titles(order="oldest", label="kit") == ["gamma", "alpha"]
    assert analyst.get("/objects", label="kit").json()["items"][0]["confidence"] == 80
    for wrong in ({"confidence": 101}, {"valid": "soon"}, {"order": "best"}, {"unknown": "x"}):
        assert analyst.get("/objects", **wrong).status_code == 400


def test_a_value_and_what_every_source_says_of_it(analyst, observer, world):
    own_work(world, indicator("alpha", confidence=80))
    from_elsewhere(world, indicator("beta") | {"pattern": indicator("alpha")["pattern"]})
    told = analyst.get("/values", value="alpha[.]example").json()
    assert (told["kind"], told["text"], told["seen"], told["last_seen"]) == (
        "domain",
        "alpha.example",
        0,
        None,
    )
    assert {(each["source"] and each["source"]["ref"], each["confidence"]) for each in told["sources"]} == {
        (world.body.ref, 80), (None, None),
    }  # fmt: skip  # a set
    assert analyst.get("/values", value="other.example").json()["sources"] == []
    assert analyst.get("/values", value="only words").status_code == 400
    assert observer.get("/values", value="alpha.example").status_code == 403


def test_notes_and_opinions_are_written_and_taken_back(analyst, world):
    alpha = indicator("alpha")
    own_work(world, alpha)
    address = f"/objects/{alpha['id']}/comments"
    note = analyst.post(address, {"text": "A note.", "authors": ["Ayesha"]})
    assert note.status_code == 201
    opinion = analyst.post(address, {"opinion": "strongly-agree", "tlp": "red"}).json()["ref"]
    told = analyst.get(f"/objects/{opinion}").json()
    assert (told["title"], told["tlp"], told["object"]["opinion"]) == (
        "Opinion: strongly agree", "red", "strongly-agree",
    )  # fmt: skip  # one line
    back = analyst.post(f"/objects/{opinion}/take-back", {})
    assert (back.status_code, back.json()["ref"]) == (200, opinion)
    assert analyst.get(f"/objects/{opinion}").json()["object"]["revoked"] is True
    assert analyst.post(address, {"text": ""}).status_code == 400
    assert analyst.post(address, {"text": "x", "tlp": "clear"}).status_code == 400
    assert analyst.post(f"/objects/{alpha['id']}/take-back", {}).status_code == 404


def test_a_share_is_composed_with_its_objects(analyst, agreed):
    own_work(agreed.world, indicator("open"), indicator("closed", Tlp.RED))
    agreement = analyst.get("/agreements").json()["items"][0]["ref"]
    draft = {
        "kind": "share",
        "recipients": [agreed.far.ref],
        "body": {"title": "For you"},
        "purpose": "network-defence",
        "basis": [agreement],
        "selection": [indicator("open")["id"], indicator("closed")["id"]],
    }
    judged = analyst.post("/acts/judge", draft).json()
    assert [item["verdict"]["answer"] for item in judged["items"]] == ["yes", "no"]
    told = analyst.post("/acts", draft, key="s").json()
    assert [each["ref"] for each in told["contents"]] == [indicator("open")["id"]]
    assert (told["purpose"], told["basis"], told["body"]) == (draft["purpose"], [agreement], draft["body"])
    again = analyst.post("/acts", draft, key="s")
    assert (again.status_code, again.json()["ref"]) == (200, told["ref"])
    other = analyst.post("/acts", draft | {"basis": []}, key="s")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert StixObject.objects.count() == 2


LISTS = {
    "/states": "known=true",
    "/bodies": "",
    "/people": "",
    "/partners": "",
    "/acts": "",
    "/agreements": "",
    "/objects": "",
    "/log/entries": "",
    "/views/{partner}": "",
}


@pytest.mark.parametrize("address", LISTS)
def test_a_list_takes_the_same_number_of_queries_however_long_it_is(analyst, agreed, address):
    where = f"{address.format(partner=agreed.far.ref)}?{LISTS[address]}"

    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as caught:
            answer = analyst.get(where)
        return len(caught), len(answer.json()["items"])

    _grow(agreed, 1)
    queries()  # the first request of a program notes the day
    few, rows = queries()
    _grow(agreed, 2)
    _grow(agreed, 3)
    many, more = queries()
    assert more > rows or address == "/states"
    assert many == few


def _grow(agreed, number: int) -> None:
    """More of everything that is listed."""
    world = agreed.world
    own_work(world, *(indicator(f"{number}-{each}") for each in range(number)))
    from_elsewhere(world, indicator(f"their-{number}"), party=agreed.party)
    shared(agreed, indicator(f"{number}-0"))
    agreed.propose()
    person = Person.objects.create(email=f"p{number}@pk.example", name=f"Person {number}", added=NOW)
    Membership.objects.create(person=person, body=world.body, role="analyst", since=NOW)
    Party.objects.create(
        ref=f"identity--{number}", kind="state", name=f"State {number}", state="FR", added=NOW
    )
    far = FarNode(name=f"CERT {number}", state="FR", address=f"http://far{number}.example/")
    world.befriend(far)


def test_what_is_told_of_an_object_is_what_it_says(analyst, world):
    value = indicator("one", Tlp.GREEN, labels=["a"], x_more={"deep": [1, {"er": None}]})
    own_work(world, value)
    assert canonical(analyst.get(f"/objects/{value['id']}").json()["object"]) == canonical(value)


def test_an_observer_reads_no_content(observer, world):
    own_work(world, indicator("one"))
    assert observer.get(f"/objects/{indicator('one')['id']}").status_code == 403
