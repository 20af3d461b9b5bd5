"""A node with keys, people who act, and a log of somebody else that lives in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from comity.base.errors import NotFound
from comity.engines.ledger.checkpoint import Checkpoint, sign_checkpoint
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import consistency_proof
from comity.engines.ledger.tiles import HASH_SIZE, TileRef, tiles_of
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.engines.ledger.witness import AddCheckpoint
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import Recorded, record
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Role

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * HASH_SIZE)
Recorder = Callable[..., tuple[Recorded, ...]]


def told(number: int, subject: str = "comity-act--1") -> list[LogEntry]:
    return [LogEntry(Event.ACT_SENT, NOW, subject, f"{each:064x}") for each in range(number)]


@pytest.fixture
def recorded() -> Recorder:
    def append(number: int = 1, subject: str = "comity-act--1", now: datetime = NOW) -> tuple[Recorded, ...]:
        with transaction.atomic():
            return record(told(number, subject), now=now)

    return append


def body(ref: str, kind: str = "national-cert") -> Party:
    return Party.objects.create(ref=ref, kind=kind, name=ref, state="PK", ours=True, added=NOW)


@pytest.fixture
def cert(db) -> Party:
    return body("identity--cert")


@pytest.fixture
def watchers(db) -> Party:
    return body("identity--watchers", "observer")


@pytest.fixture
def analyst(cert) -> Actor:
    return Actor(name="Ayesha", body=cert.pk, roles=frozenset({Role.ANALYST}))


@pytest.fixture
def counsel(cert) -> Actor:
    return Actor(name="Bilal", body=cert.pk, roles=frozenset({Role.COUNSEL}))


@pytest.fixture
def administrator(cert) -> Actor:
    return Actor(name="Dara", body=cert.pk, roles=frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def observer(watchers) -> Actor:
    return Actor(name="Chen", body=watchers.pk, roles=frozenset({Role.OBSERVER}))


@dataclass
class OtherLog:
    """Somebody's log: its entries, and everything it serves computed from them."""

    entries: list[bytes]
    origin: str = "log.example/partner"
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"k" * HASH_SIZE)
    )
    reads: int = 0

    @property
    def vkey(self) -> str:
        return VerifierKey(self.origin, self.key.public_key()).encode()

    def checkpoint(self, size: int) -> Checkpoint:
        tree = EMPTY.append([leaf_hash(each) for each in self.entries[:size]]).tree
        return Checkpoint(self.origin, size, tree.root)

    def note(self, size: int) -> bytes:
        return sign_checkpoint(self.checkpoint(size), self.key).encode()

    def read(self, ref: TileRef) -> bytes:
        self.reads += 1
        step = 256**ref.level
        hashes = [
            self._over(start * step, step) for start in range(ref.index * 256, ref.index * 256 + ref.width)
        ]
        if not all(hashes) or (ref not in set(tiles_of(len(self.entries))) and ref.width == 256):
            raise NotFound("tile")
        return b"".join(hashes)

    def offer(self, old: int, new: int) -> bytes:
        return AddCheckpoint(old, consistency_proof(self.read, old, new), self.note(new)).encode()

    def _over(self, start: int, width: int) -> bytes:
        part = self.entries[start : start + width]
        return EMPTY.append([leaf_hash(each) for each in part]).tree.root if len(part) == width else b""


@pytest.fixture
def partner() -> OtherLog:
    return OtherLog([b"entry %d" % number for number in range(300)])


@pytest.fixture
def rewritten(partner) -> OtherLog:
    """The same keeper's log with its third entry replaced."""
    entries = [*partner.entries[:2], b"another", *partner.entries[3:]]
    return OtherLog([*entries, b"later 1", b"later 2"])
