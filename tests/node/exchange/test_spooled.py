"""A file that waits: whole whether small or large, and gone when it is read or was never whole."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from comity.base.errors import Malformed
from comity.formats.canonical import sha256_hex
from comity.node.exchange.services.spooled import IN_MEMORY, Spooled


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY + 1])
def test_what_was_written_is_read_once(size):
    done = Spooled.of(b"x" for _ in range(size))
    content = b"".join(done)
    assert (content, done.size, done.sha256) == (b"x" * size, size, sha256_hex(b"x" * size))
    assert done.content.closed


def test_pieces_that_break_off_leave_nothing_open():
    def pieces() -> Iterator[bytes]:
        yield b"x" * (IN_MEMORY + 1)
        raise Malformed("object", "cannot be read.")

    with pytest.raises(Malformed):
        Spooled.of(pieces())
    gc.collect()  # a file that is open still would be told as a warning, which is an error


def test_one_that_nobody_reads_is_closed():
    done = Spooled.of([b"x"])
    done.close()
    assert done.content.closed
