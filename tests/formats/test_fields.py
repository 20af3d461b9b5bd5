"""Reading members: each refusal names the member."""

import re
from datetime import UTC, datetime

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.formats.fields import Fields
from comity.formats.times import decode_time, encode_time

VALUE = {
    "t": "abc",
    "n": 3,
    "b": True,
    "l": ["x", "y"],
    "o": {"i": 1},
    "os": [{"i": 1}],
    "at": "2026-11-22T03:00:00Z",
}


def test_reads_each_kind_and_knows_the_rest():
    fields = Fields(VALUE | {"later": [1]}, "/here")
    assert fields.text("t", form=re.compile("[a-c]+")) == "abc"
    assert fields.number("n") == 3
    assert fields.truth("b") is True
    assert fields.texts("l") == fields.distinct_texts("l") == ("x", "y")
    assert fields.object("o").number("i") == 1
    assert [each.where for each in fields.objects("os")] == ["/here/os/0"]
    assert fields.time("at") == fields.optional_time("at") == datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert fields.optional_text("gone") is None
    assert fields.optional_time("gone") is None
    assert fields.rest() == {"later": [1]}
    fields.absent("gone", "must be absent.")
    with pytest.raises(Malformed, match="/here/later: is not known here"):
        fields.nothing_else()


@pytest.mark.parametrize(
    ("read", "where"),
    [
        (lambda f: f.text("gone"), "/gone"),
        (lambda f: f.text("n"), "/n"),
        (lambda f: f.text("t", form=re.compile("[a-b]+")), "/t"),
        (lambda f: f.number("b"), "/b"),
        (lambda f: f.number("n", most=2), "/n"),
        (lambda f: f.number("n", least=4), "/n"),
        (lambda f: f.truth("n"), "/n"),
        (lambda f: f.texts("os"), "/os/0"),
        (lambda f: f.list("t"), "/t"),
        (lambda f: f.list("l", least=3), "/l"),
        (lambda f: f.object("l"), "/l"),
        (lambda f: f.objects("l"), "/l/0"),
        (lambda f: f.object("o").text("i"), "/o/i"),
        (lambda f: f.exactly("b", 1), "/b"),
        (lambda f: f.exactly("t", "abd"), "/t"),
        (lambda f: f.absent("t", "must be absent."), "/t"),
        (lambda f: f.time("t"), "/t"),
    ],
)
def test_refusals_name_the_member(read, where):
    with pytest.raises(Malformed) as refused:
        read(Fields(VALUE))
    assert refused.value.where == where
    assert type(refused.value) is Malformed


@pytest.mark.parametrize("read", [lambda f: f.text("t", limit=2), lambda f: f.list("l", most=1)])
def test_bounds(read):
    with pytest.raises(TooLarge):
        read(Fields(VALUE))


def test_the_same_thing_twice():
    with pytest.raises(Malformed, match="twice"):
        Fields({"l": ["x", "x"]}).distinct_texts("l")


def test_not_an_object():
    with pytest.raises(Malformed, match="the document"):
        Fields([])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-22T03:00:00Z", "2026-11-22T03:00:00.000Z"),
        ("2026-11-22T03:00:00.1234567Z", "2026-11-22T03:00:00.123Z"),
        ("2026-11-22T03:00:00.5Z", "2026-11-22T03:00:00.500Z"),
    ],
)
def test_times(text, written):
    assert encode_time(decode_time(text, "/at")) == written


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T03:00:00",
        "2026-11-22T03:00:00+00:00",
        "2026-11-22T03:00:00.Z",
        "2026-11-22T03:00:00.00000000000000000000Z",
        "2026-13-22T03:00:00Z",
        "2026-11-22T23:59:60Z",
        "0000-11-22T03:00:00Z",
        "2026-11-22t03:00:00z",
        "2026-11-22 03:00:00Z",
        "٢026-11-22T03:00:00Z",
        "2026-11-22T03:00:00Z\n",
    ],
)
def test_other_forms_of_time_are_refused(text):
    with pytest.raises(Malformed, match="RFC 3339"):
        decode_time(text, "/at")
