import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.base.verdict import Answer
from comity.engines.ledger.commitment import SALT_SIZE, Opening, commit, opens

SALTS = st.binary(min_size=SALT_SIZE, max_size=SALT_SIZE)


@given(SALTS, st.binary())
def test_a_commitment_is_hmac_sha256_and_opens_with_its_salt_and_entry(salt, entry):
    assert commit(salt, entry) == hmac.new(salt, entry, "sha256").digest()
    assert opens(commit(salt, entry), salt, entry).allowed


@given(SALTS, st.binary(max_size=60), st.data())
def test_any_changed_byte_is_noticed(salt, entry, data):
    parts = [commit(salt, entry), salt, entry]
    which = data.draw(st.integers(0, 2 if entry else 1))
    changed = bytearray(parts[which])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    parts[which] = bytes(changed)
    verdict = opens(*parts)
    assert verdict.answer is Answer.NO
    assert verdict.grounds[0].rule == "commitment.other"


def test_salts_of_another_length_are_refused():
    commitment = commit(bytes(SALT_SIZE), b"entry")
    for length in (0, 31, 33):
        assert opens(commitment, bytes(length), b"entry").grounds[0].rule == "commitment.salt"
        with pytest.raises(ValueError, match="32 bytes"):
            commit(bytes(length), b"entry")


@given(SALTS, st.binary())
def test_openings_come_back_and_give_their_commitment(salt, entry):
    opening = Opening.decode(Opening(salt, entry).encode())
    assert opening == Opening(salt, entry)
    assert opens(opening.commitment, salt, entry).allowed


def test_an_opening_without_a_whole_salt_is_refused():
    with pytest.raises(Malformed):
        Opening.decode(bytes(SALT_SIZE - 1))
