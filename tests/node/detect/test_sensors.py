"""Sensors tell of themselves; people see how each fares, and which are silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comity.formats.sensors import MAX_REPORT
from comity.node.detect.hearing import PATIENCE, State, fare_of
from comity.node.detect.models import Sensor, SensorDay
from comity.node.detect.services.sensors import TWO, hear
from comity.node.exchange.models import TaxiiAccount
from comity.node.exchange.services.accounts import end_account
from comity.node.parties.models import Party
from tests.node.detect.telling import SAID, Telling, log
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.far import FarNode
from tests.node.federation.test_doors import knock
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def the_sensor() -> Sensor:
    return Sensor.objects.select_related("account__party").get()


def test_the_first_report_makes_a_sensor_known(sensor):
    sensor.told()
    row = the_sensor()
    assert (row.account.name, row.account.party, row.holder) == (
        "poller", sensor.reader.party, sensor.reader.collection.holder,
    )  # fmt: skip  # one thought
    assert (row.indicators, row.rows, row.unreadable, row.matches, row.sightings) == (12_345, 1_000, 2, 5, 4)
    assert fare_of(row, row.heard).state is State.WORKING


def test_a_day_has_what_was_added_and_a_repeat_adds_nothing(sensor):
    for rows in (1_000, 1_000, 1_500):
        sensor.told(logs=(log(rows),))
    day = SensorDay.objects.get()
    assert (day.rows, day.bytes, day.matches) == (1_500, 1_500 * 90, 5)


def test_each_day_has_its_own(sensor):
    sensor.told()
    account = TaxiiAccount.objects.get()
    tomorrow = timezone.now() + timedelta(days=1)
    holder = sensor.reader.collection.holder
    hear(holder=holder, account=account.pk, report=SAID, now=tomorrow)
    assert [each.rows for each in SensorDay.objects.all()] == [0, 1_000]


def test_a_sensor_that_lost_what_it_knew_counts_anew(sensor):
    sensor.told(logs=(log(1_000),))
    sensor.told(logs=(log(30),), began=SAID.began + timedelta(hours=1), matches=0)
    assert (the_sensor().rows, SensorDay.objects.get().rows) == (30, 1_030)


def test_two_sensors_with_one_token_are_not_counted_in_turns(sensor):
    later = SAID.began + timedelta(hours=1)
    for _ in range(3):
        sensor.told(logs=(log(1_000),), began=later)
        sensor.told(logs=(log(30),))
    row = the_sensor()
    assert (row.rows, row.began, SensorDay.objects.get().rows) == (1_000, later, 1_000)
    assert row.problems == [TWO]
    sensor.told(logs=(log(1_000),), began=later)
    assert the_sensor().problems == []
    Sensor.objects.update(heard=timezone.now() - timedelta(days=1))  # the later one is heard no more
    sensor.told(logs=(log(30),))
    assert (the_sensor().rows, the_sensor().began, the_sensor().problems) == (30, SAID.began, [])


def test_a_log_that_is_followed_no_more_takes_nothing_away(sensor):
    sensor.told(logs=(log(1_000),))
    sensor.told(logs=())
    assert (the_sensor().rows, SensorDay.objects.get().rows) == (0, 1_000)


def test_silence_begins_after_two_missed_reports(sensor):
    sensor.told(every=60)
    row = the_sensor()
    end = row.heard + 2 * timedelta(seconds=60) + PATIENCE
    assert fare_of(row, end).state is State.WORKING
    silent = fare_of(row, end + timedelta(seconds=1))
    assert (silent.state, silent.why) == (State.SILENT, "It was to be heard every 1 minute.")


@pytest.mark.parametrize(
    ("behind", "state"), [(timedelta(minutes=14), State.WORKING), (timedelta(minutes=16), State.BEHIND)]
)
def test_being_behind_is_old_events_while_bytes_wait(sensor, behind, state):
    now = datetime.now(UTC)
    sensor.told(logs=(log(10, behind=behind, now=now),))
    assert fare_of(the_sensor(), now).state is state


def test_a_quiet_log_is_not_behind(sensor):
    quiet = log(10, behind=timedelta(days=1), now=datetime.now(UTC))
    sensor.told(logs=(type(quiet)(quiet.name, newest=quiet.newest, unread=0),))
    assert fare_of(the_sensor(), timezone.now()).state is State.WORKING


def test_problems_are_told_in_their_own_words(sensor):
    sensor.told(problems=("eve.json: no such file",))
    fare = fare_of(the_sensor(), timezone.now())
    assert (fare.state, fare.why) == (State.TROUBLED, "eve.json: no such file")


def test_a_partner_that_signs_is_no_sensor(sensor, agreed, far: FarNode):
    reply = knock(far, "POST", sensor.address, SAID.encode())
    assert (reply.status_code, reply.json()["error_code"]) == (403, "refused")
    assert not Sensor.objects.exists()


@pytest.mark.parametrize(
    ("text", "status"), [(b"{}", 400), (b"", 400), (b" " * (MAX_REPORT + 1), 413), (b'{"v":1', 400)]
)
def test_a_report_that_cannot_be_read_changes_nothing(sensor, text, status):
    sensor.told()
    before = the_sensor().heard
    reply = sensor.reader.ask(sensor.address, "POST", text, Content_Type="application/json")
    assert reply.status_code == status, reply.content
    assert the_sensor().heard == before


def test_other_doors_stay_closed(sensor):
    assert sensor.reader.ask(sensor.address, "GET").status_code == 405
    nobody = sensor.address.replace(sensor.reader.collection.holder.ref[10:], sensor.reader.party.ref[10:])
    assert sensor.reader.ask(nobody, "POST", SAID.encode()).status_code == 404
    sensor.reader.token = "x" * 43
    assert sensor.tell().status_code == 401
    assert not Sensor.objects.exists()


def test_the_fleet_is_a_page_of_a_fixed_number_of_questions(agreed, django_assert_num_queries):
    analyst = client_of(agreed.world.analyst)
    assert "No sensor has been heard yet" in body(analyst.get("/sensors/"))
    collection = opened(agreed.world)
    Telling(reader_of(agreed, collection, name="one")).told()
    with CaptureQueriesContext(connection) as asked:
        analyst.get("/sensors/")
        questions = len(asked)
    for name in ("two", "three"):
        Telling(reader_of(agreed, collection, name=name)).told(problems=("no disk",) if name == "two" else ())
    with django_assert_num_queries(questions):
        page = body(analyst.get("/sensors/"))
    assert "3 sensors" in page
    assert "Has problems" in page
    assert "no disk" in page


def test_one_sensor(agreed, sensor):
    sensor.told()
    Sensor.objects.update(first_heard=timezone.now() - timedelta(days=40))
    row = the_sensor()
    page = body(client_of(agreed.world.analyst).get(f"/sensors/{row.pk}/"))
    assert page.count("not heard") == 13
    for words in ("poller", agreed.party.name, "12,345", "dns.log", "1,000"):
        assert words in page
    assert "End its token" not in page
    assert "End its token" in body(client_of(agreed.world.administrator).get(f"/sensors/{row.pk}/"))


def test_who_may_not_look_sees_none(agreed, sensor, stranger_body):
    sensor.told()
    row = the_sensor()
    assert client_of(agreed.world.observer).get("/sensors/").status_code == 403
    assert client_of(agreed.world.analyst).get("/sensors/999999/").status_code == 404
    Sensor.objects.update(holder=stranger_body)
    assert client_of(agreed.world.analyst).get(f"/sensors/{row.pk}/").status_code == 404


@pytest.fixture
def stranger_body(agreed) -> Party:
    ref = "identity--7c2b4b36-0000-4000-8000-00000000abcd"
    return Party.objects.create(
        ref=ref, name="Bank CERT", kind="sector-cert", state="PK", ours=True, added=NOW
    )


def test_silent_sensors_stand_on_the_first_page(agreed, sensor):
    sensor.told()
    analyst = client_of(agreed.world.analyst)
    assert "is silent" not in body(analyst.get("/"))
    Sensor.objects.update(heard=timezone.now() - timedelta(hours=1))
    assert "1 sensor is silent" in body(analyst.get("/"))


def test_an_ended_token_is_not_silent(agreed, sensor):
    sensor.told()
    key = the_sensor().account_id
    end_account(actor=agreed.world.administrator, key=key, now=timezone.now())
    Sensor.objects.update(heard=timezone.now() - timedelta(hours=1))
    assert fare_of(the_sensor(), timezone.now()).state is State.ENDED
    assert "is silent" not in body(client_of(agreed.world.analyst).get("/"))
