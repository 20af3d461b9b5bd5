"""Each check refuses one thing, with its code; success and refusal start from the same arrival."""

from dataclasses import replace
from datetime import timedelta

import pytest

from comity.base.verdict import Answer
from comity.formats.act_checks import SKEW, Arrival, verify_act
from comity.formats.acts import decode_act, sign_act
from comity.formats.canonical import canonical
from comity.formats.stix import StixObject
from tests.vectors.formats.make import (
    ACT,
    ADDRESS,
    INDICATOR,
    KEYS,
    KIDS,
    NOW,
    PAKISTAN,
    PARTNER,
    partner_keys,
    sender_keys,
)

SIGNED = sign_act(ACT, KEYS["sign"], KIDS["sign"])
EARLIER = "comity-act--7c9e6679-7425-4de6-944b-e07fc1f90ae7"
ANSWER = sign_act(replace(ACT, in_reply_to=EARLIER), KEYS["sign"], KIDS["sign"])
ARRIVAL = Arrival(
    sender=PAKISTAN,
    receiver=PARTNER,
    now=NOW + timedelta(seconds=1),
    keys=sender_keys(),
    kinds={"share"},
    carried=(INDICATOR, ADDRESS),
)
CHANGED = StixObject.decode(INDICATOR.value | {"name": "Another"})
OLD_KEYS = tuple(replace(key, until=NOW) for key in sender_keys())


def test_an_act_that_is_in_order():
    verdict = verify_act(SIGNED, ARRIVAL)
    assert verdict.allowed
    assert [ground.rule for ground in verdict.grounds] == [
        "act.sender",
        "act.addressee",
        "act.signed",
        "act.first",
        "act.timely",
        "act.kind",
        "act.in-order",
        "act.contents",
    ]


@pytest.mark.parametrize(
    ("change", "rule", "answer"),
    [
        ({"sender": PARTNER}, "act.wrong-sender", Answer.NO),
        ({"receiver": PAKISTAN}, "act.wrong-addressee", Answer.NO),
        ({"keys": ()}, "act.unknown-key", Answer.UNKNOWN),
        ({"keys": partner_keys()}, "act.unknown-key", Answer.UNKNOWN),
        ({"keys": OLD_KEYS}, "act.key-not-valid-then", Answer.NO),
        ({"kept_sha256": SIGNED.sha256}, "act.replayed", Answer.NO),
        ({"kept_sha256": ANSWER.sha256}, "act.conflict", Answer.NO),
        ({"now": NOW - SKEW - timedelta(seconds=1)}, "act.from-the-future", Answer.NO),
        ({"now": NOW + timedelta(days=30)}, "act.expired", Answer.NO),
        ({"kinds": {"ping"}}, "act.kind-unknown", Answer.NO),
        ({"carried": (INDICATOR,)}, "act.content-missing", Answer.NO),
        ({"carried": (CHANGED, ADDRESS)}, "act.content-changed", Answer.NO),
    ],
)
def test_each_refusal_has_its_code(change, rule, answer):
    verdict = verify_act(SIGNED, replace(ARRIVAL, **change))
    assert [ground.rule for ground in verdict.grounds] == [rule]
    assert verdict.answer is answer


def test_a_changed_act_is_badly_signed():
    changed = decode_act(canonical(SIGNED.value | {"purpose": "research"}))
    assert verify_act(changed, ARRIVAL).grounds[0].rule == "act.bad-signature"


def test_a_key_for_another_use_signs_no_act():
    signed = sign_act(ACT, KEYS["log"], KIDS["log"])
    assert verify_act(signed, ARRIVAL).grounds[0].rule == "act.unknown-key"


def test_clocks_may_differ_by_the_bound():
    assert verify_act(SIGNED, replace(ARRIVAL, now=NOW - SKEW)).allowed


def test_an_answer_waits_for_what_it_answers():
    verdict = verify_act(ANSWER, ARRIVAL)
    assert (verdict.grounds[0].rule, verdict.answer) == ("act.out-of-order", Answer.UNKNOWN)
    assert verify_act(ANSWER, replace(ARRIVAL, known_acts={EARLIER})).allowed
