import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Answer
from comity.engines.ledger.logproof import MAX_EXTRA, MAX_TEXT, LogProof, verify_log_proof
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import inclusion_proof
from tests.engines.ledger.reference import entry
from tests.engines.ledger.small_log import KEY, ORIGIN, kept, reader


def proof_of(index: int, size: int, extra: bytes = b"") -> LogProof:
    hashes = inclusion_proof(reader(kept(size)), index, size)
    return LogProof(index, hashes, kept(size)["checkpoint"], extra)


PROOF = proof_of(5, 11, b"salt")
LINES = PROOF.encode().decode().split("\n")


@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 11), (299, 300)])
def test_a_proof_verifies_after_its_journey_as_a_text(index, size):
    proof = LogProof.decode(proof_of(index, size, b"x").encode())
    verdict = verify_log_proof(proof, entry(index), KEY)
    assert verdict.allowed
    assert [ground.rule for ground in verdict.grounds] == ["checkpoint.signed", "log.included"]


def test_the_text_is_that_of_the_standard():
    assert LINES[:3] == ["c2sp.org/tlog-proof@v1", "extra c2FsdA==", "index 5"]
    assert LINES[3 + len(PROOF.hashes) :][:3] == ["", ORIGIN, "11"]
    assert LogProof(5, PROOF.hashes, PROOF.note).encode() == PROOF.encode().replace(b"extra c2FsdA==\n", b"")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_changed_byte_outside_the_extra_line_is_noticed(data):
    content = bytearray(LogProof(5, PROOF.hashes, PROOF.note).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    try:
        answer = verify_log_proof(LogProof.decode(bytes(content)), entry(5), KEY).answer
    except Malformed:
        return
    assert answer is Answer.NO


def test_another_entry_is_refused():
    verdict = verify_log_proof(PROOF, entry(6), KEY)
    assert verdict.answer is Answer.NO
    assert verdict.grounds[0].rule == "log.inclusion.root"


def test_the_key_of_another_log_is_refused():
    stranger = VerifierKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    assert verify_log_proof(PROOF, entry(5), stranger).grounds[0].rule == "note.unsigned"


@given(st.binary(max_size=80))
def test_no_bytes_are_read_as_another_proof(rest):
    content = b"c2sp.org/tlog-proof@v1\nindex 1" + rest
    try:
        proof = LogProof.decode(content)
    except Malformed:
        return
    assert proof.encode() == content


HEADER = "c2sp.org/tlog-proof@v1"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "proof"),
        (f"{HEADER}\nindex 1\n", "proof"),
        (f"{HEADER}\n\n", "index"),
        (f"{HEADER}\nextra \nindex 1\n\n", "extra"),
        (f"{HEADER}\nextra ***\nindex 1\n\n", "extra"),
        (f"{HEADER}\nindex 01\n\n", "index"),
        (f"{HEADER}\nindex 1\nAAAA\n\n", "proof"),
        (f"{HEADER}\nindex 1\nextra c2FsdA==\n\n", "hash 1 of the proof"),
        ("c2sp.org/tlog-proof@v2\nindex 1\n\n", "line 1"),
        (f"{HEADER}\nindex \u0661\n\n", "proof"),
    ],
)
def test_malformed_proofs_are_refused(text, where):
    assert LogProof.decode(f"{HEADER}\nindex 1\n\n".encode()) == LogProof(1, (), b"")
    with pytest.raises(Malformed) as refused:
        LogProof.decode(text.encode())
    assert refused.value.where == where


def test_proofs_over_their_bounds_are_refused():
    assert LogProof.decode(LogProof(0, (), b"", bytes(MAX_EXTRA)).encode()).extra == bytes(MAX_EXTRA)
    for content in (bytes(MAX_TEXT + 1), LogProof(0, (), b"", bytes(MAX_EXTRA + 1)).encode()):
        with pytest.raises(TooLarge):
            LogProof.decode(content)
