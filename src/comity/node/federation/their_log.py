"""Reading a partner's log over the network: its tiles, and the whole of it as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from comity.base.errors import NotFound
from comity.base.verdict import Verdict
from comity.engines.ledger.copy import ReadFile, verify_copy
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import ReadTile
from comity.engines.ledger.tiles import BundleRef, TileRef
from comity.formats import exchange
from comity.link.transport import Transport, drive
from comity.node.accountability import copies
from comity.node.accountability import queries as log
from comity.node.federation.models import Partner
from comity.node.federation.services import inbound


def tiles(partner: Partner, transport: Transport) -> ReadTile:
    """Reads tiles of the partner's log as it serves them."""
    return lambda ref: _file(partner, ref, transport)


def copy(
    partner: Partner, folder: Path, transport: Transport, *, now: datetime, told: copies.Told | None = None
) -> Verdict:
    """Copy the partner's log into a folder, and verify every entry of it against what was seen before."""
    note = drive(exchange.fetch_checkpoint(partner.log_url), transport)
    consistent = inbound.observe(partner, note, read=tiles(partner, transport), now=now)
    if not consistent.allowed:
        return consistent
    copies.write_copy(folder, note, lambda ref: _file(partner, ref, transport), told=told)
    return verify_copy(_reader(folder), VerifierKey.decode(log.seen_log(partner.log_origin).vkey))


def _file(partner: Partner, ref: TileRef | BundleRef, transport: Transport) -> bytes:
    content = drive(exchange.fetch_log_file(partner.log_url, ref.path), transport)
    if content is None:
        raise NotFound(f"file {ref.path} in the log {partner.log_origin}")
    return content


def _reader(folder: Path) -> ReadFile:
    def read(path: str) -> bytes | None:
        found = folder / path
        return found.read_bytes() if found.is_file() else None

    return read
