"""Reading what a command was given: files, standard input, the folder of a copied log; all within bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.engines.ledger.copy import ReadFile
from comity.engines.ledger.tiles import MAX_ENTRY, TILE_WIDTH
from comity.formats.strict_json import STANDARD

MAX_FILE = STANDARD.size
MAX_LOG_FILE = TILE_WIDTH * (2 + MAX_ENTRY)  # the longest entry bundle; no other file of a log is longer
STDIN = "-"

T = TypeVar("T")


class Unreadable(ComityError):
    """A file that cannot be opened or read."""

    code = "unreadable"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}. Check the path and who may read it.")
        self.path = path


def load(path: str, decode: Callable[[bytes], T], *, limit: int = MAX_FILE) -> T:
    """What `decode` makes of a file (`-`: standard input); its complaints name the file."""
    content = _read(path, limit)
    try:
        return decode(content)
    except Malformed as error:
        raise type(error)(f"{path}, at {error.where}", error.problem) from error


def log_folder(folder: str) -> ReadFile:
    """The files of a copied log; None for one that is not there."""
    top = Path(folder)
    try:
        next(top.iterdir(), None)
    except OSError as error:
        raise Unreadable(folder, error) from error

    def read(path: str) -> bytes | None:
        file = top / path
        try:
            return _content(file, MAX_LOG_FILE)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(str(file), error) from error

    return read


def _read(path: str, limit: int) -> bytes:
    try:
        return _bounded(path, sys.stdin.buffer, limit) if path == STDIN else _content(Path(path), limit)
    except OSError as error:
        raise Unreadable(path, error) from error


def _content(file: Path, limit: int) -> bytes:
    with file.open("rb") as stream:
        return _bounded(str(file), stream, limit)


def _bounded(name: str, stream: BinaryIO, limit: int) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(name, f"has more than the {limit:,} bytes that are read.")
    return content
