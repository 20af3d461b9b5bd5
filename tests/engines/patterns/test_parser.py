"""The parser against the grammar: round trips, spellings, bounds, errors that say where and what."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.engines.patterns import lexer, parser
from comity.engines.patterns.ast import (
    ANY,
    Boolean,
    Comparison,
    ComparisonAnd,
    ComparisonOr,
    Float,
    FollowedBy,
    Integer,
    ObjectPath,
    Observation,
    ObservationAnd,
    ObservationOr,
    Operator,
    Qualified,
    Repeats,
    Text,
    Timestamp,
    Within,
)
from comity.engines.patterns.parser import parse, parse_by_grammar
from comity.engines.patterns.text import pattern_text
from tests.engines.patterns import anything

A, B, C = (f"[a:b = {number}]" for number in (1, 2, 3))


def comparison(text):
    pattern = parse(f"[{text}]")
    assert isinstance(pattern, Observation)
    return pattern.test


@pytest.mark.slow
@anything.unhurried
@given(anything.patterns)
def test_the_text_of_any_tree_parses_to_that_tree(pattern):
    text = pattern_text(pattern)
    assert parse(text) == pattern
    assert repr(parse(text)) == repr(pattern)  # 0.0 and -0.0 are equal, but not the same
    assert pattern_text(parse(text)) == text


@pytest.mark.slow
@anything.unhurried
@given(st.data(), anything.patterns)
def test_space_and_comments_change_nothing(data, pattern):
    text = data.draw(anything.spellings(pattern_text(pattern)))
    assert parse(text) == pattern


@anything.unhurried
@given(anything.nearly | st.text() | st.characters())
def test_any_text_gives_a_tree_or_says_where_it_is_wrong(text):
    found = outcome(parse, text)
    if isinstance(found, str):
        assert re.fullmatch(r"line [0-9]+, column [0-9]+: .*\.", found, re.DOTALL)
    else:
        assert parse(pattern_text(found)) == found


@pytest.mark.slow
@anything.unhurried
@given(st.data(), anything.patterns)
def test_the_short_cut_reads_what_the_grammar_reads(data, pattern):
    text = data.draw(anything.damaged(pattern_text(pattern)))
    assert outcome(parse, text) == outcome(parse_by_grammar, text)


@anything.unhurried
@given(st.data(), st.builds(Observation, anything.comparisons))
def test_the_short_cut_reads_single_comparisons_as_the_grammar_does(data, pattern):
    text = data.draw(anything.spellings(pattern_text(pattern)))
    assert outcome(parse, text) == outcome(parse_by_grammar, text) == pattern


def outcome(read, text):
    try:
        return read(text)
    except Malformed as error:
        return str(error)


def test_and_binds_closer_than_or_and_or_closer_than_followedby():
    one, two, three = (parse(text) for text in (A, B, C))
    assert parse(f"{A} OR {B} AND {C}") == ObservationOr((one, ObservationAnd((two, three))))
    assert parse(f"{A} FOLLOWEDBY {B} OR {C}") == FollowedBy((one, ObservationOr((two, three))))
    assert parse(f"({A} FOLLOWEDBY {B}) OR {C}") == ObservationOr((FollowedBy((one, two)), three))
    x, y, z = (comparison(text) for text in ("a:b = 'x'", "a:b = 'y'", "a:b = 'z'"))
    assert comparison("a:b = 'x' OR a:b = 'y' AND a:b = 'z'") == ComparisonOr((x, ComparisonAnd((y, z))))
    assert comparison("(a:b = 'x' OR a:b = 'y') AND a:b = 'z'") == ComparisonAnd((ComparisonOr((x, y)), z))


def test_chains_of_one_operator_are_flat_and_parentheses_nest():
    one, two, three = (parse(text) for text in (A, B, C))
    assert parse(f"{A} AND {B} AND {C}") == ObservationAnd((one, two, three))
    assert parse(f"{A} AND ({B} AND {C})") == ObservationAnd((one, ObservationAnd((two, three))))
    assert parse(f"(({A}))") == one


def test_a_qualifier_binds_to_the_observation_before_it():
    one, two = parse(A), parse(B)
    assert parse(f"{A} AND {B} WITHIN 5 SECONDS") == ObservationAnd((one, Qualified(two, Within(5.0))))
    assert parse(f"({A} AND {B}) WITHIN 5 SECONDS") == Qualified(ObservationAnd((one, two)), Within(5.0))
    assert parse(f"{A} REPEATS 2 TIMES WITHIN .5 SECONDS") == Qualified(
        Qualified(one, Repeats(2)), Within(0.5)
    )


def test_constants_of_different_types_are_different():
    constants = [comparison(f"a:b = {text}").value for text in ("1", "1.0", "true")]
    assert constants == [Integer(1), Float(1.0), Boolean(value=True)]
    assert len(set(constants)) == 3


def test_a_path_leads_through_lists_references_and_quoted_keys():
    path = comparison("file:extensions.'windows-pebinary-ext'.sections[*].hashes.'SHA-256'[2] = 'x'").path
    steps = ("extensions", "windows-pebinary-ext", "sections", ANY, "hashes", "SHA-256", 2)
    assert path == ObjectPath("file", steps)


def test_only_a_quote_and_a_backslash_are_escaped():
    assert comparison(r"a:b = 'it\'s C:\\x'").value == Text(r"it's C:\x")
    with pytest.raises(Malformed, match="only"):
        parse(r"[a:b = '\n']")


@pytest.mark.parametrize("name", sorted(lexer.KEYWORDS))
def test_words_of_the_language_are_names_only_in_quotes(name):
    for text in (f"[{name}:b = 'x']", f"[a:{name} = 'x']", f"[a:b.{name} = 'x']"):
        with pytest.raises(Malformed, match="expected"):
            parse(text)
    assert comparison(f"a:'{name}' = 'x'") == Comparison(ObjectPath("a", (name,)), Operator.EQUAL, Text("x"))


def test_a_time_has_a_moment_to_the_microsecond():
    assert Timestamp("2026-05-03T12:00:01.25Z").moment.isoformat() == "2026-05-03T12:00:01.250000+00:00"
    assert Timestamp("2016-12-31T23:59:60Z").moment.isoformat() == "2017-01-01T00:00:00+00:00"
    assert Timestamp("2026-05-03T12:00:01.9999999Z").moment.microsecond == 999999


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("", "line 1, column 1", "an observation in [ ] or `(` is expected; found the end of the pattern."),
        ("file:size = 1280", "line 1, column 1", "an observation in [ ] or `(` is expected; found `file`."),
        ("[file.size = 1]", "line 1, column 6", "`:` and a property are expected; found `.`."),
        ("[a:b\n= ]", "line 2, column 3", "a constant such as 'text', 12, true or t'2026"),
        ("[a:b = h'f']", "line 1, column 8", "pairs of hexadecimal digits; found `h`."),
        ("[a:b = b'=']", "line 1, column 8", "base64 with its padding; found `b`."),
        ("[a:b = t'2026-05-03']", "line 1, column 8", "a time is written as t'2026-05-03T12:00:00Z'"),
        ("[a:b = x]", "line 1, column 8", "a constant such as"),
        ("[a:b-c = 1]", "line 1, column 4", "the name of a property is expected (one with a hyphen"),
        ("[a:b[x] = 1]", "line 1, column 6", "the index of an item, or *, is expected"),
        ("[a:b[1 = 1]", "line 1, column 8", "`]` is expected"),
        ("[a:b]", "line 1, column 5", "an operator such as =, IN or LIKE is expected; found `]`."),
        ("[a:b EXISTS]", "line 1, column 6", "an operator such as"),
        ("[NOT a:b = 1]", "line 1, column 6", "EXISTS and an object path are expected; found `a`."),
        ("[a:b < true]", "line 1, column 8", "a constant that has an order is expected; found `true`."),
        ("[a:b LIKE 5]", "line 1, column 11", "a text in quotes is expected; found `5`."),
        ("[a:b IN 5]", "line 1, column 9", "a set such as ('a', 'b') is expected; found `5`."),
        ("[a:b IN (5 6)]", "line 1, column 12", "`,` or `)` is expected; found `6`."),
        ("[a:b = 1", "line 1, column 9", "AND, OR or `]` is expected; found the end of the pattern."),
        ("[(a:b = 1]", "line 1, column 10", "`)` is expected; found `]`."),
        (f"{A} and {B}", "line 1, column 11", "AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end"),
        (f"{A} WITHIN 5 HOURS", "line 1, column 20", "SECONDS is expected; found `HOURS`."),
        (f"{A} WITHIN -5 SECONDS", "line 1, column 18", "a positive number of seconds is expected"),
        (f"{A} WITHIN 0 SECONDS", "line 1, column 18", "a positive number of seconds is expected"),
        (f"{A} REPEATS 0 TIMES", "line 1, column 19", "a positive whole number is expected"),
        (f"{A} REPEATS 1.5 TIMES", "line 1, column 19", "a positive whole number is expected"),
        (f"{A} REPEATS 2", "line 1, column 20", "TIMES is expected; found the end of the pattern."),
        (f"{A} START 'x'", "line 1, column 17", "a time such as t'2026-05-03T12:00:00Z' is expected"),
        (f"{A} START t'2026-01-01T00:00:00Z'", "line 1, column 40", "STOP and a time are expected"),
        ("[a:b = t'2023-02-29T00:00:00Z']", "line 1, column 8", "a day that is in the calendar is expected"),
        ("[a:b = t'0000-02-01T00:00:00Z']", "line 1, column 8", "a day that is in the calendar is expected"),
        ("[a:b = t'9999-12-31T23:59:60Z']", "line 1, column 8", "a day that is in the calendar is expected"),
        ("[" + "x" * 50 + "]", "line 1, column 52", "`:` and a property are expected"),
        ("[a:b = " + "x" * 50 + "]", "line 1, column 8", f"found `{'x' * 39}…`."),
        (
            f"{A} WITHIN 5 SECONDS WITHIN 6 SECONDS",
            "line 1, column 28",
            "has a qualifier of this kind already.",
        ),
    ],
)
def test_an_error_says_where_and_what_should_have_stood_there(text, where, problem):
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert caught.value.where == where
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(" * 10_000 + A + ")" * 10_000, f"nested deeper than {parser.DEEPEST} levels"),
        ("[" + "(" * 10_000 + "a:b = 1" + ")" * 10_000 + "]", f"nested deeper than {parser.DEEPEST} levels"),
        ("[a:b = '" + "x" * lexer.LONGEST_PATTERN + "']", "characters; at most 1,048,576 are read"),
        ("[" + " OR ".join(["a:b = 'x'"] * 20_001) + "]", "more than 20,000 comparisons"),
        ("[a:b IN (" + ",".join("1" * 20_001) + ")]", "more than 20,000 comparisons"),
        ("[a:b" + ".c" * 50 + " = 1]", "a path of more than 50 steps"),
        ("[a:b = " + "1" * 65 + "]", "a number longer than 64 characters"),
        (f"({A})" + " REPEATS 2 TIMES" * 9, "more than 8 qualifiers of one expression"),
    ],
    ids=["observations", "comparisons", "length", "chain", "set", "path", "number", "qualifiers"],
)
def test_every_bound_is_named_in_its_error(text, problem):
    with pytest.raises(TooLarge, match=problem):
        parse(text)


def test_the_deepest_pattern_is_read_and_written():
    nested = "a:b = 1"
    for depth in range(parser.DEEPEST // 2):
        nested = f"(a:b = 2 {('AND', 'OR')[depth % 2]} {nested})"
    text = f"[{nested}]"
    for depth in range(parser.DEEPEST // 2):
        text = f"({A} {('AND', 'OR', 'FOLLOWEDBY')[depth % 3]} {text})"
        text += " REPEATS 2 TIMES" * parser.MOST_QUALIFIERS
    pattern = parse(text)
    assert parse(pattern_text(pattern)) == pattern


@pytest.mark.parametrize(
    "text", ["'" * 10**6, "/*" * 500_000, "[a:b = '" + "\\'" * 500_000, "[a:" + "'x" * 500_000]
)
def test_a_megabyte_that_never_ends_is_refused_in_one_pass(text):
    with pytest.raises(Malformed):  # the time limit of the tests is the bound: going back would take hours
        parse(text)
