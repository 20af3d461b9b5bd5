"""The act on the wire: its vectors, its one form, and that nothing in it changes unnoticed."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.tlp import Tlp
from comity.formats.acts import (
    EXTENSION,
    LIMITS,
    MAX_BODY,
    MAX_RECIPIENTS,
    Act,
    Content,
    decode_act,
    sign_act,
)
from comity.formats.canonical import canonical
from comity.formats.common import UnknownWire
from comity.formats.jws import SignatureError, verify
from comity.formats.markings import TLP_IDS
from comity.formats.stix import StixObject
from tests.formats.test_strict_json import JSON_VALUES, _has_long_whole_float
from tests.vectors.formats.make import ACT, ADDRESS, INDICATOR, KEYS, KIDS, NOW, PAKISTAN, VECTORS, text_of

FOLDER = Path("tests/vectors/formats")
VECTOR = json.loads((FOLDER / "act.json").read_text("utf-8"))
SIGNED = sign_act(ACT, KEYS["sign"], KIDS["sign"])
PUBLIC = {KIDS[name]: key.public_key() for name, key in KEYS.items()}
IDS = st.uuids(version=4).map(str)


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_are_what_the_code_writes(name):
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text_of(name)


@pytest.mark.parametrize("vector", VECTOR["acts"], ids=lambda vector: vector["name"])
def test_vectors(vector):
    signed = decode_act(canonical(vector["act"]))
    assert signed.raw == canonical(vector["act"])
    assert signed.sealed.payload == vector["signed_text"].encode()
    assert signed.sha256 == vector["sha256"]
    assert canonical(signed.act.as_json()) == signed.sealed.payload
    verify(signed.sealed.payload, signed.sealed.signature, PUBLIC)


def test_a_decoded_value_and_its_bytes_give_the_same_act():
    assert decode_act(SIGNED.value) == decode_act(json.dumps(SIGNED.value, indent=2).encode()) == SIGNED
    assert SIGNED.act == ACT


def test_an_act_is_a_stix_object():
    assert StixObject.decode(SIGNED.value).modified == "2026-11-22T03:00:00.000Z"


def test_contents_name_version_and_digest():
    assert Content.of(INDICATOR).as_json() == {
        "ref": INDICATOR.id,
        "modified": "2026-11-21T10:00:00.5Z",
        "sha256": INDICATOR.sha256,
    }
    assert Content.of(ADDRESS).as_json() == {"ref": ADDRESS.id, "sha256": ADDRESS.sha256}


def test_other_extensions_come_along():
    other = {
        "extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f": {"extension_type": "property-extension"}
    }
    signed = sign_act(replace(ACT, more={"extensions": other}), KEYS["sign"], KIDS["sign"])
    assert signed.value["extensions"] == other | {EXTENSION: {"extension_type": "new-sdo"}}
    assert decode_act(signed.raw).act.more == {"extensions": other}


def test_an_act_in_an_envelope_keeps_the_bounds_of_an_act():
    value = SIGNED.value | {"x_many": [0] * LIMITS.values}
    with pytest.raises(TooLarge, match="values"):
        decode_act(value)


def test_a_long_purpose_is_too_large():
    with pytest.raises(TooLarge):
        sign_act(replace(ACT, purpose="p" * 41), KEYS["sign"], KIDS["sign"])


def test_times_are_cut_to_milliseconds():
    signed = sign_act(replace(ACT, created=NOW + timedelta(microseconds=1_999)), KEYS["sign"], KIDS["sign"])
    assert signed.act.created == NOW + timedelta(milliseconds=1)


@given(
    st.builds(
        Act,
        id=IDS.map("comity-act--{}".format),
        created=st.just(NOW),
        kind=st.sampled_from(["share", "take-position"]),
        author=st.just(PAKISTAN),
        recipients=st.lists(IDS.map("identity--{}".format), min_size=1, max_size=3, unique=True).map(tuple),
        tlp=st.sampled_from(Tlp),
        body=st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            JSON_VALUES,
            max_size=3,
        ),
        contents=st.lists(
            st.builds(
                Content,
                IDS.map("indicator--{}".format),
                st.sampled_from([None, "2026-11-21T10:00:00Z"]),
                st.binary(min_size=32, max_size=32).map(bytes.hex),
            ),
            max_size=3,
            unique_by=lambda content: content.ref,
        ).map(tuple),
        in_reply_to=st.none() | IDS.map("comity-act--{}".format),
        purpose=st.none() | st.sampled_from(["", "research"]),
        basis=st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
        expires=st.none() | st.just(NOW + timedelta(days=1)),
        markings=st.lists(IDS.map("marking-definition--{}".format), max_size=2, unique=True).map(tuple),
        more=st.dictionaries(st.from_regex(r"x_[a-z]{1,5}", fullmatch=True), JSON_VALUES, max_size=3),
    ).filter(lambda act: act.id != act.in_reply_to)
)
def test_wire_round_trip_with_members_we_do_not_know(act):
    if _has_long_whole_float([act.body, act.more]):
        with pytest.raises(Malformed, match="not exact"):
            sign_act(act, KEYS["sign"], KIDS["sign"])
        return
    signed = sign_act(act, KEYS["sign"], KIDS["sign"])
    assert signed.act == act
    assert decode_act(signed.raw) == signed
    verify(signed.sealed.payload, signed.sealed.signature, PUBLIC)


@given(st.integers(0, len(SIGNED.raw) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_signed_act_is_noticed(place, change):
    changed = bytearray(SIGNED.raw)
    changed[place] ^= change
    with pytest.raises((Malformed, SignatureError)):  # noqa: PT012  # either of the two notices
        signed = decode_act(bytes(changed))
        verify(signed.sealed.payload, signed.sealed.signature, PUBLIC)


@given(st.binary(max_size=100) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_every_input_gives_an_act_or_malformed(text):
    with pytest.raises(Malformed):
        decode_act(text)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("type", "comity-receipt", "/type"),
        ("spec_version", "2.0", "/spec_version"),
        ("id", "comity-act--1", "/id"),
        ("created", "2026-11-22T03:00:00Z", "/modified"),
        ("modified", "2026-11-22T04:00:00.000Z", "/modified"),
        ("created_by_ref", "identity--b0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d", "/created_by_ref"),
        ("object_marking_refs", [], "/object_marking_refs"),
        ("object_marking_refs", [TLP_IDS[Tlp.RED], TLP_IDS[Tlp.RED]], "/object_marking_refs"),
        ("object_marking_refs", [TLP_IDS[Tlp.RED], TLP_IDS[Tlp.GREEN]], "/object_marking_refs"),
        (
            "object_marking_refs",
            ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
            "/object_marking_refs/0",
        ),
        ("granular_markings", [], "/granular_markings"),
        ("revoked", False, "/revoked"),
        ("extensions", {}, f"/extensions/{EXTENSION}"),
        ("extensions", {EXTENSION: {"extension_type": "new-sco"}}, f"/extensions/{EXTENSION}/extension_type"),
        ("wire", True, "/wire"),
        ("kind", "Share", "/kind"),
        ("kind", "s" * 41, "/kind"),
        ("author", "me", "/created_by_ref"),
        ("recipients", [], "/recipients"),
        ("recipients", [PAKISTAN], "/recipients"),
        ("recipients", ["identity--b0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d"] * 2, "/recipients"),
        ("recipients", [{}] * (MAX_RECIPIENTS + 1), "/recipients"),
        ("in_reply_to", ACT.id, "/in_reply_to"),
        ("in_reply_to", None, "/in_reply_to"),
        ("purpose", 5, "/purpose"),
        ("basis", [], "/basis"),
        ("expires", "2026-11-22T03:00:00.000Z", "/expires"),
        ("expires", "2026-12-22T03:00:00Z", "/expires"),
        ("body", [], "/body"),
        ("body", {"x": "a" * MAX_BODY}, "/body"),
        ("contents", {}, "/contents"),
        ("contents/0/ref", "x", "/contents/0/ref"),
        ("contents/0/sha256", "ABC", "/contents/0/sha256"),
        ("contents/0/modified", "today", "/contents/0/modified"),
        ("contents/0/note", 1, "/contents/0/note"),
        ("contents/1", Content.of(INDICATOR).as_json(), "/contents"),
        ("signature", {}, "/signature/protected"),
        ("signature", None, "/signature"),
    ],
)
def test_refusals_name_the_member(path, value, where):
    changed = deepcopy(SIGNED.value)
    target: Any = changed
    *steps, last = path.split("/")
    for step in steps:
        target = target[int(step)] if isinstance(target, list) else target[step]
    if isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    with pytest.raises(Malformed) as refused:
        decode_act(changed)
    assert refused.value.where == where


def test_another_version_of_the_format_has_its_own_code():
    with pytest.raises(UnknownWire) as refused:
        decode_act(SIGNED.value | {"wire": 2})
    assert refused.value.code == "wire.version"


def test_an_act_over_the_bound():
    with pytest.raises(TooLarge, match="bytes; at most"):
        decode_act(SIGNED.value | {f"x_{i}": "a" * 2**20 for i in range(4)})


def test_nobody_signs_what_nobody_accepts():
    with pytest.raises(Malformed, match="names the author"):
        sign_act(replace(ACT, recipients=(PAKISTAN,)), KEYS["sign"], KIDS["sign"])
