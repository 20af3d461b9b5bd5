"""Keys and what they are for."""

import pytest

from comity.base.errors import Malformed
from comity.formats.detections.telling import Key, Observed, Telling


@pytest.mark.parametrize("size", [0, 31, 4_097])
def test_a_key_has_a_length(size: int):
    with pytest.raises(Malformed):
        Key.read(b"k" * size)
    assert Key.read(b"k" * 32).octets == b"k" * 32


def test_a_key_is_for_hashing():
    with pytest.raises(ValueError, match="key"):
        Telling(Observed.HASHED)
    with pytest.raises(ValueError, match="key"):
        Telling(Observed.VALUES, Key(b"k" * 32))
