from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.formats.entries import Event
from comity.formats.keys import NodeKey, Use
from comity.formats.receipts import decode_receipt
from tests.cli import world
from tests.cli.run import comity

ALONE = ("verify", "receipt", "receipt.json", "--act", "act.json", "--descriptor", "b.json")
BOTH = (*ALONE, "--sender-descriptor", "a.json")
LOG = decode_receipt(world.receipt()).receipt.log


def test_a_receipt_holds_in_every_respect(here: Path):
    said = comity(*BOTH)
    assert said.status == 0
    assert said.wrong == []
    assert [line["check"] for line in said.lines[:-1]] == [
        "the descriptor of the receiver, CERT 2",
        "the receipt",
        "the descriptor of the sender, CERT 1",
        "the signature of the act",
        "entry 7 in the log",
        "the key of the log",
        "the cosignature of a.example/witness",
    ]
    assert said.lines[-1] == {
        "command": "verify receipt", "answer": "yes", "checks": 7, "failed": 0, "not_checked": 0
    }  # fmt: skip


def test_what_was_not_checked_is_said(here: Path):
    said = comity(*ALONE)
    assert said.status == 0
    unchecked = {line["check"]: line["text"] for line in said.lines if line["answer"] == "not-checked"}
    assert unchecked == {
        "the signature of the act": "The author's keys are missing; add --sender-descriptor.",
        "the cosignature of a.example/witness": "The key of this witness is in no descriptor here.",
    }
    assert said.lines[-1]["not_checked"] == 2


def with_log(**differing: Any) -> bytes:
    """The receipt, signed by the receiver, with another log in it."""
    return world.receipt(log=replace(LOG, **differing))


def altered(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


WRONG = [
    ("receipt.other-act", "act.json", world.act(id=world.ACT_ID.replace("0f3b", "0f3c"))),
    ("receipt.other-act", "act.json", altered(world.act(), b"Servers", b"Sorvers")),
    ("receipt.wrong-sender", "receipt.json", world.receipt(recipients=(world.VICTIM,))),
    ("receipt.other-act", "receipt.json", world.receipt(act_sha256="0" * 64)),
    ("receipt.wrong-entry", "receipt.json", with_log(entry=world.entry(Event.ACT_SENT))),
    ("log.inclusion.root", "receipt.json", with_log(salt=bytes(32))),
    ("checkpoint.origin", "receipt.json", with_log(origin="c/log")),
    ("note.forged", "receipt.json", with_log(checkpoint=LOG.checkpoint.replace("\n300\n", "\n301\n"))),
    ("note.malformed", "receipt.json", with_log(checkpoint="x")),
    ("receipt.bad-signature", "receipt.json", altered(world.receipt(), b"16fd2706", b"16fd2707")),
    ("receipt.wrong-sender", "b.json", world.A.descriptor()),
    ("act.wrong-sender", "a.json", world.B.descriptor()),
    ("descriptor.bad-signature", "b.json", altered(world.B.descriptor(), b"CERT 2", b"CERT 3")),
    ("descriptor.from-the-future", "b.json", world.B.descriptor(issued=world.NOW.replace(year=9000))),
]


@pytest.mark.parametrize(("rule", "file", "content"), WRONG)
def test_what_is_wrong_is_named(here: Path, rule: str, file: str, content: bytes):
    assert comity(*BOTH).status == 0
    (here / file).write_bytes(content)
    said = comity(*BOTH)
    assert said.status == 1
    assert rule in said.wrong
    assert all(line["means"] for line in said.lines[:-1] if line["answer"] in {"no", "unknown"})


def keys(*, log: bool = True, until: datetime | None = None) -> tuple[NodeKey, ...]:
    changed = (replace(key, until=until) if key.use is Use.LOG else key for key in world.keys(world.B))
    return tuple(key for key in changed if log or key.use is not Use.LOG)


def test_a_log_key_that_had_retired_is_refused(here: Path):
    (here / "b.json").write_bytes(world.B.descriptor(keys=keys(until=world.NOW)))
    said = comity(*BOTH)
    assert (said.status, said.wrong) == (1, ["checkpoint.key-not-valid-then"])
    assert "retired key" in said.words


def test_an_older_key_of_the_log_still_counts(here: Path):
    newer = NodeKey.of(world.A.key(Use.SIGN).public_key(), Use.LOG, world.NOW + timedelta(days=1))
    (here / "b.json").write_bytes(world.B.descriptor(keys=(*keys(), newer)))
    assert comity(*BOTH).status == 0


def test_a_descriptor_without_log_key_leaves_it_open(here: Path):
    (here / "b.json").write_bytes(world.B.descriptor(keys=keys(log=False)))
    said = comity(*BOTH)
    assert (said.status, said.wrong) == (1, ["note.unknown-key"])


def test_a_forged_cosignature_is_refused(here: Path):
    text = LOG.checkpoint.rstrip("\n")
    forged = text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:] + "\n"
    (here / "receipt.json").write_bytes(world.receipt(log=replace(LOG, checkpoint=forged)))
    said = comity(*BOTH)
    assert (said.status, said.wrong) == (1, ["cosignature.forged"])


def test_a_file_of_another_kind_is_named(here: Path):
    said = comity("verify", "receipt", "act.json", "--act", "act.json", "--descriptor", "b.json")
    assert (said.status, said.out) == (2, "")
    assert said.err == "malformed: act.json, at /type: must be 'comity-receipt'.\n"
