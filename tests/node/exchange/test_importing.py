"""What comes in by a file is kept once, in its class, or refused with a reason."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.handling import Handling, Ownership
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.markings import tlp_definition
from comity.node.exchange import queries
from comity.node.exchange.models import HandlingClass, Import, Link, StixObject, Victim
from comity.node.exchange.services import importing, rereading, storing
from comity.node.exchange.services.importing import Source, import_bundle, import_misp
from comity.node.exchange.services.marking import mark_victim
from comity.node.exchange.services.storing import MOST_LISTED, Report
from comity.node.parties.models import Party
from tests.node.exchange.holding import (
    LATER,
    SAMPLES,
    bundle,
    from_elsewhere,
    iep_marking,
    indicator,
    joined,
    made,
    own_work,
    ref_of,
    row,
)
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def facts(value) -> Handling:
    return Handling.from_json(row(value).handling.facts)


def test_kept_once_with_title_words_and_links(world):
    bad, malware = indicator("bad"), made("malware", "Loader", is_family=True)
    done = own_work(world, bad, malware, joined("r", bad, malware))
    assert done.report == {**Report().as_json(), "new": 3}
    kept = row(bad)
    assert bytes(kept.wire) == canonical(bad)
    assert (kept.title, kept.tlp, kept.brought) == ("bad", "amber", done)
    assert "domain-name:value" in kept.words
    assert row(joined("r", bad, malware)).title == "bad indicates Loader"
    assert set(Link.objects.values_list("path", flat=True)) >= {
        "source_ref",
        "target_ref",
        "object_marking_refs",
    }
    again = own_work(world, bad)
    assert (again.report["new"], again.report["known"]) == (0, 1)
    assert StixObject.objects.count() == 3


def test_one_version_with_two_contents_is_refused_with_both_digests(world):
    first, second = indicator("bad"), indicator("bad", description="other")
    own_work(world, first)
    done = own_work(world, second, indicator("good"))
    [(ref, why)] = done.report["refused"]
    assert ref == first["id"]
    assert sha256_hex(canonical(first)) in why
    assert sha256_hex(canonical(second)) in why
    assert bytes(row(first).wire) == canonical(first)
    assert done.report["new"] == 1


def test_the_newest_version_is_the_one_shown(world):
    old, new = indicator("bad"), indicator("bad", modified="2026-11-21T00:00:00Z", revoked=True)
    own_work(world, new)
    own_work(world, old)
    assert row(old).modified == "2026-11-21T00:00:00.000Z"
    assert StixObject.objects.filter(latest=True).count() == 1
    newest = indicator("bad", modified="2026-11-21T00:00:00.001Z")
    own_work(world, newest, indicator("bad", modified="2026-11-20T07:00:00Z"))
    assert row(old).modified == "2026-11-21T00:00:00.001Z"
    assert queries.versions_for(world.analyst).count() == 4


def test_whose_it_is(world, sides):
    theirs = indicator("theirs", created_by_ref=sides.party.ref)
    own_work(world, indicator("ours"), theirs)
    assert (facts(indicator("ours")).ownership, facts(indicator("ours")).origin) == (
        Ownership.OWN,
        world.body.ref,
    )
    assert (facts(theirs).ownership, facts(theirs).origin) == (Ownership.RECEIVED, sides.party.ref)
    from_elsewhere(world, indicator("public"))
    assert (facts(indicator("public")).ownership, facts(indicator("public")).origin) == (
        Ownership.RECEIVED,
        "a public feed",
    )
    from_elsewhere(world, indicator("given"), party=sides.party)
    assert facts(indicator("given")).origin == sides.party.ref


def test_what_is_unmarked_is_unknown_unless_the_importer_says(world):
    from_elsewhere(world, indicator("one", None))
    from_elsewhere(world, indicator("two", None), indicator("red", Tlp.RED), unmarked_as=Tlp.CLEAR)
    assert facts(indicator("one", None)).tlp is None
    assert facts(indicator("two", None)).tlp is Tlp.CLEAR
    assert facts(indicator("red")).tlp is Tlp.RED


def test_validity_and_revocation(world):
    until = indicator("until", valid_until="2026-12-02T00:00:00Z")
    within = indicator("within", valid_until="2026-12-02T00:00:00.001Z")
    own_work(world, until, within, indicator("gone", revoked=True))
    assert facts(until).expires == date(2026, 12, 1)
    assert facts(within).expires == date(2026, 12, 2)
    assert facts(indicator("gone")).revoked


def test_a_policy_is_read_and_one_that_cannot_be_closes_the_door(world):
    good, bad = iep_marking("good"), iep_marking("bad", permitted_actions="dance")
    first = indicator("first", None) | {"object_marking_refs": [good["id"]]}
    second = indicator("second", None) | {"object_marking_refs": [bad["id"]]}
    own_work(world, good, bad, first, second)
    assert [policy.name for policy in facts(first).policies] == ["good"]
    assert facts(first).label is Tlp.AMBER
    assert any(bad["id"] in text for text in facts(second).unknown_markings)


def test_a_definition_that_comes_later_is_understood_then(world):
    marking = made(
        "marking-definition", "say", None, definition_type="statement", definition={"statement": "x"}
    )
    del marking["modified"]
    marked = indicator("marked", Tlp.AMBER)
    marked["object_marking_refs"] = [*marked["object_marking_refs"], marking["id"]]
    own_work(world, marked)
    assert facts(marked).unknown_markings == {marking["id"]}
    own_work(world, marking, now=LATER)
    assert facts(marked).unknown_markings == frozenset()


def test_objects_of_one_class_share_a_row(world):
    own_work(world, *(indicator(f"i{n}") for n in range(5)))
    assert HandlingClass.objects.count() == 1


def test_victims_are_learnt_from_sightings_and_what_names_them_is_judged_anew(world, sides):
    power = made("identity", "Karakoram Power", identity_class="organization")
    told = indicator("told", description="Seen at KARAKORAM  power.")
    own_work(world, told)
    assert not facts(told).names_victims
    watched = [power["id"], sides.party.ref, world.body.ref]
    sighting = made("sighting", "s", sighting_of_ref=told["id"], where_sighted_refs=watched)
    del sighting["name"]
    done = own_work(world, sighting)
    assert done.report["victims"] == [power["id"]]  # its name is not known yet
    assert facts(sighting).names_victims
    assert not facts(told).names_victims
    done = own_work(world, power, now=LATER)
    assert done.report["victims"] == ["Karakoram Power"]
    assert facts(told).names_victims
    assert Victim.objects.count() == 1


def test_a_new_victim_is_found_in_every_portion_of_what_is_held(world, monkeypatch):
    monkeypatch.setattr(rereading, "PORTION", 3)
    school = made("identity", "Example School", identity_class="organization")
    told = [indicator(f"told{n}", description="x" if n % 4 else "Example\\School") for n in range(11)]
    own_work(world, school, *told, indicator("by id", x_about=school["id"]))
    before = dict(StixObject.objects.values_list("ref", "added"))
    mark_victim(actor=world.analyst, ref=school["id"], now=NOW)
    named = [each["id"] for n, each in enumerate(told) if not n % 4]
    changed = {ref for ref, at in StixObject.objects.values_list("ref", "added") if at != before[ref]}
    assert changed == {*named, school["id"], StixObject.objects.get(title="by id").ref}
    assert {ref for ref in changed if not facts({"id": ref}).names_victims} == set()


def test_a_definition_moves_what_it_marks_only_if_it_says_more_than_its_id(world, monkeypatch):
    monkeypatch.setattr(queries, "CHUNK", 2)
    own_work(world, *(indicator(f"i{n}", Tlp.GREEN) for n in range(5)))
    places = list(StixObject.objects.values_list("added", flat=True))
    own_work(world, tlp_definition(Tlp.GREEN), now=LATER)
    assert [at for at in StixObject.objects.values_list("added", flat=True) if at in places] == places


def test_a_person_marks_a_victim(world):
    school = made("identity", "Example School", identity_class="organization")
    told = indicator("told", description="Example School called us")
    own_work(world, school, told)
    mark_victim(actor=world.analyst, ref=school["id"], now=NOW)
    assert facts(told).names_victims
    with pytest.raises(Conflict):
        mark_victim(actor=world.analyst, ref=school["id"], now=NOW)
    with pytest.raises(Malformed):
        mark_victim(actor=world.analyst, ref=told["id"], now=NOW)
    with pytest.raises(NotFound):
        mark_victim(actor=world.analyst, ref=ref_of("identity", "nobody"), now=NOW)
    with pytest.raises(Refused):
        mark_victim(actor=world.approver, ref=school["id"], now=NOW)


def test_a_misp_event(world):
    content = (SAMPLES / "misp-backdoordiplomacy.json").read_bytes()
    seen = []
    done = import_misp(
        actor=world.analyst,
        file=BytesIO(content),
        source=Source(None, "ESET Research", Tlp.CLEAR),
        now=NOW,
        progress=lambda count, total: seen.append((count, total)),
    )
    assert done.report["new"] > 200
    assert seen[-1] == (done.report["new"], done.report["new"])
    assert queries.objects_for(world.analyst).filter(type="indicator").count() == 66


@pytest.mark.parametrize("most", [importing.AT_ONCE, 1], ids=["at once", "by portions"])
def test_targets_of_a_misp_event_are_victims(world, monkeypatch, most):
    monkeypatch.setattr(importing, "AT_ONCE", most)
    monkeypatch.setattr(importing, "PORTION", 2)
    event = {
        "Event": {
            "uuid": "5f1f0f7e-7c7e-4a53-8f86-0123456789ab", "info": "Phishing", "date": "2026-11-20",
            "timestamp": "1763620200", "threat_level_id": "2", "analysis": "1", "published": False,
            "Orgc": {"name": "Org", "uuid": "5f1f0f7e-7c7e-4a53-8f86-0123456789aa"},
            "Tag": [{"name": "tlp:amber"}], "CryptographicKey": [{}],
            "Attribute": [
                {"uuid": "5f1f0f7e-7c7e-4a53-8f86-0123456789ac", "type": "target-org",
                 "value": "Example Bank", "category": "Targeting data",
                 "timestamp": "1763620200", "to_ids": False},
                {"uuid": "5f1f0f7e-7c7e-4a53-8f86-0123456789ad", "type": "domain", "value": "evil.example",
                 "category": "Network activity", "timestamp": "1763620200", "to_ids": True,
                 "comment": "Sent to Example Bank"},
            ],
        }
    }  # fmt: skip
    done = import_misp(
        actor=world.analyst, file=BytesIO(canonical(event)), source=Source(world.body), now=NOW
    )
    assert (done.report["victims"], done.ended) == (["Example Bank"], True)
    assert done.report["notes"]
    named = StixObject.objects.get(type="indicator")
    assert Handling.from_json(named.handling.facts).names_victims is (
        "Example Bank" in bytes(named.wire).decode()
    )


@pytest.mark.parametrize("name", ["attack-revil.json", "pk-report.json"])
def test_the_sample_bundles(world, name):
    content = (SAMPLES / name).read_bytes()
    done = import_bundle(actor=world.analyst, file=BytesIO(content), source=Source(world.body), now=NOW)
    assert done.report["refused"] == []
    assert done.report["new"] == StixObject.objects.count()
    missing = set(Link.objects.filter(ref__contains="--").values_list("ref", flat=True)) - set(
        StixObject.objects.values_list("ref", flat=True)
    )
    assert {ref.partition("--")[0] for ref in missing} <= {
        "marking-definition"
    }  # TLP's stand in the standard


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", Malformed),
        (b'{"type":"bundle"}', Malformed),
        (b"[" * 1000 + b"]" * 1000, Malformed),
        (bundle(indicator("a"))[:-2], Malformed),
    ],
)
def test_what_cannot_be_read_changes_nothing(world, content, error):
    own_work(world, indicator("ours"))
    with pytest.raises(error):
        import_bundle(actor=world.analyst, file=BytesIO(content), source=Source(world.body), now=NOW)
    assert (Import.objects.count(), StixObject.objects.count()) == (1, 1)


def test_one_object_that_cannot_be_read_spoils_no_other(world):
    strange = {"type": "indicator", "id": "indicator--1"}
    content = bundle(strange, indicator("a"), indicator("a", description="two contents"), indicator("b"))
    content = content.replace(b'"objects":[', b'"objects":[{"x":1,"x":2},')
    done = import_bundle(actor=world.analyst, file=BytesIO(content), source=Source(world.body), now=NOW)
    assert (done.report["new"], done.ended) == (2, True)
    refs, reasons = zip(*done.report["refused"], strict=True)
    assert set(refs) == {"indicator--1", indicator("a")["id"], 'an object without an id: {"x":1,"x":2}…'}
    assert any("other content" in why for why in reasons)


FAULTY = indicator("faulty", confidence=101) | {"pattern": "[nonsense"}


def test_a_lenient_source_is_told_what_is_wrong(world):
    done = import_bundle(
        actor=world.analyst, file=BytesIO(bundle(FAULTY, indicator("b"))), source=Source(world.body), now=NOW
    )
    assert done.report["new"] == 2
    ((ref, how),) = done.report["faulty"]
    assert ref == FAULTY["id"]
    assert "confidence" in how
    assert "pattern" in how


def test_a_strict_source_is_held_to_the_standard(world):
    source = Source(world.body, strict=True)
    content = BytesIO(bundle(FAULTY, indicator("b")))
    done = import_bundle(actor=world.analyst, file=content, source=source, now=NOW)
    assert (done.report["new"], done.report["faulty"], done.strict) == (1, [], True)
    assert [ref for ref, _ in done.report["refused"]] == [FAULTY["id"]]


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(importing, "AT_ONCE", 5)
    monkeypatch.setattr(importing, "PORTION", 3)


@pytest.mark.usefixtures("short")
def test_a_long_bundle_is_kept_by_portions(world):
    one, two = indicator("one"), made("malware", "two", is_family=False)
    things = [joined("link", one, two), *(indicator(f"n{n}") for n in range(6)), one, two]
    seen = []
    done = import_bundle(
        actor=world.analyst,
        file=BytesIO(bundle(*things)),
        source=Source(world.body),
        now=NOW,
        progress=lambda count, total: seen.append((count, total)),
    )
    assert (done.report["new"], done.ended) == (9, True)
    assert seen == [(3, 9), (6, 9), (9, 9), (9, 9)]
    assert row(things[0]).title == "one indicates two"  # though its ends came after it
    again = import_bundle(
        actor=world.analyst, file=BytesIO(bundle(*things)), source=Source(world.body), now=NOW
    )
    assert (again.report["new"], again.report["known"]) == (0, 9)


@pytest.mark.usefixtures("short")
def test_a_long_import_that_breaks_off_says_so_and_a_repeat_completes_it(world, monkeypatch):
    things = [indicator(f"n{n}") for n in range(9)]
    calls: list[int] = []

    def fails_at_the_third(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise OSError("the disk is full")
        return storing.store(*args, **kwargs)

    monkeypatch.setattr(importing, "store", fails_at_the_third)
    with pytest.raises(OSError, match="full"):
        own_work(world, *things)
    broken = Import.objects.get()
    assert (broken.ended, broken.report["new"], StixObject.objects.count()) == (False, 6, 6)
    done = own_work(world, *things)
    assert (done.ended, done.report["new"], done.report["known"]) == (True, 3, 6)


@pytest.mark.usefixtures("short")
def test_what_stops_being_a_bundle_late_changes_nothing(world):
    content = bundle(*(indicator(f"n{n}") for n in range(9)))[:-1]
    with pytest.raises(Malformed):
        import_bundle(actor=world.analyst, file=BytesIO(content), source=Source(world.body), now=NOW)
    assert not Import.objects.exists()


def test_reports_stay_short():
    many = Report(refused=tuple((str(n), "why") for n in range(400)))
    both = many.joined(many).joined(many)
    assert len(both.refused) == MOST_LISTED
    assert both.more == {"refused": 1_200 - MOST_LISTED}


def test_acts_are_not_content(world, sides):
    act = sides.far.act().value
    done = own_work(world, act, indicator("good"))
    assert done.report["new"] == 1
    assert "path of acts" in done.report["refused"][0][1]


def test_who_may_import_and_from_whom(world):
    other = Party.objects.create(
        ref=ref_of("identity", "police"),
        kind="police-contact",
        name="Police",
        state="PK",
        ours=True,
        added=NOW,
    )
    with pytest.raises(Refused) as error:
        import_bundle(actor=world.analyst, file=BytesIO(bundle()), source=Source(other), now=NOW)
    assert error.value.verdict.grounds[0].rule == "import.source"
    with pytest.raises(Refused):
        import_bundle(actor=world.observer, file=BytesIO(bundle()), source=Source(world.body), now=NOW)
    with pytest.raises(Malformed):
        Source(None, " ")
    assert not Import.objects.exists()
