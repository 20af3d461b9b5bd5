"""Files that are whole or not there: written beside their place, and put into it when all is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from comity.base.errors import ComityError


class NotWritten(ComityError):
    """A file that could not be written to its end; what stood in its place still does."""

    code = "unwritable"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"{path}: {error.strerror or error}. No file was left there; make room, or write elsewhere."
        )


class Sink:
    """Takes bytes for one file, and names it in the error where that fails."""

    closed = False  # as Arrow asks

    def __init__(self, path: str, file: BinaryIO) -> None:
        self._path, self._file = path, file

    def write(self, content: bytes, /) -> int:
        """Write all of it; raises `NotWritten`."""
        with _named(self._path):
            return self._file.write(content)

    def flush(self) -> None:
        """Hand over what was written so far; raises `NotWritten`."""
        with _named(self._path):
            self._file.flush()


@contextmanager
def whole(path: str) -> Iterator[Sink]:
    """Where to write the file; it is there, complete and on the disk, if the block ends without an error.

    What is no file, such as a pipe or a device, is written directly.
    """
    place = Path(path)
    direct = place.exists() and not place.is_file()
    beside = place if direct else place.with_name(f".{place.name}.{os.getpid()}.part")
    with _named(path):
        file = beside.open("wb")
    try:
        sink = Sink(path, file)
        yield sink
        sink.flush()
        if not direct:
            with _named(path):
                os.fsync(file.fileno())
                beside.replace(place)
    finally:
        with suppress(OSError):  # what could not be written is told already
            file.close()
        if not direct:
            beside.unlink(missing_ok=True)


@contextmanager
def _named(path: str) -> Iterator[None]:
    """An error of the disk, told with the name of the file."""
    try:
        yield
    except OSError as error:
        raise NotWritten(path, error) from error
