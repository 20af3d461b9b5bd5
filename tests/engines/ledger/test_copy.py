from collections.abc import Iterable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.verdict import Answer, Verdict
from comity.engines.ledger.checkpoint import Checkpoint, sign_checkpoint
from comity.engines.ledger.copy import compare, verify_copy
from comity.engines.ledger.tiles import encode_bundle
from comity.engines.ledger.tree import leaf_hash
from tests.engines.ledger import reference
from tests.engines.ledger.small_log import KEY, ORIGIN, PRIVATE, checkpoint, files, grown, kept

NO_FILES: dict[str, bytes] = {}
SIZES = [0, 1, 2, 255, 256, 257, 300, 512, 600]


def altered(content: dict[str, bytes], path: str, at: int) -> dict[str, bytes]:
    """The folder with one bit of one file turned over."""
    changed = bytearray(content[path])
    changed[at] ^= 1
    return {**content, path: bytes(changed)}


def refusal(content: dict[str, bytes]) -> tuple[str, str]:
    verdict = verify_copy(content.get, KEY)
    assert verdict.answer is Answer.NO
    return verdict.grounds[0].rule, verdict.grounds[0].text


def other_entry(number: int) -> bytes:
    """Another history: the entries differ from 100 on."""
    return reference.entry(number if number < 100 else number + 1)


@cache
def other_log(size: int) -> dict[str, bytes]:
    return files(size, other_entry)


@pytest.mark.parametrize("size", SIZES)
def test_an_unaltered_copy_is_whole(size):
    verdict = verify_copy(kept(size).get, KEY)
    assert verdict.allowed
    assert verdict.grounds[0].rule == "log.copy.whole"
    assert f"All {size} entries" in verdict.grounds[0].text


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(SIZES), st.data())
def test_any_changed_byte_of_any_file_is_noticed_and_the_file_is_named(size, data):
    content = kept(size)
    path = data.draw(st.sampled_from(sorted(content)))
    at = data.draw(st.integers(0, len(content[path]) - 1))
    _, text = refusal(altered(content, path, at))
    assert f"file {path} " in text


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SIZES), st.data())
def test_any_missing_file_is_noticed_and_named(size, data):
    path = data.draw(st.sampled_from(sorted(kept(size))))
    without = {name: content for name, content in kept(size).items() if name != path}
    assert refusal(without) == ("log.copy.missing", f"The file {path} is missing.")


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SIZES), st.data())
def test_any_file_cut_short_or_grown_is_noticed_and_named(size, data):
    path = data.draw(st.sampled_from(sorted(kept(size))))
    content = kept(size)[path]
    wrong = data.draw(st.sampled_from([content[:-1], content + b"\n", b""]))
    assert f"file {path} " in refusal({**kept(size), path: wrong})[1]


@pytest.mark.parametrize("number", [0, 255, 256, 511, 512, 599])
def test_an_altered_entry_is_named_by_its_number(number):
    content = dict(kept(600))
    path = f"tile/entries/{number // 256:03d}" + (".p/88" if number >= 512 else "")
    content = altered(content, path, number % 256 * 34 + 2)
    assert refusal(content) == (
        "log.copy.entry",
        f"Entry {number} in the file {path} is not the one that was recorded.",
    )


def test_of_several_altered_files_the_first_is_named():
    content = altered(kept(600), "tile/entries/001", 40)
    content = altered(content, "tile/entries/000", 100)
    assert "Entry 2 in the file tile/entries/000 " in refusal(content)[1]


@pytest.mark.parametrize(
    ("path", "at", "entry"),
    [
        ("tile/0/000", 0, 0),
        ("tile/0/001", 32 * 9 + 5, 265),
        ("tile/0/002.p/88", 32 * 3, 515),
        ("tile/1/000.p/2", 32, 256),
    ],
)
def test_an_altered_tile_is_named_with_the_entry_from_which_it_differs(path, at, entry):
    rule, text = refusal(altered(kept(600), path, at))
    assert rule == "log.copy.tile"
    assert text.startswith(f"The file {path} is not that of {checkpoint(600).named()}")
    assert text.endswith(f": it differs from entry {entry} on.")


@pytest.mark.slow
def test_a_copy_with_full_tiles_on_the_second_level_is_checked():
    size = 65_536 + 300
    content = kept(size)
    assert verify_copy(content.get, KEY).allowed
    assert "tile/entries/255 " in refusal(altered(content, "tile/entries/255", 2))[1]
    assert "tile/1/000 " in refusal(altered(content, "tile/1/000", 32 * 7))[1]
    assert refusal(altered(content, "tile/1/000", 32 * 7))[1].endswith(f"it differs from entry {7 * 256} on.")
    rewritten = rewrite(content, 65_535, size, levels=("entries/255", "0/255", "1/000"))
    assert "tile/1/000 " in refusal(rewritten)[1]


