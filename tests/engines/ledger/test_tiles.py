import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.engines.ledger.tiles import (
    MAX_INDEX,
    BundleRef,
    TileRef,
    bundles_of,
    decode_bundle,
    encode_bundle,
    parse_path,
    tile_width,
    tiles_of,
)

PLACES = st.tuples(st.integers(0, MAX_INDEX), st.integers(1, 256))
REFS = st.one_of(
    PLACES.map(lambda place: BundleRef(*place)),
    st.tuples(st.integers(0, 63), PLACES).map(lambda both: TileRef(both[0], *both[1])),
)


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        (TileRef(0, 1234067), "tile/0/x001/x234/067"),
        (TileRef(0, 1234), "tile/0/x001/234"),
        (TileRef(0, 0), "tile/0/000"),
        (TileRef(63, 999, 17), "tile/63/999.p/17"),
        (BundleRef(1000, 1), "tile/entries/x001/000.p/1"),
        (BundleRef(5), "tile/entries/005"),
    ],
)
def test_paths_are_those_of_the_standard(ref, path):
    assert ref.path == path
    assert parse_path(path) == ref


@given(REFS)
def test_every_reference_is_read_back_from_its_path(ref):
    assert parse_path(ref.path) == ref


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000\n",
        "tile/data/000",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x001/" * 20 + "000",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(Malformed) as refused:
        parse_path(path)
    assert refused.value.where == "path"


@given(st.text(max_size=40))
def test_no_text_is_read_as_another_path(text):
    try:
        ref = parse_path(text)
    except Malformed:
        return
    assert ref.path == text


@pytest.mark.parametrize("place", [(-1, 1), (MAX_INDEX + 1, 1), (0, 0), (0, 257)])
def test_places_out_of_bounds_are_refused(place):
    with pytest.raises(ValueError, match="of a tile"):
        TileRef(0, *place)
    with pytest.raises(ValueError, match="of a tile"):
        BundleRef(*place)


def test_levels_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="level"):
        TileRef(64, 0)


def test_the_standards_example_of_70000_entries():
    tiles = list(tiles_of(70_000))
    assert [ref for ref in tiles if ref.width < 256] == [
        TileRef(0, 273, 112),
        TileRef(1, 1, 17),
        TileRef(2, 0, 1),
    ]
    assert sum(ref.level == 0 for ref in tiles) == 274
    assert [ref for ref in tiles if ref.level == 1] == [TileRef(1, 0), TileRef(1, 1, 17)]
    assert list(tiles_of(256)) == [TileRef(0, 0), TileRef(1, 0, 1)]
    assert list(bundles_of(300)) == [BundleRef(0), BundleRef(1, 44)]
    assert list(tiles_of(0)) == []
    assert list(bundles_of(0)) == []
    assert tile_width(0, 2, 300) == 0


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_bundles_are_read_back(entries):
    content = encode_bundle(entries)
    assert list(decode_bundle(content, where="f", width=len(entries))) == entries


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.data())
def test_a_bundle_cut_off_anywhere_is_refused(entries, data):
    content = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(Malformed) as refused:
        list(decode_bundle(content[:cut], where="tile/entries/000.p/5", width=len(entries)))
    assert refused.value.where == "tile/entries/000.p/5"


def test_a_bundle_with_more_entries_than_it_should_have_is_refused():
    with pytest.raises(Malformed, match="goes on after its 1 entries"):
        list(decode_bundle(encode_bundle([b"a", b"b", b"c"]), where="f", width=1))


def test_a_bundle_over_its_bound_is_refused_unread():
    with pytest.raises(TooLarge):
        next(decode_bundle(bytes(2 * 65_537 + 1), where="f", width=2))
