"""What was saved comes back; what was cut off, changed or never ours is refused."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.columns import files

parts = st.dictionaries(st.text(max_size=5), st.binary(max_size=200), max_size=5)


@settings(deadline=None)
@given(parts, st.data())
def test_there_and_back_and_any_change_is_noticed(tmp_path_factory, held, data):
    path = tmp_path_factory.mktemp("files") / "parts"
    files.save(path, "things", held)
    assert {name: bytes(part) for name, part in files.load(path, "things").items()} == held
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    for octets in (bytes(whole), path.read_bytes()[:place], path.read_bytes() + b"\0"):
        path.write_bytes(octets)
        with pytest.raises(Malformed, match="no file of columns"):
            files.load(path, "things")


def signed(head, body=b"", length=None):
    """A file with a right digest and whatever head."""
    told = (len(head) if length is None else length).to_bytes(8, "little") + head
    rest = told + bytes(-(len(told) + 48) % 64) + body
    return files.MAGIC + hashlib.sha256(rest).digest() + rest


def head(kind="things", held=None):
    return json.dumps({"kind": kind, "parts": held or {}}).encode()


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b"", "it is no saved things"),
        (signed(b"{"), "head cannot be read"),
        (signed(b"[]"), "head cannot be read"),
        (signed(b"[" * 200_000), "head cannot be read"),
        (signed(b'{"parts": {}}'), "head cannot be read"),
        (signed(head(), length=2**40), "head is too long"),
        (signed(head("other")), "it holds other"),
        (signed(head(held={"a": [0, 65]}), bytes(64)), "behind its end"),
        (signed(head(held={"a": [0, -1]}), bytes(64)), "no count of bytes"),
        (signed(head(held={"a": [True, 1]}), bytes(64)), "no count of bytes"),
        (signed(head(held={"a": 7}), bytes(64)), "head cannot be read"),
        (signed(head(held={str(n): [0, 0] for n in range(5_000)})), "too many parts"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, octets, problem):
    (tmp_path / "file").write_bytes(octets)
    with pytest.raises(Malformed, match=problem):
        files.load(tmp_path / "file", "things")


def test_what_is_built_by_hand_here_would_be_read(tmp_path):
    (tmp_path / "file").write_bytes(signed(head(held={"a": [0, 3]}), b"abc"))
    assert bytes(files.load(tmp_path / "file", "things")["a"]) == b"abc"


def test_what_is_missing_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Malformed, match="cannot be read"):
            files.load(path, "things")


def test_the_file_before_stays_when_writing_fails(tmp_path):
    files.save(tmp_path / "file", "things", {"a": b"1"})
    with pytest.raises(TypeError):  # each second byte: no part in one piece
        files.save(tmp_path / "file", "things", {"a": memoryview(b"2345")[::2]})
    assert bytes(files.load(tmp_path / "file", "things")["a"]) == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_loaded_file_stays_readable_when_another_takes_its_place(tmp_path):
    files.save(tmp_path / "file", "things", {"a": b"1" * 9_000})
    loaded = files.load(tmp_path / "file", "things")
    files.save(tmp_path / "file", "things", {"a": b"2"})
    assert bytes(loaded["a"]) == b"1" * 9_000
