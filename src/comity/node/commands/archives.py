"""The backup file: a tar whose first member is a manifest with the SHA-256 of every other.

Reading is strict: only the members that the manifest lists, only regular files, only the names below.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from comity.base.errors import ComityError, TooLarge
from comity.node.commands.homes import FILE_MODE, write_private
from comity.node.commands.parsing import Unreadable

MANIFEST = "manifest.json"
MAX_MANIFEST = 1_000_000  # bytes
MAX_FILES = 1_000
FORMAT = "comity-backup/1"
_NAME = re.compile(
    r"node\.toml|secret|database|keys/[A-Za-z0-9._-]{1,100}\.pem|credentials/[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
    re.ASCII,
)
_CHUNK = 1 << 20


class DamagedBackup(ComityError):
    """The backup is not complete or not as it was written; the message names the file in it."""

    code = "damaged-backup"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds, and of what it is a backup."""

    made: datetime
    node: str
    version: str
    engine: str  # what wrote `database`: "sqlite" or "postgresql"
    checkpoint: str  # our log's signed checkpoint, from before the database was copied; empty: no log yet
    files: tuple[Entry, ...]
    format: str = FORMAT


def entry(name: str, path: Path) -> Entry:
    """The line of the manifest for this file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(name, path.stat().st_size, digest)


def write(target: Path, manifest: Manifest, paths: Mapping[str, Path]) -> None:
    """Write the backup, readable by its owner alone and safely on the disk; never over another file."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, MANIFEST, io.BytesIO(content := msgspec.json.encode(manifest)), len(content), manifest)
            for each in manifest.files:
                with paths[each.name].open("rb") as source:
                    _add(tar, each.name, source, each.size, manifest)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int, manifest: Manifest) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, FILE_MODE, int(manifest.made.timestamp())
    tar.addfile(member, content)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        file = path.open("rb")
    except OSError as error:
        why = (error.strerror or "cannot be opened").lower()
        raise Unreadable(f"{path}: {why}. Name a file that `comity-node backup` wrote.") from error
    try:
        with file, tarfile.open(fileobj=file, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise DamagedBackup(f"{path} is not a whole backup: {error}. Use another copy of it.") from error


def verify(path: Path) -> Manifest:
    """The manifest, once every file was compared with it; `DamagedBackup` names the first that differs."""
    with _opened(path) as tar:
        manifest = _manifest(path, tar)
        expected = {each.name: each for each in manifest.files}
        for member in tar:
            if member.name == MANIFEST:
                continue
            _compare(path, tar, member, expected.pop(member.name, None))
    if expected:
        raise DamagedBackup(f"{path}: {min(expected)} is missing. Use another copy of the backup.")
    return manifest


def extract(path: Path, name: str, target: Path) -> None:
    """Write one file of a verified backup to `target`, readable by its owner alone."""
    with _opened(path) as tar:
        content = tar.extractfile(name)
        if content is None:
            raise DamagedBackup(f"{path}: {name} is not a file.")
        write_private(target, b"")
        with target.open("wb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def read_text(path: Path, name: str) -> str:
    """A small text file of a verified backup."""
    with _opened(path) as tar:
        content = tar.extractfile(name)
        return content.read(MAX_MANIFEST).decode() if content else ""


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    if member is None or member.name != MANIFEST or not member.isreg():
        raise DamagedBackup(f"{path}: {MANIFEST} does not come first; this is not a backup of a Comity node.")
    if member.size > MAX_MANIFEST:
        raise TooLarge(f"{path}: {MANIFEST}", f"larger than {MAX_MANIFEST} bytes")
    content = tar.extractfile(member)
    try:
        manifest = msgspec.json.decode(content.read() if content else b"", type=Manifest)
    except msgspec.MsgspecError as error:
        raise DamagedBackup(f"{path}: {MANIFEST}: {error}. Use another copy of the backup.") from error
    if manifest.format != FORMAT:
        raise DamagedBackup(f"{path}: written as {manifest.format!r}; this version reads {FORMAT!r}.")
    if len(manifest.files) > MAX_FILES:
        raise TooLarge(f"{path}: {MANIFEST}", f"more than {MAX_FILES} files")
    return manifest


def _compare(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, wanted: Entry | None) -> None:
    content = tar.extractfile(member) if member.isreg() else None
    if wanted is None or content is None or not _NAME.fullmatch(member.name):
        raise DamagedBackup(f"{path}: {member.name} does not belong into a backup; nothing was restored.")
    if (member.size, _digest(content)) != (wanted.size, wanted.sha256):
        raise DamagedBackup(
            f"{path}: {member.name} is not what was backed up (its SHA-256 differs). Use another copy."
        )


def _digest(content: IO[bytes]) -> str:
    digest: Any = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return str(digest.hexdigest())
