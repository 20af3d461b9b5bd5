from __future__ import annotations

import json

import pytest

from comity.base.verdict import Answer, Ground, Refused, Verdict, all_of


def ground(name: str) -> Ground:
    return Ground(name, f"source of {name}", f"{name} speaks.")


def verdict(answer: str, name: str) -> Verdict:
    return Verdict(Answer(answer), (ground(name),))


def test_a_verdict_needs_a_ground():
    with pytest.raises(ValueError, match="at least one ground"):
        Verdict.yes()


def test_a_verdict_has_no_truth_of_its_own():
    with pytest.raises(TypeError, match="allowed"):
        bool(Verdict.yes(ground("a")))


@pytest.mark.parametrize(
    ("make", "answer", "allowed"),
    [
        (Verdict.yes, Answer.YES, True),
        (Verdict.no, Answer.NO, False),
        (Verdict.unknown, Answer.UNKNOWN, False),
    ],
)
def test_only_yes_opens_the_door(make, answer, allowed):
    given = make(ground("a"))
    assert given.answer is answer
    assert given.allowed is allowed
    if allowed:
        given.require()
        return
    with pytest.raises(Refused, match="a speaks") as refused:
        given.require()
    assert refused.value.verdict == given
    assert refused.value.code == "refused"


# What several judgements say together, and whose grounds are kept.
TABLE = [
    (["yes"], "yes", [0]),
    (["no"], "no", [0]),
    (["unknown"], "unknown", [0]),
    (["yes", "yes"], "yes", [0, 1]),
    (["yes", "no"], "no", [1]),
    (["yes", "unknown"], "unknown", [1]),
    (["unknown", "no", "yes"], "no", [1]),
    (["no", "unknown", "no"], "no", [0, 2]),
    (["unknown", "yes", "unknown"], "unknown", [0, 2]),
]


@pytest.mark.parametrize(("answers", "together", "kept"), TABLE)
def test_all_of(answers, together, kept):
    said = all_of(verdict(answer, f"rule-{i}") for i, answer in enumerate(answers))
    assert said.answer is Answer(together)
    assert [each.rule for each in said.grounds] == [f"rule-{i}" for i in kept]


def test_all_of_nothing_is_not_a_yes():
    with pytest.raises(ValueError, match="at least one ground"):
        all_of([])


@pytest.mark.parametrize("answer", list(Answer))
def test_a_verdict_comes_back_from_json(answer):
    given = Verdict(answer, (ground("a"), ground("b")))
    assert Verdict.from_json(json.loads(json.dumps(given.as_json()))) == given
