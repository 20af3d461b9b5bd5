"""What leaves in the forms of devices: what release lets go, what a device should act on, and no more."""

from __future__ import annotations

import csv
import gzip
import io
from base64 import b64encode
from datetime import timedelta
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.terms import Purpose
from comity.formats.canonical import sha256_hex
from comity.formats.entries import Event
from comity.formats.exports.all import FORMS
from comity.node.accountability.models import LogEntry
from comity.node.acts.models import Delivery
from comity.node.exchange.services import exporting
from comity.node.exchange.services.exporting import export_as, export_bundle, standing
from comity.node.exchange.sought import STAYS
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import (
    LATER,
    from_elsewhere,
    from_far,
    iep_marking,
    indicator,
    made,
    own_work,
    shared,
)
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
SOON = "2026-11-22T04:00:00.000Z"  # LATER
PAST = "2026-11-21T00:00:00.000Z"


def pattern(text: str) -> dict[str, str]:
    return {"pattern": text}


def written(world, name="list-domain", **more) -> str:
    done = export_as(name, actor=world.analyst, **{"now": NOW, **more})
    content = b"".join(done.file)
    assert len(content) == done.file.size
    return content.decode()


def values(world, name="list-domain", **more) -> list[str]:
    return [line for line in written(world, name, **more).splitlines() if not line.startswith("#")]


def test_our_own_devices_get_what_the_body_may_use(agreed):
    world = agreed.world
    own_work(
        world,
        indicator("own"),
        indicator("strict", Tlp.AMBER_STRICT),
        indicator("red", Tlp.RED),
        indicator("unmarked", None),
    )
    from_elsewhere(world, indicator("feed", Tlp.GREEN))
    from_far(agreed, indicator("given"), basis=(Agreement.objects.get().ref,))[0].require()
    assert values(world) == ["own.example", "strict.example", "feed.example", "given.example"]
    head = written(world)
    assert "# TLP:AMBER+STRICT; 4 values" in head
    assert "# Left out: 1 indicators: It is TLP:RED, for named recipients only" in head
    assert "# Left out: 1 indicators: It carries no TLP marking" in head
    assert not LogEntry.objects.filter(event=Event.CONTENT_EXPORTED.value).exists()


def test_what_its_giver_lets_nobody_act_on_is_not_used(world):
    marking = iep_marking("no action", permitted_actions="none")
    silent = indicator("silent", None, object_marking_refs=[marking["id"]])
    acted = iep_marking("any action", permitted_actions="externally-visible-direct-actions")
    from_elsewhere(world, marking, silent, acted, indicator("loud", None, object_marking_refs=[acted["id"]]))
    assert values(world) == ["loud.example"]
    assert values(world, purpose=Purpose.RESEARCH) == ["silent.example", "loud.example"]


def test_a_partner_gets_what_release_lets_go_and_hears_nothing_of_the_rest(agreed):
    world = agreed.world
    own_work(world, indicator("own", description="ours"), indicator("strict", Tlp.AMBER_STRICT))
    from_elsewhere(world, indicator("feed"))  # received as TLP:AMBER: stays
    from_far(agreed, indicator("theirs"), basis=(Agreement.objects.get().ref,))[
        0
    ].require()  # never back to where it came from
    assert values(world, partner=agreed.party) == ["own.example"]
    head = written(world, partner=agreed.party)
    assert "Left out" not in head
    assert "for CERT Freedonia" in head
    table = list(csv.DictReader(io.StringIO(written(world, "csv", partner=agreed.party), newline="")))
    assert [each["value"] for each in table[1:]] == ["own.example"]
    assert (table[1]["source"], table[1]["tlp"]) == ("", "TLP:AMBER")


def test_what_is_made_for_a_partner_is_recorded_with_its_digest(agreed):
    own_work(agreed.world, indicator("own"))
    done = export_as("rpz", actor=agreed.world.analyst, partner=agreed.party, now=NOW)
    done.file.close()
    bundle = export_bundle(
        actor=agreed.world.analyst, partner=agreed.party, purpose=Purpose.NETWORK_DEFENCE, now=NOW
    )
    assert bundle.sha256 == sha256_hex(b"".join(bundle))
    rows = LogEntry.objects.filter(event="content-exported").order_by("index")
    entries = [bytes(row.entry or b"") for row in rows]
    assert [b"rpz" in entry for entry in entries] == [True, False]
    assert done.file.sha256.encode() in entries[0]
    assert bundle.sha256.encode() in entries[1]


def test_nothing_without_the_power_to_read_content(agreed):
    own_work(agreed.world, indicator("own"))
    for partner in (None, agreed.party):
        with pytest.raises(Refused):
            export_as("csv", actor=agreed.world.observer, partner=partner, now=NOW)
    assert not LogEntry.objects.filter(event="content-exported").exists()


def test_only_what_a_device_should_act_on(world):
    own_work(
        world,
        indicator("good", confidence=80),
        indicator("ends", valid_until=SOON, confidence=80),
        indicator("ended", valid_until=PAST, confidence=80),
        indicator("begins", confidence=80) | {"valid_from": SOON},
        indicator("doubtful", confidence=20),
        indicator("silent"),
        indicator("revoked", revoked=True, confidence=80),
        indicator("snort", confidence=80) | {"pattern": "alert", "pattern_type": "snort"},
        indicator("pair", confidence=80)
        | pattern("[domain-name:value = 'a.example' AND network-traffic:dst_port = 443]"),
        indicator("page", confidence=80) | pattern("[url:value = 'https://docs.example/x']"),
    )
    assert values(world, least=50) == ["good.example", "ends.example"]
    assert values(world, "list-url", least=50) == ["https://docs.example/x"]
    assert values(world, least=50, now=LATER) == ["good.example", "begins.example"]
    head = written(world, least=50)
    for reason in (
        "indicators that are not valid yet",
        "indicators below the confidence 50, or without one",
        "indicators in another language than that of STIX patterns",
        "indicators of no value that is alone what they seek",
        "indicators: Its maker has revoked it",
        "indicators: Its maker called it valid until 2026-11-20",
    ):
        assert reason in head
    assert len(values(world)) == 4


