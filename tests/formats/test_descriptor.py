"""Descriptors and key rollover: their vectors, their refusals."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.base.errors import Malformed
from comity.base.verdict import Answer
from comity.formats.act_checks import SKEW
from comity.formats.canonical import canonical
from comity.formats.common import UnknownWire
from comity.formats.descriptor import decode_descriptor, sign_descriptor, verify_descriptor, verify_update
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import KIND, KeyDeclaration, check_declaration, declare_key
from tests.vectors.formats.make import ACT, KEYS, KIDS, NOW, PARTNER, partner_keys, sender_keys

VECTOR = json.loads(Path("tests/vectors/formats/descriptor.json").read_text("utf-8"))
SIGNED = decode_descriptor(canonical(VECTOR["descriptor"]))
KEPT = SIGNED.descriptor
DECLARING = replace(ACT, kind=KIND, body=VECTOR["declare_key_body"])
DECLARATION = KeyDeclaration.decode(VECTOR["declare_key_body"])


def again(by: str = "sign", **change: object):
    """The vector's descriptor with other members, signed anew."""
    return sign_descriptor(replace(KEPT, **change), KEYS[by], KIDS[by])  # type: ignore[arg-type]  # any member


def test_vector():
    assert SIGNED.sealed.payload == VECTOR["signed_text"].encode()
    assert SIGNED.raw == canonical(VECTOR["descriptor"])
    assert again() == SIGNED
    assert " ".join(SIGNED.words or ()) == VECTOR["words"]
    assert verify_descriptor(SIGNED, now=NOW).grounds[0].rule == "descriptor.signed"


def test_members_we_do_not_know_come_along():
    signed = again(more={"x_later": [1]})
    assert decode_descriptor(signed.raw).descriptor.more == {"x_later": [1]}
    assert verify_descriptor(signed, now=NOW).allowed


@pytest.mark.parametrize(
    ("signed", "now", "rule"),
    [
        (SIGNED, NOW - SKEW - timedelta(seconds=1), "descriptor.from-the-future"),
        (again(by="partner"), NOW, "descriptor.unknown-key"),
        (again(by="log"), NOW, "descriptor.unknown-key"),
        (again(issued=NOW - timedelta(days=2)), NOW, "descriptor.key-not-valid-then"),
        (decode_descriptor(SIGNED.sealed.value | {"name": "Another"}), NOW, "descriptor.bad-signature"),
    ],
)
def test_each_refusal_has_its_code(signed, now, rule):
    assert verify_descriptor(signed, now=now).grounds[0].rule == rule


def test_a_descriptor_signed_by_a_foreign_key_has_no_fingerprint():
    assert again(by="partner").words is None


def test_updates():
    later = again(issued=NOW + timedelta(hours=1), keys=(*sender_keys(), DECLARATION.key))
    now = NOW + timedelta(hours=2)
    assert verify_update(later, KEPT, sender_keys(), now=now).allowed
    assert verify_update(later, KEPT, partner_keys(), now=now).answer is Answer.UNKNOWN
    refused = {
        "descriptor.other-node": verify_update(again(id=PARTNER), KEPT, sender_keys(), now=now),
        "descriptor.older": verify_update(SIGNED, later.descriptor, sender_keys(), now=now),
        "descriptor.from-the-future": verify_update(later, KEPT, sender_keys(), now=NOW),
    }
    assert {rule: verdict.grounds[0].rule for rule, verdict in refused.items()} == {
        rule: rule for rule in refused
    }
    assert all(verdict.answer is Answer.NO for verdict in refused.values())


