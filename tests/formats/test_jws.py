"""Signatures and keys, by the example of RFC 8037."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.formats.canonical import canonical
from comity.formats.jws import (
    BadSignature,
    Signature,
    UnknownKey,
    decode_base64url,
    decode_jwk,
    encode_base64url,
    encode_jwk,
    sign,
    thumbprint,
    verify,
)
from comity.formats.words import fingerprint

VECTOR = json.loads(Path("tests/vectors/formats/ed25519.json").read_text("utf-8"))
KEY = Ed25519PrivateKey.from_private_bytes(decode_base64url(VECTOR["d"], "/d"))
PUBLIC = KEY.public_key()
KID = VECTOR["thumbprint"]
CONTENT = VECTOR["content"].encode()
SIGNED = VECTOR["ed25519"]


def header(**members: object) -> str:
    return encode_base64url(canonical(members))


def test_key_and_thumbprint_of_rfc_8037():
    assert decode_jwk(Fields(VECTOR["jwk"])).public_bytes_raw() == PUBLIC.public_bytes_raw()
    assert encode_jwk(PUBLIC) == VECTOR["jwk"]
    assert thumbprint(PUBLIC) == KID


def test_signature_of_rfc_8037_fits_the_signing_input():
    old = VECTOR["eddsa"]
    PUBLIC.verify(
        decode_base64url(old["signature"], ""), f"{old['protected']}.{encode_base64url(CONTENT)}".encode()
    )


def test_the_old_name_of_the_algorithm_is_refused():
    with pytest.raises(Malformed, match="'Ed25519'"):
        Signature.decode(Fields(VECTOR["eddsa"]))


def test_signs_and_verifies_the_vector():
    assert sign(CONTENT, KEY, KID).as_json() == SIGNED
    verify(CONTENT, Signature.decode(Fields(SIGNED)), {KID: PUBLIC})


def test_twelve_words():
    assert " ".join(fingerprint(PUBLIC)) == VECTOR["words"]


def test_a_key_that_is_not_known():
    with pytest.raises(UnknownKey, match=KID) as refused:
        verify(CONTENT, Signature.decode(Fields(SIGNED)), {})
    assert refused.value.code == "signature.unknown-key"


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_changed_byte_of_the_content_is_noticed(place, change):
    changed = bytearray(CONTENT)
    changed[place] ^= change
    with pytest.raises(BadSignature):
        verify(bytes(changed), Signature.decode(Fields(SIGNED)), {KID: PUBLIC})


@given(st.sampled_from(["protected", "signature"]), st.integers(0, 85), st.characters(codec="ascii"))
def test_any_changed_character_of_the_signature_is_noticed(part, place, character):
    text = SIGNED[part]
    changed = SIGNED | {part: text[:place] + character + text[place + 1 :]}
    if changed == SIGNED:
        return
    with pytest.raises((BadSignature, UnknownKey, Malformed)):
        verify(CONTENT, Signature.decode(Fields(changed)), {KID: PUBLIC})


@pytest.mark.parametrize(
    "protected",
    [
        header(alg="none", kid=KID),
        header(alg="EdDSA", kid=KID),
        header(alg="Ed25519"),
        header(alg="Ed25519", kid="short"),
        header(alg="Ed25519", kid=KID, crit=["b64"], b64=False),
        header(alg="Ed25519", kid=KID)[:-1],
        encode_base64url(b"[]"),
        encode_base64url(b'{"alg":"Ed25519","alg":"none","kid":"' + KID.encode() + b'"}'),
        encode_base64url(b" " * 1_000),
        "a" * 2_000,
        "",
    ],
)
def test_headers_that_are_refused(protected):
    with pytest.raises(Malformed, match="/protected"):
        Signature.decode(Fields(SIGNED | {"protected": protected}))


def test_a_header_member_we_do_not_know_is_signed_and_ignored():
    protected = header(alg="Ed25519", kid=KID, typ="example")
    signature = encode_base64url(KEY.sign(f"{protected}.{encode_base64url(CONTENT)}".encode()))
    verify(CONTENT, Signature.decode(Fields({"protected": protected, "signature": signature})), {KID: PUBLIC})


@pytest.mark.parametrize("extra", [{"payload": ""}, {"header": {}}])
def test_nothing_stands_beside_the_signature(extra):
    with pytest.raises(Malformed, match="not known here"):
        Signature.decode(Fields(SIGNED | extra))


def test_a_signature_of_another_length():
    with pytest.raises(Malformed, match="64 bytes"):
        Signature.decode(Fields(SIGNED | {"signature": encode_base64url(b"x" * 63)}))


@pytest.mark.parametrize(
    "change",
    [{"kty": "EC"}, {"crv": "X25519"}, {"x": "AAAA"}, {"x": "="}, {"d": VECTOR["d"]}, {"x": None}],
)
def test_keys_that_are_refused(change):
    with pytest.raises(Malformed):
        decode_jwk(Fields(VECTOR["jwk"] | change))


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A+", "A/", "AAA\n", "AAB"])
def test_other_spellings_of_base64url_are_refused(text):
    with pytest.raises(Malformed, match="base64url"):
        decode_base64url(text, "/x")


@given(st.binary(max_size=80))
def test_base64url_round_trip(content):
    assert decode_base64url(encode_base64url(content), "") == content
