"""The node's private keys: one PEM file each, mode 0600, in the folder that the settings name.

`sign` signs acts, the descriptor and requests; `log` signs the checkpoints of our log; `witness` cosigns
the checkpoints of partners. Three keys, so that losing one does not lose the meaning of the others.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from comity.base.errors import ComityError
from comity.formats.jws import thumbprint

MOST_FORMER = 32  # so many renewals may pass while a partner is suspended


class KeyUse(Enum):
    """What a key is for; also the name of its file."""

    SIGN = "sign"
    LOG = "log"
    WITNESS = "witness"


class KeyMissing(ComityError):
    """A private key file is absent, unreadable or of another kind."""

    code = "key-missing"


def create(folder: Path, use: KeyUse, *, name: str | None = None) -> Ed25519PrivateKey:
    """A new key, written to `folder` under its use (or `name`); never overwrites one that is there."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name or use.value}.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    _keep_names(folder)
    return key


def read(path: Path) -> Ed25519PrivateKey:
    """The private key in a file; raises `KeyMissing` and says where it was looked for."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise KeyMissing(f"{path}: {error}. Run `comity-node init`, or restore the folder.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissing(f"{path}: expected an Ed25519 key.")
    return key


@contextmanager
def renewing(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours to change now: one process of this host renews or finishes at a time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def next_of(folder: Path, use: KeyUse) -> Path:
    """Where a new key waits until it is declared and takes the place of the old one."""
    return folder / f"{use.value}-next.pem"


def put_in_place(folder: Path, use: KeyUse, *, kept: Callable[[], None]) -> None:
    """Let the key that waits take the place of the old one, which stays beside it; calls `kept` in between.

    At no moment is there no key, and what was done already is not done again: this may be cut off anywhere.
    """
    waiting, current = next_of(folder, use), folder / f"{use.value}.pem"
    old = folder / f"{use.value}-until-{thumbprint(read(waiting).public_key())[:8]}.pem"
    if current.exists() and not old.exists():
        os.link(current, old)
        _keep_names(folder)
    kept()
    waiting.replace(current)
    _keep_names(folder)


def _keep_names(folder: Path) -> None:
    """The names in the folder outlive a loss of power from now on."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def former(use: KeyUse) -> tuple[Ed25519PrivateKey, ...]:
    """The keys that this one has replaced and that are still in the folder, the newest first."""
    found = settings.CONFIG.keys.glob(f"{use.value}-until-*.pem")
    newest = sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return tuple(read(path) for path in newest[:MOST_FORMER])


@cache
def _read_once(path: Path, stamp: int) -> Ed25519PrivateKey:
    return read(path)


def node_key(use: KeyUse) -> Ed25519PrivateKey:
    """The node's key for the use, read again when its file has changed (a rollover in another process)."""
    path: Path = settings.CONFIG.keys / f"{use.value}.pem"
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return _read_once(path, stamp)
