import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.base.verdict import Answer, Verdict
from comity.engines.ledger.proofs import (
    consistency_proof,
    consistency_tiles,
    inclusion_proof,
    inclusion_tiles,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from comity.engines.ledger.tiles import TileRef
from comity.engines.ledger.tree import EMPTY_ROOT, leaf_hash
from tests.engines.ledger import reference
from tests.engines.ledger.small_log import kept, reader
from tests.engines.ledger.vectors import load, unhex

VECTORS = load("merkle.json")
ROOTS = unhex(VECTORS["roots"])
SIZES = st.one_of(st.integers(1, 700), st.sampled_from([256, 257, 512, 513, 65_536, 65_793]))


def rule(verdict: Verdict) -> str:
    assert verdict.answer is Answer.NO
    return verdict.grounds[0].rule


def leaf(index: int) -> bytes:
    return leaf_hash(reference.entry(index))


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_published_inclusion_proofs_verify(case):
    index, size, proof = case["index"], case["size"], unhex(case["proof"])
    verdict = verify_inclusion(unhex(VECTORS["leaf_hashes"])[index], index, size, proof, ROOTS[size])
    assert verdict.allowed
    assert verdict.grounds[0].rule == "log.included"


@pytest.mark.parametrize("case", VECTORS["consistency"])
def test_published_consistency_proofs_verify(case):
    old, new = case["old"], case["new"]
    assert verify_consistency(old, ROOTS[old], new, ROOTS[new], unhex(case["proof"])).allowed


@settings(deadline=None)
@given(SIZES, st.data())
def test_inclusion_proofs_equal_the_slow_definition_and_verify(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(reader(kept(size)), index, size)
    assert proof == reference.path(index, 0, size)
    assert verify_inclusion(leaf(index), index, size, proof, reference.mth(0, size)).allowed


@settings(deadline=None)
@given(SIZES, st.data())
def test_consistency_proofs_equal_the_slow_definition_and_verify(new, data):
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(reader(kept(new)), old, new)
    assert proof == reference.proof(old, new)
    assert verify_consistency(old, reference.mth(0, old), new, reference.mth(0, new), proof).allowed


@settings(deadline=None)
@given(SIZES, st.data())
def test_earlier_roots_are_found_in_the_tiles_of_a_later_tree(size, data):
    earlier = data.draw(st.integers(0, size))
    assert root_at(reader(kept(size)), size) == reference.mth(0, size)
    assert root_at(reader(kept(size)), earlier, within=size) == reference.mth(0, earlier)


@settings(deadline=None)
@given(st.integers(2, 400), st.data())
def test_any_changed_bit_of_an_inclusion_proof_is_noticed(size, data):
    index = data.draw(st.integers(0, size - 1))
    values = [leaf(index), reference.mth(0, size), *reference.path(index, 0, size)]
    which = data.draw(st.integers(0, len(values) - 1))
    values[which] = flipped(values[which], data.draw(st.integers(0, 255)))
    assert rule(verify_inclusion(values[0], index, size, values[2:], values[1])) == "log.inclusion.root"


@settings(deadline=None)
@given(st.integers(2, 400), st.data())
def test_any_changed_bit_of_a_consistency_proof_is_noticed(new, data):
    old = data.draw(st.integers(1, new - 1))
    values = [reference.mth(0, old), reference.mth(0, new), *reference.proof(old, new)]
    which = data.draw(st.integers(0, len(values) - 1))
    values[which] = flipped(values[which], data.draw(st.integers(0, 255)))
    verdict = verify_consistency(old, values[0], new, values[1], values[2:])
    assert rule(verdict) in {"log.consistency.old-root", "log.consistency.new-root"}


@settings(deadline=None)
@given(st.integers(1, 400), st.data())
def test_another_index_or_size_is_noticed(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, root = reference.path(index, 0, size), reference.mth(0, size)
    other = data.draw(st.integers(0, size + 3).filter(lambda each: each != index))
    assert verify_inclusion(leaf(index), index, size, proof, root).allowed
    assert not verify_inclusion(leaf(index), other, size, proof, root).allowed


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_proofs_of_another_length_are_refused(new, data):
    old = data.draw(st.integers(1, new - 1))
    index = data.draw(st.integers(0, new - 1))
    path, proof = reference.path(index, 0, new), reference.proof(old, new)
    roots = reference.mth(0, old), reference.mth(0, new)
    for wrong in (path[1:], path[:-1], (*path, path[0])):
        assert rule(verify_inclusion(leaf(index), index, new, wrong, roots[1])) == "log.inclusion.length"
    for wrong in (proof[1:], proof[:-1], (*proof, proof[0]), ()):
        assert rule(verify_consistency(old, roots[0], new, roots[1], wrong)) == "log.consistency.length"


def test_an_index_outside_the_tree_is_refused():
    for index in (-1, 3):
        assert rule(verify_inclusion(leaf(0), index, 3, (), reference.mth(0, 3))) == "log.inclusion.index"
        with pytest.raises(ValueError, match="not in a tree of 3 entries"):
            inclusion_proof(reader(kept(3)), index, 3)
        with pytest.raises(ValueError, match="not in a tree of 3 entries"):
            inclusion_tiles(index, 3)


def test_bytes_cannot_move_between_the_hashes_of_a_proof():
    first, second = reference.path(0, 0, 4)
    root = reference.mth(0, 4)
    assert verify_inclusion(leaf(0), 0, 4, (first, second), root).allowed
    assert (
        rule(verify_inclusion(leaf(0) + first[:1], 0, 4, (first[1:], second), root)) == "log.inclusion.hash"
    )
    shifted = (first[:-1], second)
    assert rule(verify_consistency(1, leaf(0), 4, root, shifted)) == "log.consistency.hash"


def test_a_tree_never_shrinks():
    verdict = verify_consistency(3, reference.mth(0, 3), 2, reference.mth(0, 2), ())
    assert rule(verdict) == "log.consistency.size"
    with pytest.raises(ValueError, match="cannot extend"):
        consistency_proof(reader(kept(2)), 3, 2)
    with pytest.raises(ValueError, match="cannot extend"):
        consistency_tiles(3, 2)


def test_from_nothing_and_to_itself_no_proof_is_needed():
    root = reference.mth(0, 5)
    assert consistency_proof(reader(kept(5)), 0, 5) == consistency_proof(reader(kept(5)), 5, 5) == ()
    assert verify_consistency(0, EMPTY_ROOT, 5, root, ()).allowed
    assert verify_consistency(5, root, 5, root, ()).allowed
    assert rule(verify_consistency(0, root, 5, root, ())) == "log.consistency.old-root"
    assert rule(verify_consistency(5, leaf(1), 5, root, ())) == "log.consistency.new-root"
    assert rule(verify_consistency(5, root, 5, root, (root,))) == "log.consistency.length"


def test_a_refusal_says_in_words_what_is_wrong():
    verdict = verify_inclusion(leaf(0), 0, 8, (), reference.mth(0, 8))
    assert verdict.grounds[0].text == (
        "The proof has 0 hashes; the path of entry 0 in a tree of 8 entries has 3."
    )


@settings(deadline=None)
@given(SIZES, st.data())
def test_the_tiles_of_a_proof_are_exactly_those_that_making_it_reads_and_each_once(size, data):
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    asked = []

    def read(ref):
        asked.append(ref)
        return kept(size)[ref.path]

    for make, name in ((inclusion_proof, inclusion_tiles), (consistency_proof, consistency_tiles)):
        asked.clear()
        place = index if make is inclusion_proof else old
        make(read, place, size)
        assert len(asked) == len(set(asked))
        assert name(place, size) == frozenset(asked)


def test_a_proof_needs_few_tiles_however_large_the_tree():
    assert inclusion_tiles(0, 1) == consistency_tiles(0, 5) == consistency_tiles(5, 5) == frozenset()
    assert inclusion_tiles(0, 2) == {TileRef(0, 0, 2)}
    size = 10**12 + 300
    assert {ref.level for ref in inclusion_tiles(size // 3, size)} == {0, 1, 2, 3, 4}
    assert len(inclusion_tiles(size // 3, size)) <= 2 * 5
    assert len(consistency_tiles(size // 3, size)) <= 2 * 5


def test_a_tile_of_another_width_is_refused():
    with pytest.raises(Malformed) as refused:
        inclusion_proof(lambda ref: b"\0" * 32, 0, 3)
    assert refused.value.where == "tile/0/000.p/3"


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
