"""The files of a log: where tiles and entry bundles lie, how wide they are, what an entry bundle holds.

The layout is C2SP tlog-tiles (https://c2sp.org/tlog-tiles), so that any monitor of such logs can read ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comity.base.errors import Malformed, TooLarge

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
FULL_TILE = TILE_WIDTH * HASH_SIZE
MAX_TREE_SIZE = (1 << 63) - 1
MAX_LEVEL = 63
MAX_INDEX = MAX_TREE_SIZE // TILE_WIDTH
MAX_ENTRY = (1 << 16) - 1
MAX_PATH = 64

_LENGTH = 2  # bytes of the big-endian length before each entry of a bundle
_GROUP = 1000  # a path element holds three digits of the index
_LEVEL = r"(?P<level>entries|0|[1-9][0-9]?)"
_INDEX = r"(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
_PATH = re.compile(rf"tile/{_LEVEL}/{_INDEX}(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TileRef:
    """Which tile: `width` hashes, each over 256**level entries, from `index` * 256 of them on."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)
        if not 0 <= self.level <= MAX_LEVEL:
            raise ValueError(f"the level of a tile is 0 to {MAX_LEVEL}, not {self.level}")

    @property
    def path(self) -> str:
        """The tile's file below the log's prefix, for example `tile/0/x001/234.p/17`."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class BundleRef:
    """Which entry bundle: `width` entries from entry `index` * 256 on."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """The bundle's file below the log's prefix, for example `tile/entries/x001/234`."""
        return f"tile/entries/{_place(self.index, self.width)}"


def parse_path(path: str) -> TileRef | BundleRef:
    """The tile or bundle at `path`; only the one spelling that `path` of a reference gives is read."""
    match = _PATH.fullmatch(path) if len(path) <= MAX_PATH else None
    if match is None:
        raise Malformed("path", "this is not tile/<level>/<index> or tile/entries/<index>")
    ref = _ref(match)
    if ref.path != path:
        raise Malformed("path", "the index is not written in its shortest form")
    return ref


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes the tile at `index` has in a tree of `size` entries; 0 when there is no such tile."""
    complete = size >> (TILE_HEIGHT * level)
    return max(0, min(TILE_WIDTH, complete - index * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[TileRef]:
    """Every tile of a tree of `size` entries: level by level, from the first entry to the last."""
    level = 0
    while complete := size >> (TILE_HEIGHT * level):
        for index in range(-(-complete // TILE_WIDTH)):
            yield TileRef(level, index, tile_width(level, index, size))
        level += 1


def bundles_of(size: int) -> Iterator[BundleRef]:
    """Every entry bundle of a tree of `size` entries, in order."""
    for index in range(-(-size // TILE_WIDTH)):
        yield BundleRef(index, tile_width(0, index, size))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle: each entry behind its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(_LENGTH, "big") + entry for entry in entries)


def decode_bundle(content: bytes, *, where: str, width: int) -> Iterator[bytes]:
    """The `width` entries of the bundle in the file `where`; what is wrong is raised when it is reached."""
    if len(content) > width * (_LENGTH + MAX_ENTRY):
        raise TooLarge(where, f"{len(content)} bytes are more than {width} entries can take")
    count = at = 0
    while at < len(content):
        start = at + _LENGTH
        at = start + int.from_bytes(content[at:start], "big")
        if at > len(content):
            raise Malformed(where, f"the file ends inside entry {count} of the bundle")
        if count == width:
            raise Malformed(where, f"the bundle goes on after its {width} entries")
        yield content[start:at]
        count += 1
    if count < width:
        raise Malformed(where, f"the bundle holds {count} entries; it should hold {width}")


def _ref(match: re.Match[str]) -> TileRef | BundleRef:
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or TILE_WIDTH)
    if index > MAX_INDEX or (match["width"] and width >= TILE_WIDTH):
        raise Malformed("path", "the index or the width is over its bound")
    if match["level"] == "entries":
        return BundleRef(index, width)
    level = int(match["level"])
    if level > MAX_LEVEL:
        raise Malformed("path", f"the level is over {MAX_LEVEL}")
    return TileRef(level, index, width)


def _check_place(index: int, width: int) -> None:
    if not 0 <= index <= MAX_INDEX:
        raise ValueError(f"the index of a tile is 0 to {MAX_INDEX}, not {index}")
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"the width of a tile is 1 to {TILE_WIDTH}, not {width}")


def _place(index: int, width: int) -> str:
    groups = [f"{index % _GROUP:03d}"]
    while index := index // _GROUP:
        groups.append(f"x{index % _GROUP:03d}")
    return "/".join(reversed(groups)) + ("" if width == TILE_WIDTH else f".p/{width}")
