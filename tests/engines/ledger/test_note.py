from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Answer
from comity.engines.ledger.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    KeyKind,
    Note,
    Signature,
    VerifierKey,
    parse_signatures,
    sign_text,
    verify_note,
)
from tests.engines.ledger.vectors import load, note_bytes

PUBLISHED = load("notes.json")["notes"]
PETER = PUBLISHED[0]
# The private key that the Go tests publish beside the note.
PETER_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = VerifierKey("a.example/log", PRIVATE.public_key())
NOTE = sign_text("one\n\ntwo\n", name=KEY.name, key=PRIVATE)


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["name"])
def test_published_notes_verify_and_keep_every_byte(case):
    content = note_bytes(case["lines"])
    note = Note.decode(content)
    assert note.encode() == content
    for line in case["keys"]:
        verdict = verify_note(note, VerifierKey.decode(line))
        assert verdict.allowed
        assert verdict.grounds[0].rule == "note.signed"


def test_signing_gives_the_published_note():
    key = Ed25519PrivateKey.from_private_bytes(PETER_SEED)
    text = "".join(f"{line}\n" for line in PETER["lines"][:2])
    assert sign_text(text, name="PeterNeumann", key=key).encode() == note_bytes(PETER["lines"])


@pytest.mark.parametrize("line", [key for case in PUBLISHED for key in case["keys"]])
def test_published_keys_are_read_and_written_back(line):
    assert VerifierKey.decode(line).encode() == line


def test_the_key_of_a_witness_has_its_own_kind_and_id():
    line = PUBLISHED[2]["witness"]
    key = VerifierKey.decode(line)
    assert key.kind is KeyKind.COSIGNATURE
    assert key.encode() == line
    assert VerifierKey(key.name, key.public).key_id != key.key_id


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_changed_character_of_a_key_is_noticed(data):
    line = KEY.encode()
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.characters().filter(lambda each: each != line[at]))
    with pytest.raises(Malformed):
        VerifierKey.decode(line[:at] + other + line[at + 1 :])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a",
        "a+b",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "rekor.sigstore.dev+12345678+AwEB",
        "\udc80" + KEY.encode(),
    ],
)
def test_other_lines_are_no_keys(line):
    with pytest.raises(Malformed):
        VerifierKey.decode(line)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_changed_byte_of_a_note_is_noticed(data):
    content = bytearray(NOTE.encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    try:
        note = Note.decode(bytes(content))
    except Malformed:
        return
    assert verify_note(note, KEY).answer is Answer.NO


@given(st.text(st.characters(exclude_categories=["C"]), max_size=50), st.integers(0, 3))
def test_texts_come_back_from_notes(text, breaks):
    note = sign_text(text + "\n" * breaks + "\n", name=KEY.name, key=PRIVATE)
    assert Note.decode(note.encode()) == note
    assert verify_note(note, KEY).allowed


@given(st.binary(max_size=200))
def test_no_bytes_are_read_as_another_note(content):
    try:
        note = Note.decode(content)
    except Malformed:
        return
    assert note.encode() == content


LINE = NOTE.signatures[0].encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "an empty line"),
        (b"one\n", "an empty line"),
        (b"one\n\n", "an empty line"),
        (f"one\n\n{LINE}".encode(), "each ended by a newline"),
        (f"\n\n{LINE}\n\n".encode(), "each ended by a newline"),
        (f"one\n\n{LINE} \n".encode(), "not base64"),
        (f"one\n\n{LINE[1:]}\n".encode(), "em dash"),
        ("one\n\n— a\n".encode(), "em dash"),
        ("one\n\n— a AAAA\n".encode(), "4-byte key id"),
        ("one\n\n— a AAAAAA==\n".encode(), "4-byte key id"),
        ("one\n\n— a+b AAAAAAAA\n".encode(), "no plus"),
        ("one\n\n— a\u00a0b AAAAAAAA\n".encode(), "no space"),
        ("one\n\n—  AAAAAAAA\n".encode(), "1 to 255 bytes"),
        (f"— {'a' * 256} AAAAAAAA\n".join(["one\n\n", ""]).encode(), "1 to 255 bytes"),
        ("one\n\n— a AAAAAAB=\n".encode(), "bits after its end"),
        (f"one\t\n\n{LINE}\n".encode(), "U\\+0009"),
        (f"one\r\n\n{LINE}\n".encode(), "U\\+000D"),
        (b"\xff\n\n", "byte 0 is not UTF-8"),
    ],
)
def test_malformed_notes_are_refused(content, problem):
    with pytest.raises(Malformed, match=problem):
        Note.decode(content)


def test_a_text_without_its_newline_is_no_note():
    with pytest.raises(Malformed, match="ends in a newline"):
        Note("one", NOTE.signatures)


def test_bounds_are_kept():
    line = f"{LINE}\n"
    assert len(parse_signatures(line * MAX_SIGNATURES)) == MAX_SIGNATURES
    with pytest.raises(TooLarge):
        parse_signatures(line * (MAX_SIGNATURES + 1))
    with pytest.raises(TooLarge):
        Note.decode(b"a" * (MAX_NOTE + 1))
    with pytest.raises(TooLarge):
        Note("one\n", ())


def test_signature_lines_without_their_newline_are_refused():
    with pytest.raises(Malformed, match="does not end in a newline"):
        parse_signatures(LINE)


def test_signatures_of_unknown_keys_are_kept_and_mean_nothing():
    stranger = VerifierKey("b.example/log", PRIVATE.public_key())
    note = NOTE.with_signature(Signature("b.example/log", b"\0" * 4, b"x"))
    assert Note.decode(note.encode()) == note
    assert verify_note(note, KEY).allowed
    assert verify_note(note, stranger).grounds[0].rule == "note.unsigned"
    assert note.with_signature(note.signatures[1]) == note


def test_one_forged_line_under_a_known_name_spoils_the_note():
    forged = Signature(KEY.name, KEY.key_id, bytes(64))
    verdict = verify_note(NOTE.with_signature(forged), KEY)
    assert verify_note(NOTE, KEY).allowed
    assert verdict.answer is Answer.NO
    assert verdict.grounds[0].rule == "note.forged"


def test_the_same_key_under_another_name_is_another_signer():
    other = VerifierKey("c.example/log", PRIVATE.public_key())
    assert verify_note(NOTE, other).grounds[0].rule == "note.unsigned"
