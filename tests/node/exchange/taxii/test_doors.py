"""Every door of a body's API root, as the standard says it answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.formats.strict_json import decode
from comity.formats.taxii import MEDIA_TYPE
from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import StixObject, TaxiiAccount
from comity.node.exchange.services.accounts import end_account
from comity.node.exchange.taxii import callers
from comity.node.federation.models import Partner
from tests.node.exchange.holding import from_elsewhere, indicator, made, own_work
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.far import FarNode
from tests.node.federation.test_doors import knock
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def read(content: bytes) -> Any:
    return decode(content)


def code(reply) -> tuple[int, str]:
    told = read(reply.content)
    assert told["http_status"] == str(reply.status_code)
    return reply.status_code, told.get("error_code", "")


def entries(event: str) -> list[dict[str, Any]]:
    return [read(bytes(each.entry or b"")) for each in LogEntry.objects.filter(event=event).order_by("index")]


def test_discovery_lists_the_roots_of_the_caller(agreed, reader):
    told = reader.get("/taxii2/")
    assert told["api_roots"] == [f"http://127.0.0.1:8000{reader.root}"]
    signed = read(knock(agreed.far, "GET", "/taxii2/").content)
    assert signed["default"] == "http://127.0.0.1:8000/taxii2/comity/"
    assert signed["api_roots"] == [signed["default"], *told["api_roots"]]


def test_an_api_root(reader):
    told = reader.get(reader.root)
    assert told["title"] == "PakCERT"
    assert told["versions"] == [MEDIA_TYPE]
    assert told["max_content_length"] > 0


def test_collections_by_id_and_alias(reader):
    listed = reader.get("collections/", root=True)["collections"]
    assert [(each["id"], each["can_read"], each["can_write"]) for each in listed] == [
        (str(reader.collection.ref), True, True)
    ]
    assert reader.get("collections/all/", root=True) == listed[0] == reader.get("")
    assert code(reader.ask("collections/other/", root=True)) == (404, "not-found")


def test_objects_come_in_their_own_bytes(agreed, reader):
    first, second = indicator("a"), indicator("b")
    own_work(agreed.world, first, second)
    reply = reader.ask("objects/")
    assert reply.headers["Content-Type"] == MEDIA_TYPE
    assert reply.content == b'{"objects":[%b]}' % b",".join(
        bytes(each.wire) for each in StixObject.objects.order_by("added")
    )
    places = [each.added.isoformat(timespec="microseconds").replace("+00:00", "Z") for each in
              StixObject.objects.order_by("added")]  # fmt: skip  # one clause to a line
    assert reply.headers["X-TAXII-Date-Added-First"] == places[0]
    assert reply.headers["X-TAXII-Date-Added-Last"] == places[1]


def test_pages(agreed, reader):
    own_work(agreed.world, *(indicator(f"i{n}") for n in range(7)))
    everything = reader.ids()
    assert len(set(everything)) == len(everything) == 7
    for limit in (1, 2, 3, 7):
        pages = list(reader.pages(f"limit={limit}"))
        assert [each["id"] for page in pages for each in page] == everything
        assert {len(page) for page in pages[:-1]} <= {limit}


def test_what_is_given_is_recorded(agreed, reader):
    own_work(agreed.world, *(indicator(f"i{n}") for n in range(3)))
    list(reader.pages("limit=2"))
    told = entries("content-given")
    assert [each["count"] for each in told] == [2, 1]
    assert {(each["from"], tuple(each["to"])) for each in told} == {
        (agreed.world.body.ref, (agreed.party.ref,))
    }
    reader.get("manifest/")
    reader.get("objects/?match[id]=indicator--11111111-1111-4111-8111-111111111111")
    assert len(entries("content-given")) == 2


def test_filters(agreed, reader):
    one, two, tool = indicator("one"), indicator("two"), made("tool", "t")
    newer = one | {"modified": "2026-11-20T07:00:00.000Z", "confidence": 3}
    newest = one | {"modified": "2026-11-20T08:00:00Z", "confidence": 4}
    for each in (one, two, tool, newer, newest):
        own_work(agreed.world, each)

    def confidences(query: str) -> list[Any]:
        found = [each for page in reader.pages(query) for each in page if each["id"] == one["id"]]
        return [each.get("confidence") for each in found]

    assert set(reader.ids("match[type]=tool")) == {tool["id"]}
    assert set(reader.ids("match[type]=tool,indicator")) == {tool["id"], one["id"], two["id"]}
    assert reader.ids("match[type]=malware") == []
    assert reader.ids(f"match[id]={two['id']},{tool['id']}") == [two["id"], tool["id"]]
    assert reader.ids("match[spec_version]=2.0") == []
    assert len(reader.ids("match[spec_version]=2.0,2.1")) == 3
    assert confidences("") == confidences("match[version]=last") == [4]
    assert confidences("match[version]=first") == [None]
    assert confidences("match[version]=first,last") == [None, 4]
    assert confidences("match[version]=all") == [None, 3, 4]
    assert confidences("match[version]=2026-11-20T07:00:00Z") == [3]
    assert confidences("match[version]=2026-11-20T08:00:00.000Z,first") == [None, 4]
    since = reader.get(f"manifest/?match[id]={two['id']}")["objects"][0]["date_added"]
    assert set(reader.ids(f"added_after={since}")) == {tool["id"], one["id"]}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "next=x", "next=-1",
        "next=", "added_after=x", "added_after=2026-11-22", "match[version]=newest", "page=1",
        "match[spec_version]=two", "match[name]=x", "match[type]=", "match[id]=a,,b",
    ],
)  # fmt: skip  # as people would write a list of words
def test_wrong_parameters(reader, query):
    assert code(reader.ask(f"objects/?{query}")) == (400, "malformed")


def test_parameters_of_other_doors(reader):
    assert code(reader.ask("?limit=1")) == (400, "malformed")
    known = indicator("x")["id"]
    assert code(reader.ask(f"objects/{known}/?match[id]=x")) == (400, "malformed")
    assert code(reader.ask(f"objects/{known}/versions/?match[version]=all")) == (400, "malformed")


def test_a_manifest(agreed, reader):
    own_work(agreed.world, indicator("a"), indicator("b"))
    reply = reader.ask("manifest/?limit=1")
    told = read(reply.content)
    [entry] = told["objects"]
    assert told["more"] is True
    assert entry["media_type"] == "application/stix+json;version=2.1"
    assert entry["date_added"] == reply.headers["X-TAXII-Date-Added-Last"]
    rest = reader.get(f"manifest/?added_after={entry['date_added']}")
    assert "more" not in rest
    assert {entry["id"], rest["objects"][0]["id"]} == {indicator("a")["id"], indicator("b")["id"]}


def test_one_object_and_its_versions(agreed, reader):
    one = indicator("one")
    newer = one | {"modified": "2026-11-20T07:00:00.000Z"}
    own_work(agreed.world, one)
    own_work(agreed.world, newer)
    [found] = reader.get(f"objects/{one['id']}/")["objects"]
    assert found["modified"] == newer["modified"]
    assert len(reader.get(f"objects/{one['id']}/?match[version]=all")["objects"]) == 2
    told = reader.get(f"objects/{one['id']}/versions/")
    assert told["versions"] == [one["modified"], newer["modified"]]
    page = reader.get(f"objects/{one['id']}/versions/?limit=1")
    assert page["more"] is True
    assert reader.get(f"objects/{one['id']}/versions/?next={page['next']}")["versions"] == [newer["modified"]]


def test_versions_of_what_has_none(agreed, reader):
    clear = made(
        "marking-definition", "ours", Tlp.CLEAR, definition_type="statement", definition={"statement": "x"}
    )
    del clear["modified"]
    address = {"type": "ipv4-addr", "spec_version": "2.1", "value": "198.51.100.7",
               "id": "ipv4-addr--11111111-2222-5333-8444-555555555555",
               "object_marking_refs": indicator("x")["object_marking_refs"]}  # fmt: skip
    own_work(agreed.world, address, clear)
    [told] = reader.get("manifest/?match[type]=ipv4-addr")["objects"]
    assert told["version"] == told["date_added"]
    [told] = reader.get("manifest/?match[type]=marking-definition")["objects"]
    assert told["version"] == clear["created"]


def test_what_may_not_be_seen_answers_as_what_is_not_there(agreed, reader):
    red = indicator("red", Tlp.RED)
    own_work(agreed.world, red, indicator("amber"))
    missing = indicator("nowhere")["id"]
    for path in ("objects/{}/", "objects/{}/versions/", "objects/{}/?match[version]=all"):
        hidden, nothing = (reader.ask(path.format(ref)) for ref in (red["id"], missing))
        assert (hidden.status_code, hidden.content) == (nothing.status_code, nothing.content)
        assert code(hidden) == (404, "not-found")
    for path in ("objects/?match[id]={}", "manifest/?match[id]={}"):
        assert reader.ask(path.format(red["id"])).content == reader.ask(path.format(missing)).content == b"{}"
    assert reader.ids() == [indicator("amber")["id"]]


def test_what_names_an_observable_that_stays_is_not_given(agreed, reader):
    address = {"type": "ipv4-addr", "spec_version": "2.1", "value": "198.51.100.7",
               "id": "ipv4-addr--11111111-2222-5333-8444-555555555555",
               "object_marking_refs": indicator("x", Tlp.RED)["object_marking_refs"]}  # fmt: skip
    naming = made("report", "r", object_refs=[address["id"]], published="2026-11-20T06:30:00Z")
    own_work(agreed.world, address, naming, indicator("plain"))
    assert reader.ids() == [indicator("plain")["id"]]
    assert code(reader.ask(f"objects/{naming['id']}/")) == (404, "not-found")


def test_an_older_version_of_what_was_tightened_is_not_given(agreed, reader):
    one = indicator("one")
    own_work(agreed.world, one)
    assert reader.ids() == [one["id"]]
    tightened = one | {
        "modified": "2026-11-21T06:30:00.000Z",
        "object_marking_refs": indicator("one", Tlp.RED)["object_marking_refs"],
    }
    own_work(agreed.world, tightened)
    assert reader.ids() == reader.ids("match[version]=all") == []
    assert code(reader.ask(f"objects/{one['id']}/")) == (404, "not-found")


def test_who_is_let_in(agreed, reader):
    assert code(reader.ask("", Authorization="Bearer " + "A" * 43)) == (401, "wire.unknown-token")
    assert code(reader.ask("", Authorization="Basic nonsense")) == (401, "wire.unknown-token")
    assert code(reader.ask("", Authorization="Digest x")) == (401, "wire.unknown-token")
    assert reader.ask("", Authorization=reader.basic).status_code == 200
    other = Reader(reader.collection, "someone", reader.token, reader.party)
    refused = other.ask("", Authorization=other.basic)
    assert code(refused) == (401, "wire.unknown-token")
    assert "Basic" in refused.headers["WWW-Authenticate"]
    assert code(knock(None, "GET", reader.address)) == (401, "wire.unsigned")
    assert knock(agreed.far, "GET", reader.address).status_code == 200
    account = TaxiiAccount.objects.get()
    assert account.last_used is not None
    end_account(actor=agreed.world.administrator, key=account.pk, now=NOW)
    assert code(reader.ask("")) == (401, "wire.unknown-token")


def test_a_suspended_partner_is_not_let_in(agreed, reader):
    Partner.objects.update(state="suspended")
    assert code(reader.ask("objects/")) == (403, "partner.suspended")


def test_observers_see_no_root(agreed, reader):
    agreed.party.kind = "observer"
    agreed.party.save()
    assert code(reader.ask("objects/")) == (404, "not-found")
    assert "api_roots" not in reader.get("/taxii2/")


def test_media_types(reader):
    assert code(reader.ask("", Accept="text/html")) == (406, "wire.not-acceptable")
    assert code(reader.ask("", Accept="application/taxii+json;version=2.0")) == (406, "wire.not-acceptable")
    assert reader.ask("", Accept="application/taxii+json").status_code == 200
    assert code(reader.post(indicator("a"), Content_Type="application/json")) == (415, "wire.media-type")


def test_methods(reader):
    assert reader.ask("", "POST").status_code == 405
    assert reader.ask("objects/", "DELETE").status_code == 405
    assert reader.ask("objects/", "HEAD").status_code == 405
    assert reader.ask("manifest/", "PUT").headers["Allow"] == "GET"


def test_other_roots(reader):
    other = "/taxii2/11111111-2222-4333-8444-555555555555/collections/"
    assert code(reader.ask(other)) == (404, "not-found")


def test_rates(reader, monkeypatch):
    monkeypatch.setattr(callers, "RATE", 2)
    cache.clear()
    answers = [reader.ask("").status_code for _ in range(4)]
    assert answers[:2] == [200, 200]
    assert 429 in answers
    monkeypatch.setattr(callers, "FAILURES", 1)
    wrong = [reader.ask("", Authorization="Bearer " + "A" * 43).status_code for _ in range(3)]
    assert wrong[0] == 401
    assert 429 in wrong


def test_posting(agreed, reader):
    ours, theirs = indicator("ours"), indicator("theirs", Tlp.GREEN)
    own_work(agreed.world, ours)
    broken = indicator("broken") | {"id": "indicator--1"}
    told = reader.posted(ours, theirs, broken, 7, theirs | {"confidence": 5})
    assert (told["status"], told["total_count"]) == ("complete", 5)
    assert [each["id"] for each in told["successes"]] == [ours["id"], theirs["id"]]
    assert [(each["id"], each["message"].partition(":")[0]) for each in told["failures"]] == [
        ("indicator--1", "malformed"), ("unreadable", "malformed"), (theirs["id"], "share.contradiction"),
    ]  # fmt: skip
    assert [each["version"] for each in told["failures"]] == [broken["modified"], "", theirs["modified"]]
    kept = StixObject.objects.select_related("handling", "brought").get(ref=theirs["id"])
    assert kept.brought is not None
    assert (kept.source, kept.brought.form, kept.brought.by_name) == (
        agreed.party,
        "taxii",
        agreed.party.name,
    )
    assert kept.handling.facts["origin_terms"] is not None
    assert entries("content-posted")[0]["count"] == 5
    assert reader.get(f"{reader.root}status/{told['id']}/") == told


def test_posting_again_is_success(reader):
    first, again = (reader.posted(indicator("a", Tlp.GREEN)) for _ in range(2))
    assert first["successes"] == again["successes"]
    assert StixObject.objects.count() == 1


def test_statuses_are_for_the_poster(agreed, reader):
    told = reader.posted(indicator("a", Tlp.GREEN))
    party = agreed.world.befriend(FarNode("CERT Sylvania", "FR", "http://syl.example/")).party
    other = reader_of(agreed, reader.collection, party, "another")
    assert code(other.ask(f"{reader.root}status/{told['id']}/")) == (404, "not-found")


def test_without_an_agreement_only_clear_comes_in(sides):
    reader = reader_of(sides, opened(sides.world, may_post=True))
    told = reader.posted(indicator("clear", Tlp.CLEAR), indicator("green", Tlp.GREEN))
    assert [each["id"] for each in told["successes"]] == [indicator("clear")["id"]]
    assert told["failures"][0]["message"].startswith("share.no-basis: ")


def test_what_is_no_post(agreed, reader, settings):
    for body in (b"[]", b"{}", b'{"objects":[]}', b'{"objects":[{]}', b"\xff"):
        assert code(reader.ask("objects/", "POST", body)) == (422, "malformed")
    assert code(reader.ask("objects/?limit=1", "POST", b"[]")) == (400, "malformed")
    long = canonical({"objects": [indicator("x", description="x" * settings.CONFIG.max_content_length)]})
    assert code(reader.ask("objects/", "POST", long)) == (413, "too-large")
    read_only = reader_of(agreed, opened(agreed.world), name="other")
    assert code(read_only.post(indicator("a", Tlp.GREEN))) == (403, "refused")
    assert code(read_only.ask(f"objects/{indicator('a')['id']}/", "DELETE")) == (403, "refused")
    assert StixObject.objects.count() == 0


def test_taking_back_what_was_posted(agreed, reader):
    ours, theirs = indicator("ours"), indicator("theirs", Tlp.GREEN)
    own_work(agreed.world, ours)
    from_elsewhere(agreed.world, indicator("brought", Tlp.GREEN), party=agreed.party)
    newer = theirs | {"modified": "2026-11-20T07:00:00.000Z"}
    reader.posted(theirs, newer)
    red = indicator("red", Tlp.RED)
    own_work(agreed.world, red)
    assert code(reader.ask(f"objects/{ours['id']}/", "DELETE")) == (403, "refused")
    hidden, missing = (
        reader.ask(f"objects/{other['id']}/", "DELETE") for other in (red, indicator("nowhere"))
    )
    assert code(hidden) == code(missing) == (404, "not-found")
    assert hidden.content == missing.content
    assert code(reader.ask(f"objects/{indicator('brought')['id']}/", "DELETE")) == (404, "not-found")
    path = f"objects/{theirs['id']}/"
    assert reader.ask(f"{path}?match[version]={newer['modified']}", "DELETE").status_code == 200
    assert StixObject.objects.get(ref=theirs["id"]).latest is True
    assert reader.ask(path, "DELETE").status_code == 200
    assert not StixObject.objects.filter(ref=theirs["id"]).exists()
    assert [each["versions"] for each in entries("content-withdrawn")] == [1, 1]
    assert StixObject.objects.count() == 3


@pytest.mark.parametrize("address", ["collections", "collections/all", "nothing/", "collections/all/object/"])
def test_an_address_that_is_none(reader, address):
    reply = reader.ask(address, root=True)
    assert reply.headers["Content-Type"] == MEDIA_TYPE
    assert code(reply) == (404, "not-found")
