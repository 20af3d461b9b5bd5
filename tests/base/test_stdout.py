from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from comity.base.stdout import Unwritable, told, write_line


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[TextIO], TextIO]]:
    opened: list[TextIO] = []

    def written_to(stream: TextIO) -> TextIO:
        opened.append(stream)
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    yield written_to
    for each in opened:
        each.close()  # raises if something is still to be written where nothing can be


def unread() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def lines(count: int) -> Callable[[], int]:
    def run() -> int:
        for _ in range(count):
            write_line("x" * 1_000)
        return 0

    return run


def ends() -> int:
    write_line("a page of help")
    raise SystemExit(0)


def test_all_is_written_before_the_end(to: Callable[[TextIO], TextIO], tmp_path: Path):
    to((tmp_path / "said").open("w"))
    assert told(lines(1)) == 0
    assert (tmp_path / "said").read_text() == "x" * 1_000 + "\n"


@pytest.mark.parametrize("run", [lines(1), lines(10_000), ends])
def test_a_full_device_is_told(to: Callable[[TextIO], TextIO], run: Callable[[], int]):
    to(Path("/dev/full").open("w"))  # noqa: SIM115  the fixture closes it
    with pytest.raises(Unwritable, match="No space left"):
        told(run)


@pytest.mark.parametrize("run", [lines(1), lines(10_000), ends])
def test_nobody_reads_any_more(to: Callable[[TextIO], TextIO], run: Callable[[], int]):
    to(unread())
    assert told(run) == 141
