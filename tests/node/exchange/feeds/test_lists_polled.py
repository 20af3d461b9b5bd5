"""What partners' devices poll of a collection: what release lets them see, in every form, and no more."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import tarfile
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.formats.exports.all import FORMS
from comity.node.accountability.models import LogEntry
from comity.node.exchange.feeds import list_doors
from comity.node.exchange.models import Collection, ReducedName
from comity.node.exchange.polling import Told
from comity.node.exchange.services import listing
from comity.node.exchange.services.erasing import erase_object
from comity.node.exchange.services.marking import mark_victim
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import LATER, from_elsewhere, iep_marking, indicator, made, own_work
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.federation.test_doors import knock
from tests.node.instruments.agreeing import Sides, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(agreed: Sides) -> Reader:
    return reader_of(agreed, opened(agreed.world, alias="all"))


def polled(
    reader: Reader, form: str = "list-domain", collection: str = "all", query: str = "", **headers: str
) -> Any:
    body = reader.collection.holder.ref.partition("--")[2]
    told = {"authorization": f"Bearer {reader.token}", **headers}
    answer: Any = Client().get(f"/lists/{body}/{collection}/{form}{query}", headers=told)
    if answer.streaming:  # read to the end, as a device does
        answer.told = b"".join(answer.streaming_content)
    return answer


def content(reader: Reader, form: str = "list-domain", **more: Any) -> bytes:
    answer = polled(reader, form, **more)
    assert answer.status_code == 200, answer.content
    found = bytes(answer.told)
    assert (len(found), FORMS[form].media) == (int(answer["Content-Length"]), answer["Content-Type"])
    return found


def values(reader: Reader, **more: Any) -> set[str]:
    lines = content(reader, **more).decode().splitlines()
    return {line for line in lines if not line.startswith("#")}


def entries() -> list[dict[str, Any]]:
    rows = LogEntry.objects.filter(event="content-exported").order_by("index")
    return [json.loads(bytes(row.entry or b"")) for row in rows]


def test_a_collection_is_polled_as_a_list(agreed, reader):
    a = indicator("a")
    own_work(agreed.world, a, indicator("b", Tlp.CLEAR), indicator("red", Tlp.RED), indicator("bare", None))
    from_elsewhere(agreed.world, indicator("feed"))  # received as TLP:AMBER: stays
    own_work(agreed.world, made("domain-name", "x", Tlp.CLEAR, value="not-sought.example"))
    assert values(reader) == {"a.example", "b.example"}
    head = content(reader).decode()
    assert "# TLP:AMBER; 2 values" in head
    assert f"for {agreed.party.name}" in head
    assert "Left out" not in head
    assert values(reader, collection=str(reader.collection.ref)) == {"a.example", "b.example"}


def test_each_file_is_recorded_before_it_goes(agreed, reader):
    own_work(agreed.world, indicator("a"))
    content(reader, "rpz")
    (entry,) = entries()
    assert entry["subject"] == agreed.party.ref
    assert (entry["form"], entry["values"]) == ("rpz", 1)
    assert (entry["collection"], entry["purpose"]) == (str(reader.collection.ref), "network-defence")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_what_taxii_tells(agreed, reader, form):
    digest = "b" * 64
    own_work(
        agreed.world,
        indicator("a"),
        indicator("ip") | {"pattern": "[ipv4-addr:value = '198.51.100.7']"},
        indicator("url") | {"pattern": "[url:value = 'http://a.example/x']"},
        indicator("file") | {"pattern": f"[file:hashes.'SHA-256' = '{digest}']"},
        indicator("red", Tlp.RED),
    )
    found = plain(content(reader, form))
    sought = {
        "list-ip": [b"198.51.100.7"],
        "list-url": [b"http://a.example/x"],
        "list-sha256": [digest.encode()],
        "list-md5": [], "list-sha1": [], "list-sha512": [],
        "list-domain": [b"a.example"],
        "rpz": [b"a.example CNAME ."],
        "suricata": [base64.b64encode(b"a.example"), b"198.51.100.7", digest.encode()],
        "zeek": [b"a.example\tIntel::DOMAIN", b"198.51.100.7\tIntel::ADDR", b"a.example/x\tIntel::URL"],
        "csv": [b'"a.example"', b'"198.51.100.7"', digest.encode()],
    }[form]  # fmt: skip  # one form to a line
    assert [each for each in sought if each not in found] == []
    assert b"red.example" not in found


def plain(found: bytes) -> bytes:
    """What stands in a file, or in all files of an archive."""
    if not found.startswith(b"\x1f\x8b"):
        return found
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(found))) as archive:
        return b"".join(archive.extractfile(each).read() for each in archive if each.isfile())  # type: ignore[union-attr]  # a file


def test_what_did_not_change_is_not_sent_again(agreed, reader):
    own_work(agreed.world, indicator("a", confidence=80), indicator("b"))
    first = polled(reader)
    again = polled(reader, if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert polled(reader, "rpz", if_none_match=first["ETag"]).status_code == 200
    fewer = polled(reader, query="?min_confidence=50", if_none_match=first["ETag"])
    assert b"b.example" not in fewer.told
    own_work(agreed.world, indicator("c"), now=LATER)
    assert polled(reader, if_none_match=first["ETag"]).status_code == 200
    assert len(entries()) == 4


def test_what_stays_here_changes_no_tag(agreed, reader):
    own_work(agreed.world, indicator("a"))
    first = polled(reader)["ETag"]
    own_work(agreed.world, indicator("red", Tlp.RED), indicator("bare", None), now=LATER)
    from_elsewhere(agreed.world, indicator("feed"))
    own_work(agreed.world, made("tool", "no indicator"), now=LATER)
    assert polled(reader, if_none_match=first).status_code == 304
    own_work(agreed.world, indicator("b"), now=LATER)
    assert polled(reader, if_none_match=first).status_code == 200


def test_a_tag_ends_with_the_validity_of_what_is_told(agreed, reader):
    soon = timezone.now() + timedelta(days=30)
    until = soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    own_work(agreed.world, indicator("ends", valid_until=until), indicator("red", Tlp.RED, valid_until=until))
    tag = polled(reader)["ETag"]
    digest = tag.split('"')[1].split("-")[0]
    assert Told.still(tag, digest, soon - timedelta(minutes=1))
    assert not Told.still(tag, digest, soon)


def test_only_what_a_device_should_act_on(agreed, reader):
    past = "2026-11-21T00:00:00.000Z"
    own_work(
        agreed.world,
        indicator("good", confidence=80),
        indicator("doubtful", confidence=20),
        indicator("silent"),
        indicator("later", confidence=80) | {"valid_from": "2099-01-01T00:00:00.000Z"},
        indicator("ended", confidence=80, valid_until=past),
        indicator("broken", confidence=80) | {"pattern": "[domain-name:value = "},
    )
    assert values(reader, query="?min_confidence=50") == {"good.example"}
    assert values(reader) == {"good.example", "doubtful.example", "silent.example"}


@pytest.mark.parametrize(
    "query",
    ["?min_confidence=101", "?min_confidence=x", "?min_score=5", "?min_confidence=1&min_confidence=2"],
)
def test_other_wishes_are_refused(agreed, reader, query):
    own_work(agreed.world, indicator("a"))
    assert polled(reader, query=query).status_code == 400
    assert entries() == []


def test_a_victim_is_taken_out_and_the_name_it_then_has_can_be_asked_for(agreed, reader):
    victim = made("identity", "The harbour of Freedonia", identity_class="organization")
    said = indicator("a") | {"name": "Seen at The harbour of Freedonia."}
    own_work(agreed.world, victim, said)
    before = polled(reader, "csv")["ETag"]
    mark_victim(actor=agreed.world.analyst, ref=victim["id"], now=NOW)
    assert polled(reader, "csv", if_none_match=before).status_code == 200
    found = content(reader, "csv")
    assert b"a.example" in found
    assert b"harbour" not in found
    name = redacted_id(said["id"], Removal.VICTIMS)
    assert name.encode() in found
    assert said["id"].encode() not in found
    assert ReducedName.objects.get(name=name).ref == said["id"]
    assert reader.get(f"objects/{name}/")["objects"][0]["id"] == name


def test_a_further_victim_is_taken_out_at_the_next_question(agreed, reader):
    one, other = made("identity", "Harbour One"), made("identity", "Harbour Two")
    own_work(agreed.world, one, other, indicator("a") | {"name": "Seen at Harbour One and Harbour Two."})
    mark_victim(actor=agreed.world.analyst, ref=one["id"], now=NOW)
    before = polled(reader, "csv")
    assert b"Harbour Two" in before.told
    mark_victim(actor=agreed.world.analyst, ref=other["id"], now=NOW)
    after = polled(reader, "csv", if_none_match=before["ETag"])
    assert after.status_code == 200
    assert b"Harbour" not in after.told


def test_what_its_giver_lets_nobody_act_on_is_not_told(agreed, reader):
    marking = iep_marking("no action", permitted_actions="none")
    own_work(
        agreed.world,
        marking,
        indicator("silent", None, object_marking_refs=[marking["id"]]),
        indicator("loud"),
    )
    assert values(reader) == {"loud.example"}


def test_what_needs_a_second_person_does_not_go(agreed, reader):
    own_work(agreed.world, indicator("a", Tlp.GREEN), indicator("b", Tlp.AMBER))
    assert values(reader) == {"a.example", "b.example"}
    Agreement.objects.update(terms=written_terms(some_terms(second_person_above=Tlp.GREEN)))
    assert values(reader) == {"a.example"}


def test_an_agreement_that_ends_closes_the_list(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("clear", Tlp.CLEAR))
    tag = polled(reader)["ETag"]
    Agreement.objects.update(terms=written_terms(some_terms(highest=Tlp.CLEAR)))
    assert polled(reader, if_none_match=tag).status_code == 200
    assert values(reader) == {"clear.example"}


def test_what_was_erased_is_given_to_nobody_any_more(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("b"))
    tag = polled(reader)["ETag"]
    erase_object(actor=agreed.world.approver, ref=indicator("a")["id"], why="Act 7, section 2", now=NOW)
    assert polled(reader, if_none_match=tag).status_code == 200
    assert values(reader) == {"b.example"}


def test_what_is_erased_while_a_file_is_made_goes_to_nobody(agreed, reader, monkeypatch):
    own_work(agreed.world, indicator("a"), indicator("b"))

    def meanwhile(*told: Any) -> Any:
        done = listing.listing(*told)
        erase_object(actor=agreed.world.approver, ref=indicator("a")["id"], why="Act 7, section 2", now=NOW)
        return done

    with monkeypatch.context() as patched:
        patched.setattr(list_doors, "listing", meanwhile)
        assert polled(reader).status_code == 503
    assert entries() == []
    assert values(reader) == {"b.example"}


def test_a_collection_chooses_for_its_lists_too(agreed, reader):
    own_work(agreed.world, indicator("a", labels=["botnet"]), indicator("b"))
    Collection.objects.filter(alias="all").update(query={"labels": ["botnet"]})
    assert values(reader) == {"a.example"}
    Collection.objects.filter(alias="all").update(query={"types": ["report"]})
    assert values(reader) == set()


def test_only_those_who_may_read_the_collection(agreed, reader):
    own_work(agreed.world, indicator("a"))
    address = f"/lists/{agreed.world.body.ref.partition('--')[2]}/all/list-domain"
    assert Client().get(address).status_code == 401
    assert Client().get(address, headers={"authorization": f"Bearer {'x' * 43}"}).status_code == 401
    own = {"authorization": f"Bearer {reader.token}"}
    assert Client().post(address, headers=own).status_code == 405
    assert Client().get(address.replace("/all/", "/none/"), headers=own).status_code == 404
    assert polled(reader, "stix").status_code == 404
    assert polled(reader, "misp").status_code == 404
    assert entries() == []


def test_a_partner_that_signs_sees_the_same(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("red", Tlp.RED))
    path = f"/lists/{agreed.world.body.ref.partition('--')[2]}/all/list-domain"
    assert knock(None, "GET", path).status_code == 401
    answer = knock(agreed.far, "GET", path)
    assert b"".join(answer.streaming_content).splitlines()[-1] == b"a.example"
    assert entries()[0]["subject"] == agreed.party.ref


def test_too_much_is_refused(agreed, reader, monkeypatch):
    own_work(agreed.world, indicator("a"), indicator("b"))
    with monkeypatch.context() as patched:
        patched.setattr(listing, "MOST_LISTED", 1)
        assert polled(reader).status_code == 413
    monkeypatch.setattr(list_doors, "MADE", 1)
    first = polled(reader, "rpz")
    again = polled(reader, "rpz")
    assert (again.status_code, again["Retry-After"]) == (429, "60")
    assert polled(reader, "rpz", if_none_match=first["ETag"]).status_code == 304


def test_the_head_alone_is_told_too(agreed, reader):
    own_work(agreed.world, indicator("a"))
    address = f"/lists/{agreed.world.body.ref.partition('--')[2]}/all/rpz"
    answer: Any = Client().head(address, headers={"authorization": f"Bearer {reader.token}"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"")


def test_as_many_questions_for_many_as_for_few(agreed, reader, django_assert_max_num_queries):
    own_work(agreed.world, indicator("a"))
    with django_assert_max_num_queries(200) as few:
        content(reader)
    own_work(agreed.world, *(indicator(f"more{n}") for n in range(60)), now=LATER)
    with django_assert_max_num_queries(len(few)):
        assert len(values(reader)) == 61


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([None, *Tlp]), st.booleans(), st.booleans()), max_size=5),
    st.sampled_from(sorted(FORMS)),
)
def test_nothing_is_in_a_file_that_taxii_does_not_give(agreed, reader, wanted, name):
    """The oracle is the collection itself, read by TAXII with the same token."""
    told = []
    for place, (tlp, ours, revoked) in enumerate(wanted):
        each = indicator(f"n{place}-{tlp and tlp.value}-{ours}-{revoked}", tlp)
        host = f"h{crc32(each['name'].encode())}.example"
        each |= {"pattern": f"[domain-name:value = '{host}']"} | ({"revoked": True} if revoked else {})
        told.append((each, host, revoked))
        (own_work if ours else from_elsewhere)(agreed.world, each)
    found, given_by_taxii = plain(content(reader, name)), set(reader.ids())
    tells_names = name in {"csv", "list-domain", "rpz", "suricata", "zeek"}
    for each, host, revoked in told:
        present = host.encode() in found or base64.b64encode(host.encode()) in found
        assert present == (tells_names and each["id"] in given_by_taxii and not revoked)


def test_a_table_tells_the_maker_as_the_object_does(agreed, reader):
    own_work(agreed.world, indicator("a", created_by_ref=agreed.world.body.ref))
    table = list(csv.DictReader(io.StringIO(content(reader, "csv").decode(), newline="")))
    assert [each["source"] for each in table[1:]] == [agreed.world.body.ref]
