"""Each check refuses one thing, with its code; success and refusal start from the same arrival."""

from dataclasses import replace
from datetime import timedelta

import pytest

from comity.base.verdict import Answer
from comity.formats.act_checks import (
    SKEW,
    check_addressee,
    check_author,
    check_contents,
    check_first,
    check_kind,
    check_order,
    check_sender,
    check_time,
)
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
CHANGED = StixObject.decode(INDICATOR.value | {"name": "Another"})
SENDER_KEYS = sender_keys()
OLD_KEYS = tuple(replace(key, until=NOW) for key in SENDER_KEYS)


def sender(party=PAKISTAN):
    return check_sender(SIGNED.act, party)


def addressee(party=PARTNER):
    return check_addressee(SIGNED.act, party)


def author(keys=SENDER_KEYS, signed=SIGNED):
    return check_author(signed, keys)


def first(kept=None):
    return check_first(SIGNED, kept)


def time(now=NOW + timedelta(seconds=1)):
    return check_time(SIGNED.act, now)


def kind(known="share"):
    return check_kind(SIGNED.act, {known})


def order(signed=SIGNED, known=()):
    return check_order(signed.act, known)


def contents(*carried):
    return check_contents(SIGNED.act, carried or (INDICATOR, ADDRESS))


def test_an_act_that_is_in_order():
    verdicts = [check() for check in (sender, addressee, author, first, time, kind, order, contents)]
    assert [(each.answer, each.grounds[0].rule) for each in verdicts] == [
        (Answer.YES, "act.sender"),
        (Answer.YES, "act.addressee"),
        (Answer.YES, "act.signed"),
        (Answer.YES, "act.first"),
        (Answer.YES, "act.timely"),
        (Answer.YES, "act.kind"),
        (Answer.YES, "act.in-order"),
        (Answer.YES, "act.contents"),
    ]


@pytest.mark.parametrize(
    ("verdict", "rule", "answer"),
    [
        (sender(PARTNER), "act.wrong-sender", Answer.NO),
        (addressee(PAKISTAN), "act.wrong-addressee", Answer.NO),
        (author(()), "act.unknown-key", Answer.UNKNOWN),
        (author(partner_keys()), "act.unknown-key", Answer.UNKNOWN),
        (author(OLD_KEYS), "act.key-not-valid-then", Answer.NO),
        (first(SIGNED.sha256), "act.replayed", Answer.NO),
        (first(ANSWER.sha256), "act.conflict", Answer.NO),
        (time(NOW - SKEW - timedelta(seconds=1)), "act.from-the-future", Answer.NO),
        (time(NOW + timedelta(days=30)), "act.expired", Answer.NO),
        (kind("ping"), "act.kind-unknown", Answer.NO),
        (contents(INDICATOR), "act.content-missing", Answer.NO),
        (contents(CHANGED, ADDRESS), "act.content-changed", Answer.NO),
    ],
)
def test_each_refusal_has_its_code(verdict, rule, answer):
    assert [ground.rule for ground in verdict.grounds] == [rule]
    assert verdict.answer is answer


def test_a_changed_act_is_badly_signed():
    changed = decode_act(canonical(SIGNED.value | {"purpose": "research"}))
    assert author(signed=changed).grounds[0].rule == "act.bad-signature"


def test_a_key_for_another_use_signs_no_act():
    signed = sign_act(ACT, KEYS["log"], KIDS["log"])
    assert author(signed=signed).grounds[0].rule == "act.unknown-key"


def test_clocks_may_differ_by_the_bound():
    assert time(NOW - SKEW).allowed


def test_an_answer_waits_for_what_it_answers():
    verdict = order(ANSWER)
    assert (verdict.grounds[0].rule, verdict.answer) == ("act.out-of-order", Answer.UNKNOWN)
    assert order(ANSWER, {EARLIER}).allowed
