"""What the grammar allows and the standard forbids, or what can never match."""

import pytest
from hypothesis import given

from comity.engines.patterns.doubts import doubts
from comity.engines.patterns.parser import parse
from tests.engines.patterns import anything


@pytest.mark.parametrize(
    ("pattern", "where", "problem"),
    [
        ("[file:hashes.'SHA-256' = 'f00']", "file:hashes.'SHA-256'", "'f00' is not a hash of this kind."),
        ("[file:hashes.MD5 IN ('f00')]", "file:hashes.MD5", "'f00' is not a hash of this kind."),
        ("[a:b = 1 AND c:d = 2]", "a, c", "are joined by AND, but one object has one type"),
        ("[a:b = 1 AND (c:d = 2 OR e:f = 3)]", "a, c, e", "are joined by AND, but one object has one type"),
        ("[(a:b = 1 AND a:b = 2) AND c:d = 2]", "a, c", "are joined by AND, but one object has one type"),
        ("[(a:b = 1 AND c:d = 2) AND a:b = 3]", "a, c", "are joined by AND, but one object has one type"),
        ("[a:b IN (1, 'x')]", "a:b", "is compared with constants of different types."),
        ("[a:b ISSUBSET 'x']", "a:b", "'x' is neither an address nor a network."),
        (
            "[a:b = 1] START t'2026-01-01T00:00:00Z' STOP t'2026-01-01T00:00:00.0Z'",
            "STOP t'2026-01-01T00:00:00.0Z'",
            "is not after START: nothing can match.",
        ),
    ],
)
def test_a_doubt_names_the_part_and_the_problem(pattern, where, problem):
    for text in (pattern, f"[a:b = 1] FOLLOWEDBY ({pattern})"):
        (doubt,) = doubts(parse(text))
        assert doubt.where == where
        assert doubt.problem.startswith(problem)


@pytest.mark.parametrize(
    "pattern",
    [
        "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
        "[file:hashes.MD5 LIKE 'd4%']",
        "[file:hashes.'own' = 'x']",
        "[file:hashes[*] = 'x']",
        "[file:MD5 = 'x']",
        "[a:b = 1 AND (c:d = 2 OR a:f = 3)]",
        "[a:b = 1 OR c:d = 2]",
        "[a:b IN (1, 1.5)]",
        "[a:b IN ()]",
        "[EXISTS a:b]",
        "[a:b ISSUPERSET '10.0.0.0/8']",
        "[a:b = 1] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z' REPEATS 2 TIMES",
    ],
)
def test_a_pattern_without_doubt(pattern):
    assert doubts(parse(pattern)) == ()


@pytest.mark.slow
@anything.unhurried
@given(anything.patterns)
def test_any_pattern_can_be_doubted(pattern):
    assert all(doubt.where and doubt.problem.endswith(".") for doubt in doubts(pattern))
