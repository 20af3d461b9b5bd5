"""What is said of objects is counted in a fixed number of questions, and moves their scores."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comity.base.errors import Malformed, NotFound
from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.formats.markings import TLP_IDS
from comity.node.exchange import scores
from comity.node.exchange.models import Import, Remark, StixObject, Victim
from comity.node.exchange.queries import decoded
from comity.node.exchange.reports import Report, What
from comity.node.exchange.scores import Seen, score_of, sightings_of
from comity.node.exchange.searching import rows_of
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.reporting import record_reports
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import AT, bundle, from_far, indicator, made, own_work, ref_of, row
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
BAD = indicator("bad")
HOUR = timedelta(hours=1)


def sighting(name, of, tlp=Tlp.AMBER, **more):
    return made("sighting", name, tlp, sighting_of_ref=of["id"], **more) | {"name": name}


def opinion(name, of, said, **more):
    return made("opinion", name, Tlp.AMBER, object_refs=[of["id"]], opinion=said, **more)


def told_by_far(sides, *values, now=NOW):
    verdict, _ = from_far(sides, *values, now=now, basis=(Agreement.objects.get().ref,))
    verdict.require()


def reported(world, ref=BAD["id"], now=NOW, **said):
    return record_reports(actor=world.analyst, reports=[(ref, Report(**said))], now=now)


def stix(ref):
    return decoded(row(ref)).value


def test_a_sighting_of_our_own(world):
    own_work(world, BAD)
    done = reported(world, count=3, first=NOW - HOUR, last=NOW, why="In the logs of a resolver.")
    value = stix(done.refs[0])
    assert value["type"] == "sighting"
    assert value["created_by_ref"] == world.body.ref
    assert value["object_marking_refs"] == [TLP_IDS[Tlp.AMBER]]  # as strict as what it is about
    assert (value["count"], value["last_seen"]) == (3, encode_time(NOW))
    assert done.brought.by_name == world.analyst.name
    assert row(done.refs[0]).source == world.body
    assert not row(done.refs[0]).handling.facts["names_victims"]
    assert sightings_of(world.analyst, [BAD["id"]]) == {BAD["id"]: Seen(3, NOW, 0)}


def test_a_false_positive_and_an_end_are_opinions(world):
    own_work(world, BAD)
    wrong = stix(reported(world, what=What.FALSE_POSITIVE, why="A resolver of ours.").refs[0])
    assert (wrong["opinion"], wrong["labels"]) == ("strongly-disagree", ["false-positive"])
    over = stix(reported(world, what=What.EXPIRED, why="Cleaned up.").refs[0])
    assert (over["opinion"], over["labels"], over["explanation"]) == ("disagree", ["expired"], "Cleaned up.")
    assert sightings_of(world.analyst, [BAD["id"]])[BAD["id"]].false == 1


def test_where_something_was_seen_is_a_victim(world):
    own_work(world, BAD)
    first = stix(reported(world, where="Bank of Nowhere").refs[0])
    again = stix(reported(world, where="Bank of Nowhere").refs[0])
    assert first["where_sighted_refs"] == again["where_sighted_refs"]  # one organisation, made once
    assert Victim.objects.get().name == "Bank of Nowhere"
    third = stix(reported(world, where=first["where_sighted_refs"][0]).refs[0])
    assert third["where_sighted_refs"] == first["where_sighted_refs"]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"count": -1}, "count"),
        ({"first": NOW, "last": NOW - HOUR}, "last"),
        ({"last": NOW + HOUR}, "last_seen"),
        ({"what": What.FALSE_POSITIVE}, "why"),
        ({"what": What.EXPIRED, "why": "x", "count": 2}, "what"),
        ({"tlp": Tlp.CLEAR}, "tlp"),
        ({"where": BAD["id"]}, "where"),
    ],
)
def test_what_cannot_be_reported(world, said, where):
    own_work(world, BAD)
    with pytest.raises(Malformed) as refused:
        reported(world, **said)
    assert refused.value.message.startswith(where)
    assert not Remark.objects.exists()
    assert Import.objects.count() == 1


def test_only_what_is_held_is_reported_and_only_by_those_who_may(world):
    with pytest.raises(NotFound):
        reported(world)
    own_work(world, BAD)
    with pytest.raises(NotFound):
        reported(world, where=ref_of("identity", "nobody"))
    with pytest.raises(Refused):
        record_reports(actor=world.approver, reports=[(BAD["id"], Report())], now=NOW)
    with pytest.raises(Malformed):
        record_reports(actor=world.analyst, reports=[], now=NOW)
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        "value": "198.51.100.3",
    }
    own_work(world, address)
    with pytest.raises(Malformed):  # STIX lets no sighting be of an observable
        reported(world, address["id"])
    assert reported(world, address["id"], what=What.FALSE_POSITIVE, why="Ours.").refs


def test_what_others_say_arrives(agreed):
    world = agreed.world
    own_work(world, BAD)
    said = [
        sighting("s", BAD, count=2, last_seen="2026-11-21T00:00:00Z"),
        sighting("n", BAD, count=0),
        sighting("x", BAD, x_opencti_negative=True),
        opinion("m", BAD, "strongly-disagree", explanation="False positive Sighting"),
        opinion("o", BAD, "agree"),
        opinion("gone", BAD, "agree", revoked=True),
    ]
    told_by_far(agreed, *said)
    told = Remark.objects.order_by("kind", "count").values_list("kind", "count", "opinion", "source__name")
    far = agreed.party.name
    assert list(told) == [
        ("false-positive", 1, "", far),
        ("false-positive", 1, "", far),
        ("opinion", 1, "agree", far),
        ("seen", 0, "", far),
        ("seen", 2, "", far),
    ]
    seen = sightings_of(world.analyst, [BAD["id"], "indicator--unknown"])
    assert seen == {BAD["id"]: Seen(2, NOW.replace(day=21, hour=0), 2)}
    assert sightings_of(world.administrator, [BAD["id"]]) == {}
    reported(world, count=3)
    by_body = scores.seen_by(world.analyst, BAD["id"])
    assert by_body == [(far, seen[BAD["id"]]), (world.body.name, Seen(3, NOW, 0))]
    assert scores.seen_by(world.administrator, BAD["id"]) == []


def test_a_sighting_by_the_name_under_which_it_left_counts(agreed):
    own_work(agreed.world, BAD)
    left = redacted_id(BAD["id"], Removal.VICTIMS)
    told_by_far(agreed, sighting("s", {"id": left}))
    assert sightings_of(agreed.world.analyst, [BAD["id"]])[BAD["id"]].count == 1


def test_the_newest_version_of_a_sighting_counts(world):
    own_work(world, BAD, sighting("s", BAD, count=2))
    own_work(world, sighting("s", BAD, count=5) | {"modified": "2026-11-21T00:00:00.000Z"})
    assert sightings_of(world.analyst, [BAD["id"]])[BAD["id"]].count == 5
    own_work(world, sighting("s", BAD, revoked=True) | {"modified": "2026-11-22T00:00:00.000Z"})
    assert sightings_of(world.analyst, [BAD["id"]]) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sighting_of_ref": "x"},
        {"sighting_of_ref": BAD["id"], "count": "many", "last_seen": "soon"},
        {"type": "opinion", "opinion": "maybe", "object_refs": [BAD["id"]]},
        {"type": "opinion", "opinion": "agree", "object_refs": BAD["id"]},
        {"type": "opinion", "opinion": "agree", "object_refs": [4, "x"], "labels": "x"},
    ],
)
def test_what_is_not_in_order_harms_nothing(world, wrong):
    value = made("sighting", "w") | wrong
    value["id"] = ref_of(value["type"], "w")
    own_work(world, BAD, value)
    assert all(each.count == 1 for each in Remark.objects.all())


def test_nobody_keeps_an_object_young_by_a_sighting_in_the_future(agreed):
    own_work(agreed.world, BAD)
    told_by_far(agreed, sighting("s", BAD, last_seen="2099-01-01T00:00:00Z"))
    assert Remark.objects.get().at == NOW


def test_the_score_of_an_object(agreed):
    world = agreed.world
    own_work(world, BAD, made("identity", "somebody"))
    [found] = score_of([row(BAD), row(ref_of("identity", "somebody"))], NOW).values()
    assert [part.rule for part in found.parts] == ["score.base", "score.age"]
    before = found.value
    told_by_far(agreed, sighting("s", BAD))
    reported(world, what=What.SEEN)
    after = score_of([row(BAD)], NOW)[row(BAD).pk]
    assert after.value > before
    assert "2 times by 2 bodies in 2 states" in after.words
    told_by_far(agreed, opinion("f", BAD, "strongly-disagree", labels=["false-positive"]), now=NOW)
    assert score_of([row(BAD)], NOW)[row(BAD).pk].value == after.value - 30
    reported(world, what=What.FALSE_POSITIVE, why="Ours.")
    assert score_of([row(BAD)], NOW)[row(BAD).pk].value == 0


def test_the_giver_of_an_object_decides_about_it(agreed):
    theirs = indicator("theirs", confidence=90)
    told_by_far(agreed, theirs)
    assert score_of([row(theirs)], NOW)[row(theirs).pk].value > 50
    told_by_far(agreed, opinion("f", theirs, "strongly-disagree", labels=["false-positive"]))
    assert score_of([row(theirs)], NOW)[row(theirs).pk].words.endswith("as its giver says")


def test_a_file_from_elsewhere_is_trusted_less(world):
    source = Source(None, "a public feed")
    import_bundle(actor=world.analyst, file=BytesIO(bundle(BAD)), source=source, now=NOW)
    assert "of which 75 % count" in score_of([row(BAD)], NOW)[row(BAD).pk].words


def test_an_end_that_is_passed_or_a_strange_time(world):
    own_work(
        world,
        indicator("old", valid_until="2026-11-21T00:00:00Z", modified="2030-01-01T00:00:00.000Z"),
        made("malware", "m", last_seen="never", confidence=True, is_family=False),
    )
    old = row(ref_of("indicator", "old"))
    assert score_of([old], NOW)[old.pk].value == 0
    malware = row(ref_of("malware", "m"))
    assert "no confidence is stated" in score_of([malware], NOW)[malware.pk].words


def test_lists_take_a_fixed_number_of_questions(agreed):
    world = agreed.world
    some = [indicator(f"i{n}") for n in range(8)]
    own_work(world, *some, *(sighting(f"s{n}", each) for n, each in enumerate(some)))
    counts = []
    for rows in (list(map(row, some[:1])), list(map(row, some))):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(sightings_of(world.analyst, [each.ref for each in rows])) == len(rows)
            assert len(score_of(rows, NOW)) == len(rows)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 4
    assert score_of([], NOW) == {}


def test_a_table_of_objects_without_times_counts_from_their_arrival(world):
    address = {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5",
        "value": "example.com",
    }
    own_work(world, address)
    kept = StixObject.objects.get()
    assert score_of([kept], NOW)[kept.pk].parts[0].points == 80
    assert score_of([kept], NOW + timedelta(days=30))[kept.pk].value == 40
    assert scores.kinds_of(address) == ("domain",)
    assert AT


def test_the_list_shows_the_score_of_each_as_its_page_does(world, django_assert_num_queries):
    own_work(world, BAD, old := indicator("old", valid_until="2026-11-21T00:00:00Z"), made("report", "told"))
    page = client_of(world.analyst).get("/exchange/")
    shown = {each["row"].title: each["score"] for each in page.context["rows"]}
    assert (shown["bad"].value > 0, shown["old"].value) == (True, 0)
    later = timezone.now()
    assert shown["bad"].value == score_of([row(BAD)], later)[row(BAD).pk].value
    cells = re.findall(r'data-label="Score"[^>]*>([^<]+?) *<', page.content.decode())
    assert set(cells) == {str(each.value) if each else "\N{EN DASH}" for each in shown.values()}
    rows = rows_of([row(BAD).pk, row(old).pk], without=("words",))
    with django_assert_num_queries(1):
        assert len(score_of(rows, later)) == 2


def test_a_node_may_have_parameters_of_its_own(world, tmp_path, settings):
    own_work(world, BAD)
    text = resources.files("comity.engines.scoring").joinpath("parameters.yaml").read_text(encoding="utf-8")
    mine = tmp_path / "scoring.yaml"
    less = f"  - {{giver: {world.body.ref}, weight: 50, source: a test, since: 2026-01-01}}"
    mine.write_text(text.replace("\ntrust:\n", f"\ntrust:\n{less}\n"))
    before = score_of([row(BAD)], NOW)[row(BAD).pk]
    settings.CONFIG = replace(settings.CONFIG, scoring=str(mine))
    after = score_of([row(BAD)], NOW)[row(BAD).pk]
    assert (before.parts[0].points, after.parts[0].points) == (80, 40)
    mine.write_text(text.replace("weight: 75", "weight: 750"))
    with pytest.raises(Malformed) as refused:
        scores.read_parameters(str(mine))
    assert "line " in refused.value.message
    with pytest.raises(Malformed):
        scores.read_parameters(str(tmp_path / "nowhere.yaml"))
