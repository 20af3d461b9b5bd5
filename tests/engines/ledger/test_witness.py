import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Answer
from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.note import Note
from comity.engines.ledger.witness import MAX_REQUEST, AddCheckpoint, judge_checkpoint
from tests.engines.ledger import reference
from tests.engines.ledger.vectors import load, note_bytes

EXAMPLE = note_bytes(load("notes.json")["request"])
ORIGIN = "cert.example/log"


def point(size: int, root: bytes | None = None, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, reference.mth(0, size) if root is None else root)


YES = [
    ("log.first", None, point(0), ()),
    ("log.first", None, point(5), ()),
    ("log.same", point(5), point(5), ()),
    ("log.extended", point(0), point(5), ()),
    ("log.extended", point(3), point(5), reference.proof(3, 5)),
]
NO = [
    ("log.other-origin", point(5), point(5, origin="other.example/log"), ()),
    ("log.rewritten", point(5), point(5, bytes(32)), ()),
    ("log.shrunk", point(5), point(4), ()),
    ("log.inconsistent", point(3), point(5), ()),
    ("log.inconsistent", point(3), point(5), reference.proof(2, 5)),
    ("log.inconsistent", point(3, bytes(32)), point(5), reference.proof(3, 5)),
    ("log.inconsistent", point(3), point(5, bytes(32)), reference.proof(3, 5)),
]


@pytest.mark.parametrize(("rule", "seen", "new", "proof"), YES)
def test_a_log_that_only_grew_is_accepted(rule, seen, new, proof):
    verdict = judge_checkpoint(seen, new, proof)
    assert verdict.answer is Answer.YES
    assert verdict.grounds[0].rule == rule
    assert new.named() in verdict.grounds[0].text


@pytest.mark.parametrize(("rule", "seen", "new", "proof"), NO)
def test_a_log_that_changed_its_past_is_refused_by_naming_both_checkpoints(rule, seen, new, proof):
    verdict = judge_checkpoint(seen, new, proof)
    assert verdict.answer is Answer.NO
    assert verdict.grounds[0].rule == rule
    assert new.named() in verdict.grounds[0].text
    assert seen.named() in verdict.grounds[0].text


def test_an_inconsistency_also_says_what_is_wrong_with_the_proof():
    verdict = judge_checkpoint(point(3), point(5), ())
    assert [ground.rule for ground in verdict.grounds] == ["log.inconsistent", "log.consistency.length"]


def test_the_first_checkpoint_comes_without_a_proof_and_an_empty_log_has_the_empty_root():
    for new, proof in ((point(5), reference.proof(3, 5)), (point(0, bytes(32)), ())):
        verdict = judge_checkpoint(None, new, proof)
        assert verdict.answer is Answer.NO
        assert verdict.grounds[0].rule == "log.inconsistent"


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_a_log_rewritten_behind_a_correct_proof_is_refused(new, data):
    old = data.draw(st.integers(1, new))
    other = reference.mth(1, old + 1)
    proof = reference.proof(old, new)
    assert judge_checkpoint(point(old), point(new), proof).allowed
    assert judge_checkpoint(point(old, other), point(new), proof).answer is Answer.NO


def test_the_standards_example_request_is_read_and_written_back():
    request = AddCheckpoint.decode(EXAMPLE)
    assert request.old_size == 20_852_014
    assert len(request.proof) == 4
    assert Checkpoint.decode(Note.decode(request.note).text).size == 20_852_163
    assert request.encode() == EXAMPLE


@given(st.integers(0, 9), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary(max_size=40))
def test_requests_come_back(size, proof, note):
    request = AddCheckpoint(size, tuple(proof), note)
    assert AddCheckpoint.decode(request.encode()) == request


@given(st.binary(max_size=80))
def test_no_bytes_are_read_as_another_request(body):
    try:
        request = AddCheckpoint.decode(b"old 1\n" + body)
    except Malformed:
        return
    assert request.encode() == b"old 1\n" + body


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "request"),
        (b"old 1\n", "request"),
        (b"old 01\n\n", "line 1"),
        (b"new 1\n\n", "line 1"),
        (b"old 1\nAAAA\n\n", "proof"),
        (b"old 1\n****\n\n", "hash 1 of the proof"),
        ("old 1\n\u00e4\n\n".encode(), "request"),
    ],
)
def test_malformed_requests_are_refused(body, where):
    with pytest.raises(Malformed) as refused:
        AddCheckpoint.decode(body)
    assert refused.value.where == where


def test_requests_over_their_bounds_are_refused():
    with pytest.raises(TooLarge):
        AddCheckpoint.decode(bytes(MAX_REQUEST + 1))
    with pytest.raises(TooLarge):
        AddCheckpoint.decode(AddCheckpoint(1, (bytes(32),) * 64, b"").encode())
