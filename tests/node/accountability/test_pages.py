"""The log by HTTP: public files as tlog-tiles has them, pages by role, nothing for who may not see it."""

from __future__ import annotations

from base64 import b64encode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comity.engines.ledger.logproof import LogProof, verify_log_proof, verify_opened_proof
from comity.node.accountability import queries
from comity.node.accountability.following import know_log, observe
from comity.node.accountability.models import LogAlarm, LogEntry, Opened
from comity.node.accountability.services import erase, open_to
from comity.node.parties.models import Membership, Party, Person
from tests.node.accountability.conftest import NOW

pytestmark = pytest.mark.django_db


def signed_in(party: Party, role: str) -> Client:
    person = Person.objects.create(email=f"{role}@example.org", name=role, added=NOW)
    Membership.objects.create(person=person, body=party, role=role, since=NOW.replace(year=2020))
    client = Client()
    client.force_login(person)
    session = client.session
    session["one-time"] = True  # opened by a one-time link: no second factor is asked
    session.save()
    return client


@pytest.fixture
def analysts(cert) -> Client:
    return signed_in(cert, "analyst")


@pytest.fixture
def counsels(cert) -> Client:
    return signed_in(cert, "counsel")


@pytest.fixture
def administrators(cert) -> Client:
    return signed_in(cert, "administrator")


@pytest.fixture
def observers(watchers) -> Client:
    return signed_in(watchers, "observer")


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "UNKNOWN-VARIABLE" not in text
    return text


