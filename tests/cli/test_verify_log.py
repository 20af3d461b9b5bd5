"""`comity verify log`, `verify checkpoints` and `verify entry`: a copied log, and what it is asked."""

from pathlib import Path

import pytest

from comity.engines.ledger.tiles import HASH_SIZE
from tests.cli import world
from tests.cli.run import Said, comity

LOG = ("verify", "log", "log-a", "--key", world.A.vkey)
POINTS = ("verify", "checkpoints", "old", "new", "--copy", "log-a", "--key", world.A.vkey)
SALT = world.opening(world.A, world.SENT_AT).salt
BUNDLE = "log-a/tile/entries/001.p/44"


def opened(salt: str = SALT.hex(), index: int | str = world.SENT_AT, entry: str = "entry.json") -> Said:
    key = ("--key", world.A.vkey)
    return comity(
        "verify", "entry", "--copy", "log-a", "--index", str(index), "--salt", salt, "--entry", entry, *key
    )


def flip(file: Path, at: int = -1) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def test_a_whole_copy_holds_and_begins_with_an_older_checkpoint(here: Path):
    said = comity(*LOG, "--since", "old")
    assert (said.status, said.wrong) == (0, [])
    grounds = [ground["rule"] for line in said.lines[:-1] for ground in line["grounds"]]
    assert grounds == ["log.copy.whole", "log.extended"]


def test_the_key_may_come_from_the_descriptor(here: Path):
    assert comity("verify", "log", "log-a", "--descriptor", "a.json").status == 0
    said = comity("verify", "log", "log-a", "--descriptor", "b.json")
    assert (said.status, said.wrong) == (1, ["log.copy.checkpoint", "note.unsigned"])


def test_the_first_wrong_entry_is_named(here: Path):
    flip(here / BUNDLE, 2 + 3 * (2 + HASH_SIZE))
    said = comity(*LOG)
    assert said.status == 1
    assert "Entry 259 in the file tile/entries/001.p/44 is not the one that was recorded." in said.words


def test_a_wrong_tile_is_named(here: Path):
    flip(here / "log-a/tile/0/000", 5 * HASH_SIZE)
    said = comity(*LOG)
    assert said.wrong == ["log.copy.tile"]
    assert "The file tile/0/000 is not that of" in said.words
    assert "from entry 5 on" in said.words


@pytest.mark.parametrize("file", ["tile/0/000", "tile/1/000.p/1", "tile/entries/000", "checkpoint"])
def test_a_missing_file_is_named(here: Path, file: str):
    assert comity(*LOG).status == 0
    (here / "log-a" / file).unlink()
    said = comity(*LOG)
    assert (said.status, said.wrong) == (1, ["log.copy.missing"])
    assert f"The file {file} is missing." in said.words


def test_a_rewritten_log_does_not_begin_with_what_was_seen(here: Path):
    other = world.rewritten(world.OLD_SIZE)["checkpoint"]
    assert comity(*LOG, "--since", "old").status == 0
    (here / "old").write_bytes(other)
    said = comity(*LOG, "--since", "old")
    assert (said.status, said.wrong[:1]) == (1, ["log.inconsistent"])
    assert "Keep both checkpoints" in said.words
    assert comity(*POINTS).wrong[:1] == ["log.inconsistent"]


def test_the_same_size_with_another_root_is_a_rewritten_log(here: Path):
    (here / "old").write_bytes(world.rewritten(world.SIZE)["checkpoint"])
    assert comity(*LOG, "--since", "old").wrong == ["log.rewritten"]
    assert comity(*POINTS).wrong == ["log.rewritten"]


def test_a_copy_older_than_the_checkpoint_leaves_it_open(here: Path):
    world.write(here / "log-old", world.log(world.A, world.OLD_SIZE))
    said = comity("verify", "log", "log-old", "--key", world.A.vkey, "--since", "new")
    assert (said.status, said.wrong) == (1, ["log.copy.behind"])


