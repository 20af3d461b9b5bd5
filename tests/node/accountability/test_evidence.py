"""Only the keeper of a log can make it contradict itself: no proof that somebody else invents does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.proofs import consistency_proof
from comity.engines.ledger.tree import EMPTY_ROOT
from comity.node.accountability.evidence import judge_by_tiles, judge_offer
from tests.node.accountability.conftest import OtherLog

HONEST = OtherLog([b"entry %d" % number for number in range(40)])
REWRITTEN = OtherLog([b"another", *HONEST.entries[1:]])
CHECKPOINTS = [Checkpoint(HONEST.origin, 0, EMPTY_ROOT), *(HONEST.checkpoint(size) for size in range(1, 41))]
SIZES = st.integers(0, 40)
HASHES = st.one_of(st.binary(min_size=32, max_size=32), st.sampled_from([each.root for each in CHECKPOINTS]))


PAIRS = st.lists(SIZES, min_size=2, max_size=2).map(sorted)


@given(PAIRS, st.lists(HASHES, max_size=8))
def test_an_invented_proof_of_a_genuine_checkpoint_is_no_contradiction(sizes, proof):
    seen, new = (CHECKPOINTS[size] for size in sizes)
    assert not judge_offer(seen, new, proof).contradiction
    assert not judge_offer(None, new, proof).contradiction


@given(PAIRS, st.integers(0, 40), st.data())
def test_an_honest_proof_between_other_sizes_is_no_contradiction(sizes, other, data):
    proof = consistency_proof(HONEST.read, min(other, sizes[1]), sizes[1])
    cut = data.draw(st.integers(0, len(proof)))
    assert not judge_offer(CHECKPOINTS[sizes[0]], CHECKPOINTS[sizes[1]], proof[cut:]).contradiction


@given(PAIRS.filter(lambda sizes: 0 < sizes[0] < sizes[1]))
def test_the_keepers_own_proof_of_another_history_is_one(sizes):
    old, new = sizes
    judged = judge_offer(
        CHECKPOINTS[old], REWRITTEN.checkpoint(new), consistency_proof(REWRITTEN.read, old, new)
    )
    assert not judged.verdict.allowed
    assert judged.contradiction is (
        old & (old - 1) != 0
    )  # of a complete tree the proof does not hold the root


@given(PAIRS.filter(lambda sizes: sizes[0] > 0), st.booleans())
def test_tiles_tell_a_grown_log_from_a_rewritten_one_at_every_size(sizes, late):
    log = REWRITTEN if late else HONEST
    seen, new = CHECKPOINTS[sizes[0]], log.checkpoint(sizes[1])
    judged = judge_by_tiles(seen, new, log.read)
    assert judged.verdict.allowed is not late
    assert judged.contradiction is late


@given(PAIRS)
def test_tiles_of_an_older_checkpoint_show_that_it_only_travelled_slowly(sizes):
    judged = judge_by_tiles(CHECKPOINTS[sizes[1]], CHECKPOINTS[sizes[0]], HONEST.read)
    assert judged.verdict.allowed
    assert not judged.contradiction
