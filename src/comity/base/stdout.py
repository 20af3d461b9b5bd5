"""Standard output of both programs: whoever reads it may have read enough, and where it goes may be full."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from comity.base.errors import ComityError

BROKEN_PIPE = 141  # as shells report SIGPIPE


class Unwritable(ComityError):
    """What was to be told could not be written."""

    code = "unwritable"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"standard output: {error.strerror or error}. Not all was written; make room, or write elsewhere."
        )


def write_line(line: str) -> None:
    """A line for whoever reads; raises `Unwritable`."""
    _written(lambda: sys.stdout.write(line + "\n"))


def told(run: Callable[[], int]) -> int:
    """The exit status of a program of which all has been written; raises `Unwritable`.

    A pipe that nobody reads any more ends it without a word: that is how `head` says that it has enough.
    """
    try:
        try:
            return run()
        finally:
            flush()
    except BrokenPipeError:
        _write_no_more()
        return BROKEN_PIPE


def flush() -> None:
    """Hand over what was written so far; raises `Unwritable`."""
    _written(sys.stdout.flush)


def _written(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        _write_no_more()
        raise Unwritable(error) from error


def _write_no_more() -> None:
    """Without this Python would try again when it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
