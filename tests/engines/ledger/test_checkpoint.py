from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Answer, Refused
from comity.engines.ledger.checkpoint import (
    CLOCK_SKEW,
    MAX_EXTENSIONS,
    Checkpoint,
    cosign,
    cosigned_at,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignature,
)
from comity.engines.ledger.note import KeyKind, Note, Signature, VerifierKey, sign_text
from comity.engines.ledger.tiles import MAX_TREE_SIZE
from tests.engines.ledger.small_log import KEY, ORIGIN, PRIVATE
from tests.engines.ledger.vectors import load, note_bytes

VECTORS = load("notes.json")
ARCHE = VECTORS["notes"][2]
ARCHE_DAY = datetime(2026, 5, 24, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
WITNESS_KEY = VerifierKey("observer.example/w", WITNESS.public_key(), KeyKind.COSIGNATURE)
POINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = sign_checkpoint(POINT, PRIVATE)
COSIGNED = NOTE.with_signature(cosign(NOTE, name=WITNESS_KEY.name, key=WITNESS, now=NOW))

POINTS = st.builds(
    Checkpoint,
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=60),
    st.integers(0, MAX_TREE_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9), max_size=3).map(tuple),
)


def test_a_published_checkpoint_opens_with_the_key_of_its_log():
    point = open_checkpoint(note_bytes(ARCHE["lines"]), VerifierKey.decode(ARCHE["keys"][0]))
    assert (point.origin, point.size) == ("arche2025h1.staging.ct.transparency.dev", 1_432_088_532)
    assert point.encode() == "".join(f"{line}\n" for line in ARCHE["lines"][:3])


def test_a_published_cosignature_verifies():
    note = Note.decode(note_bytes(ARCHE["lines"]))
    key = VerifierKey.decode(ARCHE["witness"])
    verdict = verify_cosignature(note, key, now=ARCHE_DAY)
    assert verdict.allowed
    assert verdict.grounds[0].text == "remora.n621.de saw this checkpoint at 2026-05-23 21:50:24 UTC."


def test_the_standards_example_carries_its_key_id_and_time():
    example = VECTORS["cosignature_example"]
    line = Signature.decode(example["line"])
    assert line.key_id.hex() == example["key_id"]
    assert cosigned_at(line) == datetime.fromtimestamp(example["time"], UTC)
    assert line.encode() == example["line"]


def test_a_checkpoint_that_we_sign_opens():
    assert open_checkpoint(NOTE.encode(), KEY) == POINT
    assert POINT.named() == "cert.example/log at 7 entries with root AAECAwQFBgcI…"


@given(POINTS)
def test_checkpoints_come_back_from_their_text(point):
    assert Checkpoint.decode(point.encode()) == point


@given(st.text(max_size=60))
def test_no_text_is_read_as_another_checkpoint(text):
    try:
        point = Checkpoint.decode(text)
    except Malformed:
        return
    assert point.encode() == text


ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "checkpoint"),
        (f"a\n7\n{ROOT}", "checkpoint"),
        ("a\n7\n", "checkpoint"),
        (f"a\n07\n{ROOT}\n", "tree size"),
        (f"a\n-7\n{ROOT}\n", "tree size"),
        (f"a\n+7\n{ROOT}\n", "tree size"),
        (f"a\n\u0667\n{ROOT}\n", "tree size"),
        (f"a\n{1 << 63}\n{ROOT}\n", "tree size"),
        (f"a\n7\n{ROOT[:-1]}\n", "root"),
        (f"a\n7\n{ROOT[:-2]}9=\n", "root"),
        ("a\n7\nAAAA\n", "checkpoint"),
        (f"\n7\n{ROOT}\n", "origin"),
        (f"{'a' * 256}\n7\n{ROOT}\n", "origin"),
        (f"a\tb\n7\n{ROOT}\n", "origin"),
        (f"a\n7\n{ROOT}\n\n", "extension line"),
    ],
)
def test_malformed_checkpoints_are_refused(text, where):
    assert Checkpoint.decode(f"a\n7\n{ROOT}\n").size == 7
    with pytest.raises(Malformed) as refused:
        Checkpoint.decode(text)
    assert refused.value.where == where


def test_an_origin_of_two_lines_is_refused():
    with pytest.raises(Malformed):
        Checkpoint("a\nb", 0, bytes(32))


def test_too_many_extension_lines_are_refused():
    assert Checkpoint("a", 0, bytes(32), ("x",) * MAX_EXTENSIONS).extensions[0] == "x"
    with pytest.raises(TooLarge):
        Checkpoint("a", 0, bytes(32), ("x",) * (MAX_EXTENSIONS + 1))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_changed_byte_of_a_signed_checkpoint_is_noticed(data):
    content = bytearray(NOTE.encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    with pytest.raises((Malformed, Refused)):
        open_checkpoint(bytes(content), KEY)


def test_a_key_opens_only_the_checkpoints_of_its_own_log():
    other = sign_text(Checkpoint("other.example/log", 7, bytes(32)).encode(), name=ORIGIN, key=PRIVATE)
    with pytest.raises(Refused) as refused:
        open_checkpoint(other.encode(), KEY)
    assert refused.value.verdict.grounds[0].rule == "checkpoint.origin"


def test_a_cosignature_verifies_and_says_when():
    verdict = verify_cosignature(COSIGNED, WITNESS_KEY, now=NOW)
    assert verdict.allowed
    assert verdict.grounds[0].rule == "cosignature.given"
    assert cosigned_at(COSIGNED.signatures[1]) == NOW
    assert open_checkpoint(COSIGNED.encode(), KEY) == POINT


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_changed_byte_of_a_cosigned_checkpoint_is_noticed(data):
    text, line = NOTE.text.encode(), f"\n{COSIGNED.signatures[1].encode()}\n".encode()
    content = bytearray(text + line)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    try:
        note = Note.decode(bytes(content))
    except Malformed:
        return
    assert verify_cosignature(note, WITNESS_KEY, now=NOW).answer is Answer.NO


@pytest.mark.parametrize("content", [b"x", bytes(8), bytes(71), bytes(73)])
def test_a_cosignature_of_another_length_is_forged(content):
    note = NOTE.with_signature(Signature(WITNESS_KEY.name, WITNESS_KEY.key_id, content))
    assert verify_cosignature(note, WITNESS_KEY, now=NOW).grounds[0].rule == "cosignature.forged"


def test_a_cosignature_from_the_future_is_refused_beyond_the_skew_of_clocks():
    assert verify_cosignature(COSIGNED, WITNESS_KEY, now=NOW - CLOCK_SKEW).allowed
    early = verify_cosignature(COSIGNED, WITNESS_KEY, now=NOW - CLOCK_SKEW - timedelta(seconds=1))
    assert early.answer is Answer.NO
    assert early.grounds[0].rule == "cosignature.future"


def test_without_a_cosignature_of_the_witness_the_answer_is_no():
    assert verify_cosignature(NOTE, WITNESS_KEY, now=NOW).grounds[0].rule == "note.unsigned"


def test_the_plain_key_of_a_witness_is_a_mistake_of_the_caller():
    plain = VerifierKey(WITNESS_KEY.name, WITNESS_KEY.public)
    with pytest.raises(ValueError, match="kind for cosignatures"):
        verify_cosignature(COSIGNED, plain, now=NOW)


def test_a_witness_signs_nothing_but_checkpoints():
    letter = sign_text("Dear witness\n", name=ORIGIN, key=PRIVATE)
    with pytest.raises(Malformed):
        cosign(letter, name=WITNESS_KEY.name, key=WITNESS, now=NOW)
