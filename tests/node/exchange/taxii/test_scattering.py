"""Each key has a place of its own, and a place tells nothing of the key without the seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comity.node.exchange.taxii.scattering import Scatter

SEED = bytes(range(16))


def test_every_place_is_one_key():
    scatter = Scatter.over(7, 7 + 2**16 - 1, SEED)
    keys = range(7, 7 + 2**16)
    assert scatter.length == 2**16
    assert sorted(scatter.place(key) for key in keys) == list(range(2**16))
    assert all(scatter.key(scatter.place(key)) == key for key in keys)


@given(low=st.integers(0, 2**40), span=st.integers(0, 2**22), seed=st.binary(min_size=16, max_size=16))
def test_there_and_back(low, span, seed):
    scatter = Scatter.over(low, low + span, seed)
    assert span < scatter.length <= max(2**16, 4 * span)
    for key in (low, low + span // 3, low + span):
        assert 0 <= scatter.place(key) < scatter.length
        assert scatter.key(scatter.place(key)) == key
    assert Scatter.from_json(scatter.as_json()) == scatter


def test_another_seed_is_another_order():
    one, other = Scatter.over(0, 99, SEED), Scatter.over(0, 99, SEED[::-1])
    orders = [sorted(range(100), key=each.place) for each in (one, other)]
    assert orders[0] != orders[1]
    assert list(range(100)) not in orders


def test_it_is_the_same_on_every_machine():
    """Places that were given are found again after an update or a move."""
    scatter = Scatter.over(1, 5, SEED)
    assert [scatter.place(key) for key in range(1, 6)] == [25348, 39035, 48608, 44297, 21580]
