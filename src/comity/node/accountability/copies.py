"""A copy of a log as files, in the layout in which it is served: for backup, and to be verified.

A copy may be continued: full tiles that are there are not written again. The checkpoint is written last, so
that a copy that was broken off is never taken for a whole one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.note import Note
from comity.engines.ledger.tiles import FULL_TILE, TILE_WIDTH, BundleRef, TileRef, bundles_of, tiles_of
from comity.node.accountability import queries

Told = Callable[[int, int], None]
Ref = TileRef | BundleRef

_FULL_BUNDLE = 34 * TILE_WIDTH  # 32 bytes of commitment behind 2 bytes of length, each


def copy_log(folder: Path, *, told: Told | None = None) -> int:
    """Write our log into `folder`, and its newest checkpoint last; the number of entries it then holds.

    `told` hears after each file how many of how many are done.
    """
    return write_copy(folder, queries.latest_checkpoint(), _content, told=told)


def write_copy(
    folder: Path, note: bytes, content: Callable[[Ref], bytes], *, told: Told | None = None
) -> int:
    """Write the log of this checkpoint into `folder`, file after file as `content` gives them; its size."""
    size = Checkpoint.decode(Note.decode(note).text).size
    total = sum(1 for _ in _refs(size))
    for done, ref in enumerate(_refs(size), 1):
        if not _is_there(folder / ref.path, ref):
            _write(folder / ref.path, content(ref))
        if told:
            told(done, total)
    _write(folder / "checkpoint", note)
    return size


def _refs(size: int) -> Iterator[Ref]:
    yield from tiles_of(size)
    yield from bundles_of(size)


def _content(ref: Ref) -> bytes:
    if isinstance(ref, TileRef):
        return queries.tile(ref.level, ref.index, ref.width)
    return queries.entry_bundle(ref.index, ref.width)


def _is_there(path: Path, ref: Ref) -> bool:
    """Whether an earlier run wrote this full tile; a partial one is cheap and written again."""
    whole = FULL_TILE if isinstance(ref, TileRef) else _FULL_BUNDLE
    return ref.width == TILE_WIDTH and path.is_file() and path.stat().st_size == whole


def _write(path: Path, content: bytes) -> None:
    """Put the file in place at once and for good, so that a crash leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
