"""A copy of the log is one that anybody can verify, and can be continued."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.base.errors import NotFound
from comity.base.verdict import Verdict
from comity.engines.ledger.copy import verify_copy
from comity.node.accountability import queries
from comity.node.accountability.copies import copy_log

pytestmark = pytest.mark.django_db


def verified(folder: Path) -> Verdict:
    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    return verify_copy(read, queries.log_key())


def test_a_log_without_entries_has_no_copy(tmp_path):
    with pytest.raises(NotFound):
        copy_log(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_copy_is_whole_and_an_altered_entry_in_it_is_noticed(tmp_path, recorded):
    recorded(600)
    steps = []
    assert copy_log(tmp_path, told=lambda done, total: steps.append((done, total))) == 600
    assert steps[-1] == (7, 7)
    assert verified(tmp_path).allowed
    bundle = tmp_path / "tile/entries/001"
    content = bytearray(bundle.read_bytes())
    content[40] ^= 1
    bundle.write_bytes(content)
    assert not verified(tmp_path).allowed


def test_a_copy_is_continued_without_writing_full_tiles_again(tmp_path, recorded):
    recorded(300)
    copy_log(tmp_path)
    first = (tmp_path / "tile/0/000").stat().st_ino
    recorded(300)
    assert copy_log(tmp_path) == 600
    assert (tmp_path / "tile/0/000").stat().st_ino == first
    assert verified(tmp_path).allowed
    assert not list(tmp_path.rglob("*.part"))


def test_a_full_tile_that_was_cut_off_is_written_again(tmp_path, recorded):
    recorded(300)
    copy_log(tmp_path)
    (tmp_path / "tile/0/000").write_bytes(b"half")
    copy_log(tmp_path)
    assert verified(tmp_path).allowed
