"""`comity verify proof` and `verify both`: one entry, and the same act in two logs."""

from pathlib import Path

import pytest

from comity.engines.ledger.note import KeyKind, VerifierKey
from comity.formats.entries import Event
from comity.formats.keys import Use
from tests.cli import world
from tests.cli.run import Said, comity

KEY = ("--key", world.A.vkey)
SIDES = ("--copy-a", "log-a", "--key-a", world.A.vkey, "--copy-b", "log-b", "--descriptor-b", "b.json")


def both(a: str = "sent.json", b: str = "received.json", *more: str) -> Said:
    return comity("verify", "both", a, b, *SIDES, *more)


@pytest.mark.parametrize("file", ["sent.json", "closed.json", "sent.txt"])
def test_a_proof_holds_alone_and_with_the_copy(here: Path, file: str):
    alone, copied = (
        comity("verify", "proof", file, *KEY),
        comity("verify", "proof", file, *KEY, "--copy", "log-a"),
    )
    assert (alone.status, alone.wrong, copied.status, copied.wrong) == (0, [], 0, [])
    assert copied.lines[-1]["checks"] == 3


def test_an_opened_proof_shows_what_the_entry_says(here: Path):
    shown = comity("verify", "proof", "sent.json", *KEY).lines[0]["entry"]
    assert (shown["event"], shown["subject"]) == ("act-sent", world.ACT_ID)
    assert "entry" not in comity("verify", "proof", "closed.json", *KEY).lines[0]


def test_a_proof_that_names_no_leaf_needs_the_copy(here: Path):
    said = comity("verify", "proof", "closed.txt", *KEY)
    assert (said.status, said.wrong) == (1, ["log.inclusion.leaf"])
    assert "add --commitment or --copy" in said.words
    assert comity("verify", "proof", "closed.txt", *KEY, "--copy", "log-a").status == 0
    assert comity("verify", "proof", "closed.txt", *KEY, "--copy", "log-b").status == 1


@pytest.mark.parametrize(
    ("file", "wrong", "err"),
    [
        ("closed.txt", ["log.inclusion.root"], ""),
        ("closed.json", [], "refused: The proof is of another commitment than the one that was given.\n"),
        ("sent.txt", [], "refused: The proof is of another commitment than the one that was given.\n"),
    ],
)
def test_the_commitment_may_be_told_apart(here: Path, file: str, wrong: list[str], err: str):
    leaf = world.opening(world.A, world.SENT_AT).commitment.hex()
    assert comity("verify", "proof", file, *KEY, "--commitment", leaf).status == 0
    said = comity("verify", "proof", file, *KEY, "--commitment", "0" * 64)
    assert (said.status, said.wrong, said.err) == (1, wrong, err)


def test_a_proof_of_an_older_checkpoint_agrees_with_a_later_copy(here: Path):
    (here / "sent.json").write_bytes(world.proof(world.A, world.SENT_AT, world.OLD_SIZE))
    assert comity("verify", "proof", "sent.json", *KEY, "--copy", "log-a").status == 0


def test_a_copy_of_another_history_is_found_out(here: Path):
    world.write(here / "other", world.rewritten(world.SIZE))
    said = comity("verify", "proof", "sent.json", *KEY, "--copy", "other")
    assert (said.status, said.wrong) == (1, ["log.copy.entry", "log.rewritten"])


def test_another_key_is_refused(here: Path):
    said = comity("verify", "proof", "sent.json", "--key", world.B.vkey)
    assert (said.status, said.wrong) == (1, ["checkpoint.origin", "note.unsigned"])


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("x", "malformed: --key: "),
        (
            VerifierKey("w", world.A.key(Use.WITNESS).public_key(), KeyKind.COSIGNATURE).encode(),
            "malformed: --key: is the key of a witness; the key of the log is wanted.",
        ),
    ],
)
def test_a_key_that_is_none_is_bad_input(here: Path, key: str, problem: str):
    said = comity("verify", "proof", "sent.json", "--key", key)
    assert said.status == 2
    assert said.err.startswith(problem)


def test_a_descriptor_without_a_key_for_the_log_is_bad_input(here: Path):
    found = [key for key in world.keys(world.A) if key.use is not Use.LOG]
    (here / "a.json").write_bytes(world.A.descriptor(keys=tuple(found)))
    said = comity("verify", "proof", "sent.json", "--descriptor", "a.json")
    assert (said.status, said.err) == (2, "malformed: a.json, at /keys: names no key of a log.\n")


def test_a_commitment_of_another_length_is_bad_input(here: Path):
    (here / "closed.json").write_bytes(world.proof(world.A, world.SENT_AT, opened=False, commitment="AAAA"))
    said = comity("verify", "proof", "closed.json", *KEY)
    assert (said.status, said.err) == (2, "malformed: closed.json, at /commitment: is not 32 bytes long.\n")


def test_an_act_is_found_in_both_logs(here: Path):
    said = both()
    assert (said.status, said.wrong) == (0, [])


def test_a_receipt_is_found_on_both_sides(here: Path):
    said = both("receipted.json", "received.json", "--receipt", "receipt.json")
    assert (said.status, said.wrong) == (0, [])
    missing = both("receipted.json")
    assert (missing.status, missing.wrong) == (1, ["both.receipt"])
    assert "Add the receipt" in missing.words


def test_a_closed_entry_leaves_it_open(here: Path):
    said = both("closed.json")
    assert (said.status, said.wrong) == (1, ["both.opening"])


def test_one_log_is_not_two(here: Path):
    alike = ("--copy-a", "log-a", "--key-a", world.A.vkey, "--copy-b", "log-a", "--key-b", world.A.vkey)
    said = comity("verify", "both", "sent.json", "sent.json", *alike)
    assert said.wrong == ["both.one-log", "both.events"]


OTHER = world.ACT_ID.replace("0f3b", "0f3c")


@pytest.mark.parametrize(
    ("differing", "rule"),
    [
        ({"event": Event.PARTNER_ACCEPTED}, "both.events"),
        ({"subject": OTHER}, "both.subject"),
        ({"digest": "0" * 64}, "both.digest"),
        ({"digest": None}, "both.digest"),
        ({"sender": world.VICTIM}, "both.parties"),
        ({"to": (world.VICTIM,)}, "both.parties"),
        ({"sender": None, "to": ()}, "both.parties"),
    ],
)
def test_logs_that_tell_different_stories_are_found_out(here: Path, differing, rule: str):
    told = world.entry(Event.ACT_RECEIVED)
    files, proof = world.told_otherwise(world.B, world.RECEIVED_AT, **{"event": told.event, **differing})
    world.write(here / "log-b", files)
    (here / "received.json").write_bytes(proof)
    said = both()
    assert (said.status, said.wrong) == (1, [rule])
    assert "The two logs do not tell the same story." in said.words


def test_the_receipt_of_another_act_does_not_join_them(here: Path):
    (here / "receipt.json").write_bytes(world.receipt(act_sha256="0" * 64))
    said = both("receipted.json", "received.json", "--receipt", "receipt.json")
    assert said.wrong == ["both.digest", "both.digest"]


def test_the_parties_of_a_receipt_are_compared_the_other_way_round(here: Path):
    files, proof = world.told_otherwise(world.B, world.RECEIVED_AT, sender=world.VICTIM)
    world.write(here / "log-b", files)
    (here / "received.json").write_bytes(proof)
    said = both("receipted.json", "received.json", "--receipt", "receipt.json")
    assert said.wrong == ["both.parties"]