def test_the_log_is_served_as_tlog_tiles_to_anybody(client, recorded):
    assert client.get("/log/checkpoint").status_code == 404
    recorded(300)
    checkpoint = client.get("/log/checkpoint")
    assert checkpoint.content == queries.latest_checkpoint()
    assert checkpoint["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint["Cache-Control"] == "public, max-age=2"
    for path, content in (
        ("tile/0/000", queries.tile(0, 0)),
        ("tile/0/001.p/44", queries.tile(0, 1, 44)),
        ("tile/0/000.p/7", queries.tile(0, 0, 7)),
        ("tile/1/000.p/1", queries.tile(1, 0, 1)),
        ("tile/entries/000", queries.entry_bundle(0)),
        ("tile/entries/001.p/44", queries.entry_bundle(1, 44)),
    ):
        answer = client.get(f"/log/{path}")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer["Cache-Control"]
        assert not answer.cookies
    assert client.head("/log/tile/0/000").status_code == 200


def test_tiles_that_are_not_there_and_paths_that_are_none(client, recorded):
    recorded(300)
    for path in ("0/001", "0/001.p/45", "0/002.p/1", "1/000", "63/x999/999", "entries/001", "5/000.p/1"):
        assert client.get(f"/log/tile/{path}").status_code == 404, path
    for path in (
        "0/1",
        "0/000.p/0",
        "0/000.p/256",
        "64/000",
        "-1/000",
        "00/000",
        "0/x000/001",
        "0/000/",
        "a/000",
    ):
        assert client.get(f"/log/tile/{path}").status_code == 400, path
    assert client.post("/log/tile/0/000").status_code == 405


@pytest.mark.parametrize("path", ["log", "log/0", "log/0/proof", "log/0/proof.json", "alarms", "alarms/1"])
def test_pages_are_for_who_is_signed_in(client, recorded, path):
    recorded(1)
    answer = client.get(f"/accountability/{path}")
    assert (answer.status_code, answer["Location"].startswith("/account/login")) == (302, True)


def test_an_analyst_reads_the_log(analysts, recorded):
    assert "No entry to show" in page(analysts, "/accountability/log")
    places = recorded(3, subject="comity-act--7")
    text = page(analysts, "/accountability/log")
    assert text.count("comity-act--7") > 0
    assert places[2].commitment.hex() in text
    assert queries.log_key().encode().split("+")[0] in text
    shown = page(analysts, "/accountability/log/2")
    assert "&quot;event&quot;: &quot;act-sent&quot;" in shown
    assert analysts.get("/accountability/log/3").status_code == 404
    assert analysts.get("/accountability/log/99999999999999999999").status_code == 404


def test_an_observer_sees_commitments_and_no_opening(observers, recorded):
    (place,) = recorded(1, subject="comity-act--7")
    for path in ("log", "log/0"):
        text = page(observers, f"/accountability/{path}")
        assert place.commitment.hex() in text
        assert "Act sent" in text
        assert "comity-act--7" not in text
        assert place.salt.hex() not in text
    file = observers.get("/accountability/log/0/proof.json").json()
    assert file["commitment"] == b64encode(place.commitment).decode()
    assert not {"entry", "salt"} & set(file)
    proof = LogProof.decode(observers.get("/accountability/log/0/proof").content)
    assert proof.extra == b""
    assert verify_log_proof(proof, place.commitment, queries.log_key()).allowed
    assert "No entry to show" in page(observers, "/accountability/log?subject=comity-act--7")


def test_an_observer_sees_what_was_opened_to_its_body(observers, recorded, counsel, watchers):
    recorded(3, subject="comity-act--7")
    open_to(1, party=watchers, actor=counsel, why="Question 4", now=NOW)
    assert "comity-act--7" in page(observers, "/accountability/log/1")
    assert "comity-act--7" not in page(observers, "/accountability/log/0")
    answer = observers.get("/accountability/log/1/proof")
    assert 'filename="log-entry-1.tlog-proof"' in answer["Content-Disposition"]
    assert verify_opened_proof(LogProof.decode(answer.content), queries.log_key()).allowed
    listed = observers.get("/accountability/log?subject=comity-act--7").context["page"]
    assert [line.index for line in listed.lines] == [1]


def test_an_erased_entry_says_so(analysts, recorded, counsel):
    recorded(1)
    erase([0], actor=counsel, why="Order 7/2026", now=NOW)
    assert "erased by law" in page(analysts, "/accountability/log/0")
    assert "(content erased)" in page(analysts, "/accountability/log")
    assert "commitment" in analysts.get("/accountability/log/0/proof.json").json()


def test_counsel_opens_an_entry_and_others_cannot(counsels, analysts, recorded, watchers):
    recorded(1)
    asked = {"party": watchers.pk, "why": "Question 4"}
    assert "Open this entry to a party" in page(counsels, "/accountability/log/0")
    assert "Open this entry to a party" not in page(analysts, "/accountability/log/0")
    assert analysts.post("/accountability/log/0", asked).status_code == 403
    assert counsels.post("/accountability/log/0", {"party": watchers.pk}).status_code == 400
    assert not Opened.objects.exists()
    assert counsels.post("/accountability/log/0", asked).status_code == 302
    assert Opened.objects.get().by == "counsel"


def test_the_filter_and_the_pages_beside(analysts, recorded):
    recorded(60, subject="comity-act--7")
    recorded(60, subject="comity-act--8")

    def indexes(path: str) -> tuple[list[int], str, str]:
        context = analysts.get(path).context
        return [line.index for line in context["page"].lines], context["newer"], context["older"]

    first, newer, older = indexes("/accountability/log")
    assert (first, newer, older) == (list(range(119, 69, -1)), "", "?before=70")
    second, newer, older = indexes(f"/accountability/log{older}")
    assert (second, newer, older) == (list(range(69, 19, -1)), "?before=120", "?before=20")
    third, newer, older = indexes(f"/accountability/log{older}")
    assert (third, newer, older) == (list(range(19, -1, -1)), "?before=70", "")
    filtered, _, older = indexes("/accountability/log?subject=comity-act--7&event=act-sent")
    assert filtered == list(range(59, 9, -1))
    assert older == "?event=act-sent&subject=comity-act--7&before=10"
    assert indexes("/accountability/log?event=act-received")[0] == []
    assert indexes("/accountability/log?event=nonsense&before=x")[0] == first


@pytest.mark.parametrize("who", ["analysts", "observers"])
def test_the_log_page_takes_a_fixed_number_of_queries(who, recorded, request):
    client = request.getfixturevalue(who)
    counts = []
    for number in (2, 40, 300):
        recorded(number)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page(client, "/accountability/log")
        counts.append(len(captured))
    assert len(set(counts)) == 1, counts


@pytest.fixture
def alarm(partner, rewritten) -> LogAlarm:
    know_log(partner.origin, partner.vkey, now=NOW)
    observe(partner.origin, partner.note(5), read=partner.read, now=NOW)
    observe(partner.origin, rewritten.note(302), read=rewritten.read, now=NOW)
    return LogAlarm.objects.get()


def test_an_alarm_shows_both_checkpoints_to_whoever_reads_the_log(alarm, observers, partner, rewritten):
    assert partner.origin in page(observers, "/accountability/alarms")
    text = page(observers, f"/accountability/alarms/{alarm.pk}")
    for each in (partner.checkpoint(5), rewritten.checkpoint(302)):
        assert b64encode(each.root).decode() in text
    assert '<form class="form"' not in text
    assert observers.post(f"/accountability/alarms/{alarm.pk}", DECISION).status_code == 403
    assert observers.get(f"/accountability/alarms/{alarm.pk + 1}").status_code == 404
    assert queries.is_doubted(partner.origin)


DECISION = {"decision": "keep", "why": "They repaired it", "sure": "on"}


def test_an_administrator_decides_about_an_alarm(alarm, administrators, partner):
    path = f"/accountability/alarms/{alarm.pk}"
    assert "Decide" in page(administrators, path)
    for missing in DECISION:
        asked = {name: value for name, value in DECISION.items() if name != missing}
        assert administrators.post(path, asked).status_code == 400
    assert queries.is_doubted(partner.origin)
    assert administrators.post(path, DECISION).status_code == 302
    assert not queries.is_doubted(partner.origin)
    assert "They repaired it" in page(administrators, path)
    assert administrators.post(path, DECISION).status_code == 409
    assert LogEntry.objects.count() == 2


def test_no_alarm_says_so(observers):
    assert "No alarm" in page(observers, "/accountability/alarms")