def test_the_newest_valid_key_of_a_use():
    newer = replace(partner_keys()[0], since=NOW)
    keys = (*sender_keys(), newer)
    descriptor = again(keys=keys).descriptor
    assert descriptor.key_for(Use.SIGN, NOW) == newer
    assert descriptor.key_for(Use.SIGN, NOW - timedelta(hours=1)) == sender_keys()[0]
    assert descriptor.key_for(Use.LOG, NOW + timedelta(days=400)) is None


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("id", "pk", "/id"),
        ("state", "pk", "/state"),
        ("kind", "National CERT", "/kind"),
        ("address", "ftp://cert.example.pk/", "/address"),
        ("address", "https://user@cert.example.pk/", "/address"),
        ("address", "https://cert.example.pk/?q", "/address"),
        ("taxii/api_root", "/relative", "/taxii/api_root"),
        ("taxii/x", 1, "/taxii/x"),
        ("log/origin", "two words", "/log/origin"),
        ("log/url", "https://cert.example.pk:8443/log/", "/log/url"),
        ("taxii/discovery", "http://cert.example.pk/taxii2/", "/taxii/discovery"),
        ("log/x", 1, "/log/x"),
        ("witness/name", "a+b", "/witness/name"),
        ("name", "\u202eTREC", "/name"),
        ("name", " ", "/name"),
        ("witness/x", 1, "/witness/x"),
        ("keys", [], "/keys"),
        ("keys/1", KEPT.keys[0].as_json(), "/keys"),
        ("keys/0/kid", KEPT.keys[1].kid, "/keys/0/kid"),
        ("keys/0/use", "sig", "/keys/0/use"),
        ("keys/0/until", "2026-11-21T03:00:00.000Z", "/keys/0/until"),
        ("keys/0/d", "AA", "/keys/0/d"),
        ("issued", "2026-11-22", "/issued"),
    ],
)
def test_refusals_name_the_member(path, value, where):
    changed = deepcopy(VECTOR["descriptor"])
    target: Any = changed
    *steps, last = path.split("/")
    for step in steps:
        target = target[int(step)] if isinstance(target, list) else target[step]
    target[int(last) if isinstance(target, list) else last] = value
    with pytest.raises(Malformed) as refused:
        decode_descriptor(changed)
    assert refused.value.where == where


def test_another_version_of_the_format_has_its_own_code():
    with pytest.raises(UnknownWire):
        decode_descriptor(VECTOR["descriptor"] | {"comity": 2})


def test_a_declared_key_is_proven():
    assert DECLARATION.as_json() == VECTOR["declare_key_body"]
    assert check_declaration(DECLARING.author, DECLARATION).grounds[0].rule == "key.proven"
    assert (
        declare_key(ACT.author, DECLARATION.key, KEYS["next"], replaces=None).as_json()["key"]["kid"]
        == KIDS["next"]
    )


@pytest.mark.parametrize(
    "declaration",
    [
        declare_key(PARTNER, DECLARATION.key, KEYS["next"], replaces=None),
        declare_key(ACT.author, DECLARATION.key, KEYS["sign"], replaces=None),
        replace(DECLARATION, key=replace(DECLARATION.key, since=NOW)),
        replace(DECLARATION, key=partner_keys()[0]),
    ],
)
def test_a_proof_for_another_author_key_or_time_is_none(declaration):
    assert check_declaration(DECLARING.author, declaration).grounds[0].rule == "key.bad-proof"


def test_a_key_does_not_replace_itself():
    itself = declare_key(ACT.author, DECLARATION.key, KEYS["next"], replaces=KIDS["next"])
    assert check_declaration(DECLARING.author, itself).grounds[0].rule == "key.replaces-itself"


@pytest.mark.parametrize("change", [{"key": DECLARATION.key.as_json() | {"x": 1}}, {"proof": {}}])
def test_bodies_that_are_refused(change):
    with pytest.raises(Malformed, match="/body"):
        KeyDeclaration.decode(VECTOR["declare_key_body"] | change)


def test_a_key_counts_from_since_and_before_until():
    key = NodeKey.of(KEYS["sign"].public_key(), Use.SIGN, NOW, NOW + timedelta(days=1))
    moments = (NOW - timedelta(seconds=1), NOW, NOW + timedelta(days=1))
    assert [key.valid_at(moment) for moment in moments] == [False, True, False]
    assert key.public.public_bytes_raw() == KEYS["sign"].public_key().public_bytes_raw()
