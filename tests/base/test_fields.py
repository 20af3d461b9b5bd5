"""Reading members: each refusal names the member."""

import re
from datetime import UTC, date, datetime
from enum import Enum

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import MAX_PROSE, Fields

VALUE = {
    "t": "abc",
    "n": 3,
    "b": True,
    "l": ["x", "y"],
    "o": {"i": 1},
    "os": [{"i": 1}],
    "at": "2026-11-22T03:00:00Z",
    "ms": "2026-11-22T03:00:00.000Z",
    "day": "2026-11-22",
    "c": "red",
    "cs": ["red", "green"],
    "null": None,
}


class Colour(Enum):
    RED = "red"
    GREEN = "green"


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
    assert (fields.day("day"), fields.nullable(fields.day, "day")) == (date(2026, 11, 22),) * 2
    assert fields.nullable(fields.day, "gone") is fields.nullable(fields.day, "null") is None
    assert fields.prose("t") == "abc"
    assert fields.all_prose("l") == {"x", "y"}
    assert (fields.word("c", {"red": 1}), fields.choice("c", Colour)) == (1, Colour.RED)
    assert fields.choices("cs", Colour) == {Colour.RED, Colour.GREEN}
    fields.exactly("n", 3)
    assert fields.moment("ms") == fields.optional_moment("ms") == fields.time("at")
    assert fields.optional_moment("gone") is None
    assert fields.rest() == {"later": [1]}
    fields.absent("gone", "must be absent.")
    with pytest.raises(Malformed, match="/here/later: is not known here"):
        fields.nothing_else()
    assert fields.everything() == VALUE | {"later": [1]}
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
        (lambda f: f.moment("at"), "/at"),
        (lambda f: f.day("t"), "/t"),
        (lambda f: f.nullable(f.day, "t"), "/t"),
        (lambda f: f.nullable(f.day, "n"), "/n"),
        (lambda f: f.prose("n"), "/n"),
        (lambda f: f.all_prose("os"), "/os/0"),
        (lambda f: f.word("t", {"red": 1}), "/t"),
        (lambda f: f.choice("l", Colour), "/l"),
        (lambda f: f.choices("l", Colour), "/l/0"),
    ],
)
def test_refusals_name_the_member(read, where):
    with pytest.raises(Malformed) as refused:
        read(Fields(VALUE))
    assert refused.value.where == where
    assert type(refused.value) is Malformed


@pytest.mark.parametrize(
    "read",
    [
        lambda f: f.text("t", limit=2),
        lambda f: f.list("l", most=1),
        lambda f: Fields({"p": "x" * (MAX_PROSE + 1)}).prose("p"),
    ],
)
def test_bounds(read):
    with pytest.raises(TooLarge):
        read(Fields(VALUE))


@pytest.mark.parametrize(
    "read", [lambda f: f.distinct_texts("l"), lambda f: f.all_prose("l"), lambda f: f.choices("l", Colour)]
)
def test_the_same_thing_twice(read):
    with pytest.raises(Malformed, match="twice"):
        read(Fields({"l": ["red", "red"]}))


@pytest.mark.parametrize("day", ["2026-02-30", "2026-1-1", "20260101", "٢026-01-01", "2026-01-01\n"])
def test_no_days(day):
    with pytest.raises(Malformed, match="is not a day"):
        Fields({"d": day}).day("d")


def test_prose_that_says_nothing():
    with pytest.raises(Malformed, match="must not be empty"):
        Fields({"p": " \n"}).prose("p")


def test_not_an_object():
    with pytest.raises(Malformed, match="the document"):
        Fields([])
