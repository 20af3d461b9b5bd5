"""The parser against that of OASIS; where the two differ, the standard's text decides, and is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2patterns.exceptions import ParseException  # type: ignore[import-untyped]  # it carries no types
from stix2patterns.inspector import INDEX_STAR  # type: ignore[import-untyped]
from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]

from comity.base.errors import Malformed
from comity.engines.patterns.ast import ANY, Comparison
from comity.engines.patterns.doubts import doubts
from comity.engines.patterns.parser import parse, parse_by_grammar
from comity.engines.patterns.text import pattern_text
from tests.engines.patterns import anything

CORPUS = [
    json.loads(line) for line in (Path(__file__).parent / "corpus/patterns.jsonl").read_text().splitlines()
]

# What the grammar lets pass and the standard does not: STIX 2.1, section 9, on qualifiers (repetitions and
# seconds are positive, an observation has one qualifier of a kind), and its type timestamp with RFC 3339,
# section 5.7 (the day is one that there is). The year 0000 is refused because none can reckon with it here.
STANDARD = (
    "a positive whole number is expected",
    "a positive number of seconds is expected",
    "the observation has a qualifier of this kind already",
    "a day that is in the calendar is expected",
)


def refusal(text):
    try:
        parse(text)
    except Malformed as error:
        return error.problem
    return None


@pytest.mark.parametrize("case", CORPUS, ids=range(len(CORPUS)))
def test_the_corpus_is_read_as_the_official_parser_reads_it(case):
    problem = refusal(case["pattern"])
    if case["grammar"] and problem:
        assert problem.startswith(STANDARD)
    else:
        assert case["grammar"] == (problem is None)


@pytest.mark.parametrize(
    "case",
    [case for case in CORPUS if case["grammar"] and case["validator"] is False],
    ids=lambda case: case["pattern"],
)
def test_what_the_official_validator_adds_to_its_grammar_is_refused_or_doubted(case):
    if case["pattern"].startswith("/*"):  # it wants a bracket first; the grammar allows a comment anywhere
        assert parse(case["pattern"]) == parse("[a:b = 1]")
    else:
        assert refusal(case["pattern"]) or doubts(parse(case["pattern"]))


@pytest.mark.parametrize(
    "case", [each for each in CORPUS if each["from"] not in {"own", "oasis"}], ids=range(64)
)
def test_real_patterns_survive_a_round_trip_and_raise_no_doubt(case):
    pattern = parse(case["pattern"])
    assert parse(pattern_text(pattern)) == pattern == parse_by_grammar(case["pattern"])
    assert not doubts(pattern)


SPELLINGS = {"==": "=", "<>": "!="}
# The official inspector fails on an index below zero.
INSPECTED = [
    each["pattern"] for each in CORPUS if refusal(each["pattern"]) is None and "[-1]" not in each["pattern"]
]


@pytest.mark.parametrize("text", INSPECTED)
def test_the_official_inspector_finds_the_same_comparisons(text):
    theirs = [
        (kind, tuple("*" if step is INDEX_STAR else step for step in path), *operator.rpartition("NOT ")[1:])
        for kind, tests in Pattern(text).inspect().comparisons.items()
        for path, operator, _ in tests
    ]
    assert sorted(
        (kind, path, bool(negated), SPELLINGS.get(word, word)) for kind, path, negated, word in theirs
    ) == ours(parse(text))


def ours(pattern):
    """The comparisons as the inspector has them: a set counts once, and EXISTS is left out."""
    tests = [node for node in nodes(pattern) if isinstance(node, Comparison)]
    return sorted(
        (
            each.path.object_type,
            tuple("*" if step is ANY else step for step in each.path.steps),
            each.negated,
            each.operator.value,
        )
        for each in tests
        if each.value is not None
    )


def nodes(node):
    yield node
    inner = getattr(node, "parts", None) or [getattr(node, "test", None) or getattr(node, "expression", None)]
    for each in inner if inner != [None] else []:
        yield from nodes(each)


def official(text):
    try:
        Pattern(text)
    except ParseException:
        return False
    except UnboundLocalError:  # it loses the message of some errors on the way
        return False
    return True


@pytest.mark.slow
@settings(anything.unhurried, max_examples=60)
@given(anything.patterns)
def test_what_we_write_the_official_parser_reads(pattern):
    assert official(pattern_text(pattern))


@pytest.mark.slow
@settings(anything.unhurried, max_examples=150)
@given(st.data())
def test_what_is_nearly_a_pattern_is_judged_alike(data):
    whole = data.draw(anything.patterns.map(pattern_text))
    text = data.draw(anything.damaged(whole) | anything.nearly)
    problem = refusal(text)
    if official(text):
        assert problem is None or problem.startswith(STANDARD)
    else:
        assert problem is not None
