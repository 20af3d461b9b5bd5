"""Whether the log in the database is whole, and still the one that a checkpoint from before describes."""

from __future__ import annotations

from comity.base.errors import NotFound
from comity.base.verdict import Ground, Verdict, all_of
from comity.engines.ledger.checkpoint import open_checkpoint
from comity.engines.ledger.copy import CHECKPOINT, compare, verify_copy
from comity.engines.ledger.tiles import TileRef, parse_path
from comity.node.accountability import queries


def checkpoint() -> bytes:
    """The newest checkpoint of our log; empty before the first entry."""
    return queries.latest_checkpoint() if queries.size() else b""


def judge_log(before: bytes = b"") -> Verdict:
    """Whether every entry and tile is that of our newest checkpoint, and that only grew since `before`."""
    newest = checkpoint()
    if not newest and not before:
        return Verdict.yes(Ground("log.empty", "C2SP tlog-tiles", "The log has no entry yet."))
    if not newest:
        text = "The log is empty, but a checkpoint of it from before is not."
        return Verdict.no(Ground("log.lost", "C2SP tlog-tiles", text))
    key = queries.log_key()
    whole = verify_copy(_read, key)
    if not before:
        return whole
    return all_of((whole, compare(open_checkpoint(before, key), open_checkpoint(newest, key), _read)))


def _read(path: str) -> bytes | None:
    """The file that a copy of our log would have at this path."""
    try:
        if path == CHECKPOINT:
            return queries.latest_checkpoint()
        ref = parse_path(path)
        if isinstance(ref, TileRef):
            return queries.tile(ref.level, ref.index, ref.width)
        return queries.entry_bundle(ref.index, ref.width)
    except NotFound:
        return None
