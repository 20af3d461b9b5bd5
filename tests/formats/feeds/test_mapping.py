"""What a mapping may say, and what is made of rows in each of the forms."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.formats.feeds.entries import Doubts, Entry, entries, read_time
from comity.formats.feeds.kinds import ValueKind, plain
from comity.formats.feeds.mapping import Form, Gone, Mapping
from comity.formats.feeds.objects import Says, ended, object_of
from comity.formats.feeds.rows import Unread
from comity.formats.feeds.unpacking import refuse_page, unpacked
from comity.formats.stix import StixObject

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SAYS = Says(author="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001", feed="1", name="A feed")


def read(text: str | bytes, form: Form, /, **mapping: Any) -> list[Entry | Unread]:
    body = text.encode() if isinstance(text, str) else text
    return list(entries(body, Mapping.decode(mapping, form), now=NOW))


def values(text: str | bytes, form: Form, /, **mapping: Any) -> list[str]:
    return [each.value if isinstance(each, Entry) else each.why for each in read(text, form, **mapping)]


@pytest.mark.parametrize(
    ("text", "mapping", "found"),
    [
        ("# a\n1.0.0.1\n\n 2.0.0.2 \r\n", {}, ["1.0.0.1", "2.0.0.2"]),
        ("; x\n1.0.0.0/24 ; SBL1\n", {"comment": ";", "remark": ";"}, ["1.0.0.0/24"]),
        ("1.0.0.1:443\n[2001:db9::1]:8080", {}, ["1.0.0.1:443", "[2001:db9::1]:8080"]),
        ("hxxp://bad[.]example/x\n", {"defanged": True}, ["http://bad.example/x"]),
        ("BAD.example.\n", {"type": "domain"}, ["bad.example"]),
        ("\xff\n".encode("latin-1") + b"a.example\n", {}, ["is not UTF-8.", "a.example"]),
        ("a\0b\n", {}, ["holds the character NUL."]),
        ("a" * 70_000, {}, ["is longer than 65,536 bytes."]),
        ("10.1.2.3\n0.0.0.0/0\n", {"type": "address"}, ["is no address that can be looked for."] * 2),
        ("\ufeffa.example", {}, ["a.example"]),
    ],
)
def test_plain_lists(text, mapping, found):
    assert values(text, Form.LINES, **mapping) == found


@pytest.mark.parametrize(
    ("text", "mapping", "found"),
    [
        ("host,seen\na.example,x\n", {"value": "host"}, ["a.example"]),
        ('# id, host\n"1", "a.example"\n', {"value": "host", "columns": ["id", "host"]}, ["a.example"]),
        ("127.0.0.1 \t a.example", {"value": "h", "columns": ["ip", "h"], "separator": " "}, ["a.example"]),
        ('h\n"a.example"x\n', {"value": "h"}, ["is no row of a table: ',' expected after '\"'."]),
        ("1\n", {"value": "h", "columns": ["id", "h"]}, ["has 1 columns where 2 are expected."]),
        (
            "h,s\na.example,on\nb.example,off\n", {"value": "h", "only": {"s": ["on"]}}, ["a.example"],
        ),
        ("h,s\na.example,on\n", {"value": "h", "leave": {"s": ["on"]}}, []),
        (
            "t,v\nip,1.0.0.1\nmd5,x\nodd,y\n",
            {"value": "v", "type": {"column": "t", "words": {"ip": "address", "md5": "digest"}}},
            ["1.0.0.1", "is no digest that can be looked for.", "is of the type 'odd', which is not mapped."],
        ),
    ],
)  # fmt: skip  # one case to an entry
def test_tables(text, mapping, found):
    assert values(text, Form.CSV, **mapping) == found


@pytest.mark.parametrize(
    ("document", "mapping", "found"),
    [
        ([{"ip": "1.0.0.1"}, 3], {"value": "ip"}, ["1.0.0.1", "is no object."]),
        ({"7": [{"v": "a.example"}], "8": []}, {"value": "v", "entries": "*/*"}, ["a.example"]),
        ({"x": {"y": [{"n": {"v": "a.example"}}]}}, {"value": "n/v", "entries": "x/y/*"}, ["a.example"]),
        ([{"v": None}, {"v": ["a.example", "b.example"]}], {"value": "v"}, [
            "is nothing that can be looked for.", "a.example",
        ]),
    ],
)  # fmt: skip  # one case to an entry
def test_json(document, mapping, found):
    assert values(json.dumps(document), Form.JSON, **mapping) == found


def test_json_by_line():
    text = '{"cidr":"1.0.0.0/24"}\n{bad\n[1]\n{"type":"metadata"}\n'
    found = values(text, Form.JSON, value="cidr", by_line=True, leave={"type": ["metadata"]})
    assert found[0] == "1.0.0.0/24"
    assert found[1].startswith("byte")
    assert found[2:] == ["is no object."]


@pytest.mark.parametrize(
    ("form", "mapping", "where"),
    [
        (Form.LINES, {"value": "x"}, "mapping/value"),
        (Form.CSV, {}, "mapping/value"),
        (Form.CSV, {"value": "x", "columns": ["a"]}, "mapping"),
        (Form.CSV, {"value": "x", "separator": ""}, "mapping/separator"),
        (Form.CSV, {"value": "x", "type": "nonsense"}, "mapping/type"),
        (Form.CSV, {"value": "x", "type": {"column": "t", "words": {}}}, "mapping/type/words"),
        (Form.JSON, {"value": "x", "columns": ["a"]}, "mapping/columns"),
        (Form.JSON, {"value": "x", "gone": "maybe"}, "mapping/gone"),
        (Form.JSON, {"value": "x", "labels": ["l"] * 2}, "mapping/labels"),
        (Form.LINES, {"description": "{other}"}, "mapping"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(form, mapping, where):
    with pytest.raises(Malformed) as raised:
        Mapping.decode(mapping, form)
    assert raised.value.where == where


@pytest.mark.parametrize(
    ("text", "form", "mapping"),
    [
        ("a,b\n1,2\n", Form.CSV, {"value": "c"}),
        ("[1", Form.JSON, {"value": "c"}),
        ('{"a": 1}', Form.JSON, {"value": "c", "entries": "b/*"}),
        ('{"a": 1, "a": 2}', Form.JSON, {"value": "c"}),
    ],
)
def test_what_is_not_of_its_form_at_all_is_refused(text, form, mapping):
    with pytest.raises(Malformed):
        values(text, form, **mapping)


def test_everything_that_is_said_of_a_value():
    text = (
        "v,first,until,tags,conf,who,link\n"
        'http://a.example/x,2026-11-20 06:30:00,2026-12-01T00:00:00+02:00,"elf,Mirai,None",75,ann,https://x.example/1\n'
    )
    found = read(
        text, Form.CSV, value="v", type="url", first_seen="first", valid_until="until",
        label_columns=["tags"], labels=["botnet"], confidence="conf", description="Seen by {who}",
        reference="{link}", indicator_types=["malicious-activity"], gone="keep",
    )[0]  # fmt: skip  # one mapping
    assert isinstance(found, Entry)
    assert (found.labels, found.confidence, found.description) == (
        ("botnet", "elf", "Mirai"),
        75,
        "Seen by ann",
    )
    made = object_of(found, SAYS, since=NOW, now=NOW, until=found.valid_until)
    assert (made["valid_from"], made["valid_until"]) == (
        "2026-11-20T06:30:00.000Z",
        "2026-11-30T22:00:00.000Z",
    )
    assert made["external_references"] == [{"source_name": "A feed", "url": "https://x.example/1"}]
    assert StixObject.decode(made).id == SAYS.id_of(found)


def test_parts_that_cannot_be_read_are_counted():
    doubts = Doubts()
    told = Mapping.decode({"value": "v", "confidence": "c", "first_seen": "f", "reference": "r"}, Form.CSV)
    text = b"v,c,f,r\na.example,high,soon,nowhere\n"
    (found,) = entries(text, told, now=NOW, doubts=doubts)
    assert isinstance(found, Entry)
    assert (found.confidence, found.first_seen, found.reference) == (None, None, "")
    assert len(doubts.told()) == 3


def test_what_has_ended_already_is_no_entry():
    found = values("v,u\na.example,2026-01-01\n", Form.CSV, value="v", valid_until="u")
    assert found == ["is not valid since 2026-01-01 00:00 UTC."]


def test_a_vulnerability_is_no_indicator():
    (found,) = read("cve-2026-12345\n", Form.LINES, type="cve")
    assert isinstance(found, Entry)
    made = object_of(found, SAYS, since=NOW, now=NOW, until=None)
    assert (made["type"], made["name"]) == ("vulnerability", "CVE-2026-12345")
    assert ended(made, NOW) is None


def test_an_indicator_ends_after_it_began():
    (found,) = read("a.example\n", Form.LINES)
    assert isinstance(found, Entry)
    made = object_of(found, SAYS, since=NOW, now=NOW, until=None)
    over = ended(made, NOW)
    assert over is not None
    assert (over["valid_from"], over["valid_until"]) == (
        "2026-11-22T03:00:00.000Z",
        "2026-11-22T03:00:00.001Z",
    )
    assert ended(over, NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (ValueKind.CERTIFICATE, "AB" * 20, "ab" * 20),
        (ValueKind.CERTIFICATE, ":".join(["AB"] * 20), "ab" * 20),
        (ValueKind.DIGEST, "F" * 64, "f" * 64),
        (ValueKind.EMAIL, "A@Bad.Example", "A@bad.example"),
        (ValueKind.HOST, "1.0.0.1", "1.0.0.1"),
        (ValueKind.ADDRESS, "1.0.0.7/24", "1.0.0.0/24"),
        (ValueKind.ADDRESS_PORT, "1.0.0.1:70000", None),
        (ValueKind.DOMAIN, "localhost", None),
        (ValueKind.DOMAIN, "1.2.3", None),
        (ValueKind.URL, "javascript:alert(1)", None),
        (ValueKind.CVE, "CVE-26-1", None),
    ],
)
def test_values_are_written_plainly(kind, text, found):
    told = plain(kind, text)
    assert (told and told[1]) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-22 03:00:00", NOW),
        ("2026-11-22T03:00:00Z", NOW),
        ("2026-11-22 03:00:00 UTC", NOW),
        ("2026-11-22T05:00+02:00", NOW),
        ("1795316400", NOW),
        ("2026-11-22", NOW - timedelta(hours=3)),
        ("2026-13-01", None),
        ("yesterday", None),
    ],
)
def test_times_as_feeds_write_them(text, found):
    assert read_time(text) == found


def test_packed_files_are_opened_within_bounds():
    inner = b"a.example\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("list.txt", inner)
    assert unpacked(gzip.compress(inner) + gzip.compress(inner)) == inner * 2
    assert unpacked(gzip.compress(archive.getvalue())) == inner
    bomb = gzip.compress(b"\0" * 10_000_000)
    with pytest.raises(TooLarge):
        unpacked(bomb, most=1_000)
    for broken in (bomb[:-9], b"\x1f\x8bxx", b"PK\x03\x04xx", archive.getvalue()[:-30]):
        with pytest.raises(Malformed):
            unpacked(broken)


def test_a_zip_of_several_files_is_refused():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "a")
        file.writestr("b", "b")
    with pytest.raises(Malformed, match="2 files"):
        unpacked(archive.getvalue())


@pytest.mark.parametrize("page", [b"<!doctype HTML><html>", b" \n<html lang=en>", b"<!-- x --><html>"])
def test_pages_are_no_lists(page):
    with pytest.raises(Malformed):
        refuse_page(page)


def test_a_list_that_a_server_calls_a_page_is_one_if_nothing_in_it_is():
    refuse_page(b"1.0.0.1\n", "text/html")
    with pytest.raises(Malformed):
        refuse_page(b"<b>1.0.0.1</b>\n", "text/html")


@given(st.binary(max_size=300), st.sampled_from(Form))
def test_any_bytes_give_entries_or_a_reason(body, form):
    told = Mapping.decode({} if form is Form.LINES else {"value": "v"}, form)
    try:
        found = list(entries(unpacked(body), told, now=NOW))
    except ComityError:
        return
    for each in found:
        if isinstance(each, Entry):
            made = object_of(each, SAYS, since=NOW, now=NOW, until=None)
            assert StixObject.decode(made).id == SAYS.id_of(each)


@given(st.from_regex(r"[a-z0-9.:/@\[\]-]{1,40}", fullmatch=True))
def test_a_plain_value_is_plain_already(text):
    found = plain(ValueKind.ANY, text)
    if found is not None:
        assert plain(*found) == found


def test_gone_is_said_by_the_mapping():
    assert Mapping.decode({"gone": "keep"}, Form.LINES).gone is Gone.KEEP


_WORDS = st.sampled_from(["value", "type", "columns", "only", "gone", "labels", "entries", "comment", "x"])
_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["url", "keep", "host"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(_WORDS, _ANY, max_size=5), st.sampled_from(Form))
def test_any_json_is_a_mapping_or_refused_with_its_place(said, form):
    where = "mapping"
    try:
        Mapping.decode(said, form)
    except Malformed as error:
        where = error.where
    assert where.startswith("mapping")