def test_what_cannot_be_read_is_left_out_and_counted(world):
    own_work(world, indicator("good"), indicator("broken") | pattern("[domain-name:value = "))
    assert values(world) == ["good.example"]
    assert "# Left out: 1 indicators that cannot be read" in written(world)


def test_what_a_partner_has_to_hear_of_a_revocation_is_nothing_for_its_devices(agreed):
    mine = indicator("mine")
    own_work(agreed.world, mine)
    act = shared(agreed, mine)
    Delivery.objects.filter(act=act).update(state="receipted", next_try=None)
    assert values(agreed.world, partner=agreed.party) == ["mine.example"]
    own_work(agreed.world, mine | {"revoked": True, "modified": "2026-11-21T00:00:00.000Z"})
    assert values(agreed.world, partner=agreed.party) == []


def test_what_names_an_observable_that_stays_does_not_leave(agreed):
    told = made("domain-name", "x", Tlp.RED, value="victim.example")
    del told["created"], told["modified"], told["name"]
    own_work(agreed.world, told, indicator("names it", x_observed_ref=told["id"]), indicator("good"))
    assert values(agreed.world, partner=agreed.party) == ["good.example"]
    assert values(agreed.world) == ["good.example"]
    assert STAYS in written(agreed.world)
    assert STAYS not in written(agreed.world, partner=agreed.party)


def test_a_value_stands_once_in_a_list_and_with_each_object_in_a_table(world):
    same = pattern("[domain-name:value = 'same.example']")
    own_work(world, indicator("one") | same, indicator("two") | same)
    assert values(world) == ["same.example"]
    assert written(world, "csv").count('"same.example"') == 2


def test_a_table_for_ourselves_names_the_giver_and_zeek_our_page(agreed):
    from_far(agreed, indicator("given"), basis=(Agreement.objects.get().ref,))[0].require()
    table = list(csv.DictReader(io.StringIO(written(agreed.world, "csv"), newline="")))
    assert table[1]["source"] == "CERT Freedonia"
    assert f"/exchange/objects/{table[1]['object']}/" in written(agreed.world, "zeek")


def test_every_form_is_made_in_pieces(world, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_KNOWN", 1)
    own_work(world, *(indicator(f"many{number}") for number in range(5)))
    for name in FORMS:
        done = export_as(name, actor=world.analyst, now=NOW)
        assert b"".join(done.file)
        assert done.file.content.closed
    assert len(values(world)) == 5


def test_the_standing_changes_with_whatever_changes_the_file(world):
    def now_stands(**more):
        return standing("rpz", actor=world.analyst, **{"now": NOW, **more})

    before = now_stands()
    assert before == now_stands()
    assert before != now_stands(least=10)
    own_work(world, indicator("one", valid_until="2026-11-23T12:00:00.000Z"))
    after = now_stands()
    assert after not in (before, standing("csv", actor=world.analyst, now=NOW))
    assert after == now_stands(now=LATER)
    assert after != now_stands(now=NOW + timedelta(days=2))  # its class has expired
    with pytest.raises(Refused):
        standing("rpz", actor=world.observer, now=NOW)


def test_a_file_says_when_time_alone_will_change_it(world):
    own_work(world, indicator("ends", valid_until=SOON), indicator("lasts"))
    first = export_as("rpz", actor=world.analyst, now=NOW)
    then = export_as("rpz", actor=world.analyst, now=LATER)
    assert (first.changes, then.changes) == (LATER, None)
    first.file.close()
    then.file.close()


KINDS = st.sampled_from([None, *Tlp])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(KINDS, st.booleans(), st.sampled_from([None, PAST, SOON]), st.booleans()), max_size=5),
    st.sampled_from(sorted(FORMS)),
)
def test_nothing_beyond_release_and_nothing_expired_is_ever_in_a_file(agreed, wanted, name):
    """Names tell what may leave; the oracle is the bundle, which a share is held to."""
    world, given_out = agreed.world, []
    for place, (tlp, ours, until, revoked) in enumerate(wanted):
        more = {**({"valid_until": until} if until else {}), **({"revoked": True} if revoked else {})}
        each = indicator(
            f"n{place}-{tlp and tlp.value.replace('+', '')}-{ours}-{until}-{revoked}", tlp, **more
        )
        each["pattern"] = f"[domain-name:value = 'h{crc32(each['name'].encode())}.example']"
        given_out.append((each, until == PAST or revoked))
        (own_work if ours else from_elsewhere)(world, each)
    bundle = b"".join(
        export_bundle(actor=world.analyst, partner=agreed.party, purpose=Purpose.NETWORK_DEFENCE, now=NOW)
    )
    found = export_as(name, actor=world.analyst, partner=agreed.party, now=NOW)
    content = b"".join(found.file)
    if found.form.suffix == "tar.gz":
        content = gzip.decompress(content)
    for each, over in given_out:
        host = each["pattern"].split("'")[1].encode()
        present = host in content or (name == "suricata" and b64encode(host) in content)
        assert not (present and over)
        assert not (present and each["id"].encode() not in bundle)
