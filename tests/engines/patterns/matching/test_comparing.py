"""What a value of one type is to a constant of another, beside the matcher of OASIS.

Where the two differ, the standard decides (STIX 2.1, section 9.6.1: what cannot be compared is unequal, and
every other comparison of it false); the reason stands beside each difference.
"""

from __future__ import annotations

from typing import Any

import pytest
from stix2matcher.matcher import MatcherException, MatchListener  # type: ignore[import-untyped]  # no types
from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]  # likewise

from comity.base.errors import Malformed
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.matching.observed import observed_in
from comity.engines.patterns.parser import parse

TIME = "2026-01-01T00:00:00Z"
RAW: dict[str, list[Any]] = {
    "v": [
        "a",
        "A",
        "",
        "é",
        "e\u0301",
        "1",
        TIME,
        "2026-01-01T00:00:00.000Z",
        "10.0.0.1",
        "10.0.0.0/8",
        "a\n",
        "aXb",
        "%",
        1,
        1.0,
        0,
        True,
        False,
        -3,
        2.5,
        [1, "a"],
        {"k": "a"},
        None,
    ],
    "v_hex": ["61", "", "ff", "zz"],
    "v_bin": ["YQ=="],
}
CONSTANTS = [
    "'a'",
    "''",
    "'é'",
    "'1'",
    "1",
    "1.0",
    "true",
    "false",
    "h'61'",
    "b'YQ=='",
    f"t'{TIME}'",
    "0",
    "'10.0.0.0/8'",
    "'10.0.0.1'",
    "'10.0.0.0/24'",
    "'a_b'",
    "'%'",
    "'a%'",
    "'^a$'",
    "'a.b'",
]
OPERATORS = ["=", "!=", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]


def observed(name, raw):
    moments = {"first_observed": TIME, "last_observed": TIME, "number_observed": 1}
    return [
        {"type": "x", "id": "x--1", name: raw},
        {"type": "observed-data", "id": "observed-data--1", "object_refs": ["x--1"], **moments},
    ]


def ours(text, objects, *, usual=False):
    return any(Matcher(parse(text), usual=usual).matches(list(observed_in(objects))))


def theirs(text, objects):
    """The peer's answer; None where it breaks off with an error."""
    try:
        listener = MatchListener([{"type": "bundle", "id": "b", "objects": objects}], stix_version="2.1")
        Pattern(text).walk(listener)
        return next(listener.matched(), None) is not None
    except (MatcherException, ValueError):
        return None


def explained(operator, negated, constant, raw):
    """Why the peer answers otherwise."""
    if operator == "IN" and (type(raw) is bool or constant in {"true", "false"}):
        return "in Python's sets 1 is True, and bytes never equal a text"
    if operator == "IN":
        return "a text equals the bytes its characters stand for, as it does with `=`"
    if operator in {"<", ">", "<=", ">="} and negated:
        return "what is in no order is false, negated or not"
    if operator == "LIKE" and raw == "a\n":
        return "a pattern of LIKE fits the whole text, its line's end as well"
    return None


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("negated", ["", "NOT "])
def test_every_type_with_every_other(operator, negated):
    compared = 0
    for constant in CONSTANTS:
        value = f"({constant})" if operator == "IN" else constant
        for name, raws in RAW.items():
            text = f"[x:{name} {negated}{operator} {value}]"
            try:
                parse(text)
            except Malformed:  # the grammar has no such comparison
                continue
            for raw in raws:
                peer = theirs(text, observed(name, raw))
                own = ours(text, observed(name, raw))
                compared += peer is not None
                assert peer in {own, None} or explained(operator, negated, constant, raw), (text, raw)
    assert compared > 100


@pytest.mark.parametrize(
    ("constant", "raw"),
    [
        ("10.0.0.0/8", "::ffff:10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.1"),
        ("10.0.0[.]0/8", "10[.]0.0.1"),
    ],
)
def test_networks_are_read_as_usual_only_where_that_is_asked(constant, raw):
    inner, around = f"[x:v ISSUBSET '{constant}']", f"[x:v ISSUPERSET '{raw}']"
    assert ours(inner, observed("v", raw), usual=True)
    assert ours(around, observed("v", constant), usual=True)
    assert not ours(inner, observed("v", raw))
    assert not ours(around, observed("v", constant))


def test_a_long_url_is_not_what_its_host_is():
    long = f"http://h.example/{'a' * 3_000}"
    for sought, usual in ((long + "b", True), ("h.example", True), (long + "b", False)):
        objects = [{"type": "url", "id": "url--1", "value": long}, *observed("v", 1)]
        objects[-1]["object_refs"] = ["url--1"]
        assert not ours(f"[url:value = '{sought}']", objects, usual=usual)
        assert ours(f"[url:value = '{long}']", objects, usual=usual)
