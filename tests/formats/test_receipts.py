"""Receipts and log entries: their vectors, their refusals."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.base.verdict import Answer
from comity.formats.acts import sign_act
from comity.formats.canonical import canonical
from comity.formats.entries import Event, LogEntry
from comity.formats.receipts import decode_receipt, sign_receipt, verify_receipt
from comity.formats.stix import StixObject
from tests.formats.test_strict_json import JSON_VALUES
from tests.vectors.formats.make import ACT, KEYS, KIDS, NOW, PAKISTAN, partner_keys, sender_keys

VECTOR = json.loads(Path("tests/vectors/formats/receipt.json").read_text("utf-8"))
ACT_SIGNED = sign_act(ACT, KEYS["sign"], KIDS["sign"])
SIGNED = decode_receipt(canonical(VECTOR["receipt"]))
ENTRY = SIGNED.receipt.log.entry
OTHER = "identity--16fd2706-8baf-433b-82eb-8c7fada847da"


def again(**change: object):
    """The vector's receipt with other members, signed anew."""
    return sign_receipt(replace(SIGNED.receipt, **change), KEYS["partner"], KIDS["partner"])  # type: ignore[arg-type]  # any member


def test_vector():
    assert SIGNED.sealed.payload == VECTOR["signed_text"].encode()
    assert SIGNED.sha256 == VECTOR["sha256"]
    assert SIGNED.raw == canonical(VECTOR["receipt"])
    assert ENTRY.raw == VECTOR["entry_text"].encode()
    assert LogEntry.decode(ENTRY.raw) == ENTRY
    assert decode_receipt(SIGNED.value) == again() == SIGNED
    assert StixObject.decode(SIGNED.value).type == "comity-receipt"


def test_a_receipt_in_order():
    verdict = verify_receipt(SIGNED, ACT_SIGNED, partner_keys())
    assert verdict.allowed
    assert [ground.rule for ground in verdict.grounds] == [
        "receipt.parties",
        "receipt.signed",
        "receipt.act",
        "receipt.entry",
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"author": OTHER}, "receipt.wrong-sender"),
        ({"recipients": (OTHER,)}, "receipt.wrong-sender"),
        ({"act": "comity-act--16fd2706-8baf-433b-82eb-8c7fada847da"}, "receipt.other-act"),
        ({"act_sha256": "0" * 64}, "receipt.other-act"),
        ({"received": NOW}, "receipt.wrong-entry"),
        (
            {"log": replace(SIGNED.receipt.log, entry=replace(ENTRY, event=Event.ACT_SENT))},
            "receipt.wrong-entry",
        ),
        ({"created": NOW + timedelta(days=400)}, "receipt.key-not-valid-then"),
    ],
)
def test_each_refusal_has_its_code(change, rule):
    assert verify_receipt(again(**change), ACT_SIGNED, partner_keys()).grounds[0].rule == rule


def test_a_receipt_signed_by_others_or_changed():
    verdict = verify_receipt(SIGNED, ACT_SIGNED, sender_keys())
    assert (verdict.grounds[0].rule, verdict.answer) == ("receipt.unknown-key", Answer.UNKNOWN)
    changed = decode_receipt(SIGNED.value | {"received": "2026-11-22T03:00:03.000Z"})
    assert verify_receipt(changed, ACT_SIGNED, partner_keys()).grounds[0].rule == "receipt.bad-signature"


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("origin", "", None),
        ("index", -1, "/log/index"),
        ("salt", "AAAA", "/log/salt"),
        ("salt", "%", "/log/salt"),
        ("salt", "é", "/log/salt"),
        ("salt", VECTOR["receipt"]["log"]["salt"][:-2] + "9=", "/log/salt"),
        ("proof", ["AAAA"], "/log/proof/0"),
        ("proof", [""] * 65, "/log/proof"),
        ("checkpoint", 5, "/log/checkpoint"),
        ("entry", {}, "/log/entry/v"),
        ("entry", [], "/log/entry"),
        ("more", 1, "/log/more"),
    ],
)
def test_refusals_name_the_member(name, value, where):
    changed = deepcopy(SIGNED.value)
    changed["log"][name] = value
    if where is None:
        assert decode_receipt(changed).receipt.log.origin == ""
        return
    with pytest.raises(Malformed) as refused:
        decode_receipt(changed)
    assert refused.value.where == where


@given(
    st.builds(
        LogEntry,
        event=st.sampled_from(Event),
        at=st.just(NOW),
        subject=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        digest=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
        kind=st.none() | st.just("share"),
        sender=st.none() | st.just(PAKISTAN),
        to=st.lists(st.sampled_from([PAKISTAN, OTHER]), unique=True).map(tuple),
        more=st.dictionaries(
            st.from_regex("x_[a-z]", fullmatch=True), st.integers(0, 9) | st.text("abc", max_size=5)
        ),
    )
)
def test_entry_round_trip(entry):
    assert LogEntry.decode(entry.raw) == entry == LogEntry.decode(entry.as_json())


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.raw + b" ",
        ENTRY.raw.replace(b"act-received", b"act-forgotten"),
        ENTRY.raw.replace(b'"v":1', b'"v":2'),
        ENTRY.raw.replace(b"02.000Z", b"02Z"),
    ],
)
def test_entries_that_are_refused(text):
    with pytest.raises(Malformed):
        LogEntry.decode(text)


@given(JSON_VALUES)
def test_every_value_gives_a_receipt_or_malformed(value):
    with pytest.raises(Malformed):
        decode_receipt(value)