def test_an_older_checkpoint_that_is_none_is_bad_input(here: Path):
    said = comity(*LOG, "--since", "act.json")
    assert said.status == 2
    assert said.err.startswith("malformed: act.json, at note: ")


def test_two_checkpoints_of_one_log(here: Path):
    assert (comity(*POINTS).status, comity(*POINTS).wrong) == (0, [])
    said = comity(*POINTS[:-2])
    assert (said.status, said.lines[-1]["not_checked"]) == (0, 2)


def test_a_checkpoint_that_another_signed_is_compared_and_refused(here: Path):
    said = comity(*POINTS[:-1], world.B.vkey)
    assert (said.status, said.wrong) == (1, ["note.unsigned", "note.unsigned"])


def test_two_checkpoints_without_their_tiles_leave_it_open(here: Path):
    (here / "log-a/tile/0/001.p/44").unlink()
    said = comity(*POINTS)
    assert (said.status, said.wrong) == (1, ["log.copy.missing"])


def test_an_opened_entry_holds(here: Path):
    said = opened()
    assert (said.status, said.wrong) == (0, [])


def test_an_entry_laid_out_for_reading_is_still_the_entry(here: Path):
    (here / "entry.json").write_bytes((here / "entry.json").read_bytes().replace(b",", b",\n  ") + b"\n")
    assert opened().status == 0


@pytest.mark.parametrize("content", [b"not what was recorded", b'{"not":"recorded"}'])
def test_another_entry_is_refused(here: Path, content: bytes):
    (here / "entry.json").write_bytes(content)
    said = opened()
    assert (said.status, said.wrong) == (1, ["commitment.other"])


def test_another_salt_or_index_is_refused(here: Path):
    assert opened(salt=bytes(32).hex()).wrong == ["commitment.other"]
    assert opened(index=world.SENT_AT + 1).wrong == ["commitment.other"]
    assert opened(index=world.SIZE).wrong == ["log.copy.behind"]


def test_an_entry_in_an_altered_copy_is_refused(here: Path):
    flip(here / BUNDLE, 2 + 4 * (2 + HASH_SIZE))
    assert opened().wrong == ["commitment.other", "log.inclusion.root", "log.copy.tile"]
    (here / BUNDLE).write_bytes(b"")
    assert opened().wrong == ["log.copy.malformed"]
    (here / BUNDLE).unlink()
    assert opened().wrong == ["log.copy.missing"]


def test_altered_tiles_are_refused_for_an_entry(here: Path):
    assert opened().status == 0
    flip(here / "log-a/tile/1/000.p/1")
    assert opened().wrong == ["log.inclusion.root", "log.copy.tile"]
    (here / "log-a/tile/0/001.p/44").write_bytes(b"short")
    assert opened().wrong == ["log.copy.tile"]
    (here / "log-a/checkpoint").write_bytes(b"no checkpoint")
    assert opened().wrong == ["log.copy.malformed"]


def test_a_full_tile_stands_in_for_the_narrow_one_it_grew_into(here: Path):
    grown = world.log(world.A, 512)
    for narrow, full in (("tile/0/001.p/44", "tile/0/001"), ("tile/entries/001.p/44", "tile/entries/001")):
        (here / "log-a" / narrow).unlink()
        (here / "log-a" / full).write_bytes(grown[full])
    assert opened().status == 0
    assert comity(*LOG).status == 0


@pytest.mark.parametrize(
    ("salt", "index", "problem"),
    [
        ("AAAA", "1", "--salt: has 3 bytes; 32 are wanted."),
        ("***", "1", "--salt: this is not base64"),
        (SALT.hex(), "-1", "--index: this is not a whole number from 0 to"),
    ],
)
def test_words_that_cannot_be_read_are_bad_input(here: Path, salt: str, index: str, problem: str):
    said = opened(salt=salt, index=index)
    assert said.status == 2
    assert said.err.startswith(f"malformed: {problem}")
