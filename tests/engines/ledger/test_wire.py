"""The page `docs/wire/log.md` and its vectors: they say what the code does, and the code what they say."""

import hmac
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from comity.base.verdict import Answer
from comity.engines.ledger.checkpoint import Checkpoint, verify_cosignature
from comity.engines.ledger.copy import verify_copy
from comity.engines.ledger.logproof import LogProof, verify_log_proof, verify_opened_proof
from comity.engines.ledger.note import Note, VerifierKey
from comity.engines.ledger.witness import AddCheckpoint, judge_checkpoint
from tests.engines.ledger import reference
from tests.engines.ledger.vectors import load
from tests.engines.ledger.wire import made_from

VECTORS = load("comity-log.json")
GIVEN, MADE = VECTORS["given"], VECTORS["made"]
LOG_KEY = VerifierKey.decode(MADE["log_key"])
WITNESS_KEY = VerifierKey.decode(MADE["witness_key"])
NOW = datetime.fromtimestamp(GIVEN["cosigned"], UTC)
PAGE = Path(__file__).parents[3] / "docs" / "wire" / "log.md"


@pytest.mark.slow
def test_the_vectors_follow_from_what_is_given():
    assert made_from(GIVEN) == MADE


def test_commitments_and_leaves_follow_the_page_word_for_word():
    for number, (salt, entry) in enumerate(zip(GIVEN["salts"], GIVEN["entries"], strict=True)):
        commitment = hmac.new(bytes.fromhex(salt), entry.encode(), "sha256").digest()
        assert commitment.hex() == MADE["commitments"][number]
        assert sha256(b"\x00" + commitment).hexdigest() == MADE["leaf_hashes"][number]


def test_roots_and_proofs_are_those_of_the_slow_definition():
    assert {size: reference.mth(0, int(size)).hex() for size in GIVEN["sizes"]} == MADE["roots"]
    path = reference.path(65_535, 0, 66_000)
    assert [each.hex() for each in path] == MADE["inclusion_65535_of_66000"]
    assert [each.hex() for each in reference.proof(300, 66_000)] == MADE["consistency_300_to_66000"]


def test_entries_are_canonical_json():
    for entry in GIVEN["entries"]:
        assert json.dumps(json.loads(entry), sort_keys=True, separators=(",", ":")) == entry


def test_the_files_are_a_whole_log_with_a_cosignature():
    files = {
        path: content.encode() if path == "checkpoint" else bytes.fromhex(content)
        for path, content in MADE["files"].items()
    }
    assert verify_copy(files.get, LOG_KEY).allowed
    assert verify_cosignature(Note.decode(files["checkpoint"]), WITNESS_KEY, now=NOW).allowed


def test_the_proofs_verify_with_the_commitment_or_what_they_open():
    commitment = bytes.fromhex(MADE["commitments"][1])
    closed = LogProof.decode(MADE["proof_of_entry_1"].encode())
    opened = LogProof.decode(MADE["opened_proof_of_entry_1"].encode())
    assert verify_log_proof(closed, commitment, LOG_KEY).allowed
    assert verify_opened_proof(opened, LOG_KEY).allowed
    other = LogProof(1, opened.hashes, opened.note, opened.extra + b" ")
    assert verify_opened_proof(other, LOG_KEY).answer is Answer.NO


def test_the_request_lets_a_witness_follow_from_size_1():
    request = AddCheckpoint.decode(MADE["request_from_size_1"].encode())
    new = Checkpoint.decode(Note.decode(request.note).text)
    seen = Checkpoint(GIVEN["origin"], 1, bytes.fromhex(MADE["leaf_hashes"][0]))
    assert judge_checkpoint(seen, new, request.proof).allowed


def test_the_page_shows_the_vectors():
    page = PAGE.read_text(encoding="utf-8")
    shown = [*GIVEN["salts"][:1], *GIVEN["entries"][:1], *MADE["commitments"], *MADE["leaf_hashes"]]
    for value in [*shown, MADE["files"]["checkpoint"], MADE["proof_of_entry_1"], MADE["request_from_size_1"]]:
        assert value in page
    for key in (MADE["log_key"], MADE["witness_key"], *MADE["files"]):
        assert f"`{key}`" in page


def test_every_rule_that_a_verdict_can_name_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    source = Path(__file__).parents[3] / "src" / "comity" / "engines" / "ledger"
    code = "".join(path.read_text(encoding="utf-8") for path in source.glob("*.py"))
    named = set(re.findall(r'Ground\("([a-z.-]+)"', code))
    for function, prefix in (
        ("_no_inclusion", "log.inclusion."),
        ("_no_consistency", "log.consistency."),
        ("_refuse", "log.copy."),
        ("_no", "log."),
        ("_yes", "log."),
    ):
        named |= {prefix + rule for rule in re.findall(rf'\b{function}\("([a-z-]+)"', code)}
    assert len(named) > 30
    assert sorted(rule for rule in named if f"`{rule}`" not in page) == []
