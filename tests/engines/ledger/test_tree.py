import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.engines.ledger.tiles import HASH_SIZE, tile_width
from comity.engines.ledger.tree import EMPTY, EMPTY_ROOT, Tile, Tree, leaf_hash
from tests.engines.ledger import reference
from tests.engines.ledger.vectors import load, unhex

VECTORS = load("merkle.json")
LEAVES = [leaf_hash(reference.entry(index)) for index in range(1200)]


def test_leaf_hashes_are_those_of_certificate_transparency():
    assert [leaf_hash(leaf) for leaf in unhex(VECTORS["leaves"])] == unhex(VECTORS["leaf_hashes"])


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    leaves = [leaf_hash(leaf) for leaf in unhex(VECTORS["leaves"])]
    assert EMPTY.append(leaves[:size]).tree.root == bytes.fromhex(VECTORS["roots"][size])


def test_the_empty_tree_has_the_hash_of_nothing():
    assert EMPTY.root == EMPTY_ROOT == reference.mth(0, 0)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 1200])
def test_root_equals_the_slow_definition_at_the_borders_of_tiles(size):
    assert EMPTY.append(LEAVES[:size]).tree.root == reference.mth(0, size)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 66_049])
def test_root_equals_the_slow_definition_at_the_borders_of_the_third_level(size):
    leaves = [leaf_hash(reference.entry(index)) for index in range(size)]
    assert EMPTY.append(leaves).tree.root == reference.mth(0, size)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 300), max_size=4))
def test_growing_in_any_steps_gives_the_same_tree_and_the_same_tiles(steps):
    tree = EMPTY
    tiles: list[Tile] = []
    for step in steps:
        growth = tree.append(LEAVES[tree.size : tree.size + step])
        tree = growth.tree
        tiles += growth.tiles
    at_once = EMPTY.append(LEAVES[: sum(steps)])
    assert tree == at_once.tree
    assert tree.root == reference.mth(0, sum(steps))
    assert sorted(tiles, key=lambda tile: (tile.level, tile.index)) == list(at_once.tiles)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1200))
def test_full_tiles_and_edge_hold_the_hashes_that_the_standard_defines(size):
    growth = EMPTY.append(LEAVES[:size])
    held = {(tile.level, tile.index): tile.hashes for tile in growth.tiles}
    held |= {(level, (size >> 8 * level) // 256): edge for level, edge in enumerate(growth.tree.edge) if edge}
    for (level, index), hashes in held.items():
        span = 256**level
        starts = [(index * 256 + number) * span for number in range(tile_width(level, index, size))]
        assert hashes == b"".join(reference.mth(start, start + span) for start in starts)


@pytest.mark.parametrize("edge", [(), (b"",), (b"\0" * HASH_SIZE,), (b"\0" * HASH_SIZE * 2, b"")])
def test_an_edge_that_cannot_be_of_its_size_is_refused(edge):
    assert Tree(2, (b"\0" * HASH_SIZE * 2,)).size == 2
    with pytest.raises(ValueError, match="not that of a tree of 2 entries"):
        Tree(2, edge)


def test_sizes_and_hashes_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="size of a tree"):
        Tree(-1, ())
    with pytest.raises(ValueError, match="32 bytes"):
        EMPTY.append([b"\0" * 31, b"\0" * 33])