def rewrite(content: dict[str, bytes], number: int, size: int, levels: Iterable[str]) -> dict[str, bytes]:
    """The folder with another entry `number`, and everything in `levels` made to fit it."""
    _, tiles = grown(size, lambda each: b"another" if each == number else reference.entry(each))
    start = number // 256 * 256
    entries = [reference.entry(each) for each in range(start, min(size, start + 256))]
    entries[number - start] = b"another"
    changed = dict(content)
    for name in levels:
        changed[f"tile/{name}"] = encode_bundle(entries) if "entries" in name else tiles[f"tile/{name}"]
    return changed


def test_an_entry_rewritten_together_with_its_tile_is_noticed():
    content = rewrite(kept(600), 300, 600, levels=("entries/001", "0/001"))
    assert leaf_hash(b"another") in content["tile/0/001"]
    rule, text = refusal(content)
    assert rule == "log.copy.tile"
    assert text.startswith("The file tile/0/001 is not that of")


def test_a_whole_copy_rewritten_but_for_its_checkpoint_is_noticed():
    rule, text = refusal({**other_log(600), "checkpoint": kept(600)["checkpoint"]})
    assert rule == "log.copy.root"
    assert checkpoint(600).named() in text


def test_entries_and_edge_both_altered_are_named_together():
    content = altered(kept(300), "tile/0/001.p/44", 32)
    content = altered(content, "tile/entries/001.p/44", 100)
    rule, text = refusal(content)
    assert rule == "log.copy.root"
    assert "The file tile/0/001.p/44 and those below it disagree from entry 257 on" in text


def test_a_checkpoint_of_another_log_says_why_it_is_refused():
    stranger = sign_checkpoint(Checkpoint("other.example/log", 0, reference.mth(0, 0)), PRIVATE).encode()
    verdict = verify_copy({"checkpoint": stranger}.get, KEY)
    assert [ground.rule for ground in verdict.grounds] == ["log.copy.checkpoint", "note.unsigned"]


def test_full_tiles_stand_in_for_the_narrow_ones_they_grew_into():
    content = {
        **kept(600),
        "checkpoint": kept(300)["checkpoint"],
        "tile/1/000.p/1": kept(300)["tile/1/000.p/1"],
    }
    assert "tile/0/001.p/44" not in content
    assert verify_copy(content.get, KEY).allowed
    assert "Entry 256 " in refusal(altered(content, "tile/entries/001", 2))[1]


def judged(old: int, new: int, tiles: dict[str, bytes]) -> Verdict:
    verdict = compare(checkpoint(old), checkpoint(new), tiles.get)
    assert verdict == compare(checkpoint(new), checkpoint(old), tiles.get)
    return verdict


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(SIZES), st.integers(0, 600))
def test_two_checkpoints_of_a_log_that_only_grew(new, old):
    older, newer = sorted((old, new))
    assert judged(older, newer, kept(newer)).allowed


def test_two_checkpoints_of_a_rewritten_log_are_told_apart():
    other = Checkpoint(ORIGIN, 300, grown(300, other_entry)[0].root)
    verdict = compare(other, checkpoint(600), kept(600).get)
    assert verdict.answer is Answer.NO
    assert verdict.grounds[0].rule == "log.inconsistent"
    assert other.named() in verdict.grounds[0].text
    assert checkpoint(600).named() in verdict.grounds[0].text


def test_checkpoints_of_one_size_or_of_two_logs_need_no_tiles():
    same = Checkpoint(ORIGIN, 600, bytes(32))
    elsewhere = Checkpoint("other.example/log", 300, bytes(32))
    assert compare(checkpoint(600), checkpoint(600), NO_FILES.get).allowed
    assert compare(same, checkpoint(600), NO_FILES.get).grounds[0].rule == "log.rewritten"
    assert compare(elsewhere, checkpoint(600), NO_FILES.get).grounds[0].rule == "log.other-origin"


def test_without_the_right_tiles_the_answer_is_unknown():
    for tiles, rule in (
        ({}, "log.copy.missing"),
        (other_log(600), "log.copy.other"),
        ({**kept(600), "tile/0/001": b""}, "log.copy.tile"),
    ):
        verdict = judged(300, 600, tiles)
        assert verdict.answer is Answer.UNKNOWN
        assert verdict.grounds[0].rule == rule
