"""As a witness: the status codes of tlog-witness, and an alarm only where a log truly contradicts itself."""

from __future__ import annotations

import pytest
from django.test import Client

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Refused
from comity.engines.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint, verify_cosignature
from comity.engines.ledger.note import KeyKind, Note, VerifierKey, parse_signatures
from comity.engines.ledger.witness import AddCheckpoint
from comity.node.accountability import identity, queries
from comity.node.accountability.following import know_log, witness
from comity.node.accountability.models import Cosignature, LogAlarm, LogEntry, SeenLog
from comity.node.accountability.public import MAX_REQUEST
from comity.node.accountability.services import cosigned
from comity.node.keys import KeyUse, node_key
from tests.node.accountability.conftest import NOW, OTHER_KEY, OtherLog

pytestmark = pytest.mark.django_db


def witness_key() -> VerifierKey:
    """The public key by which others check our cosignatures."""
    return VerifierKey(identity.witness_name(), node_key(KeyUse.WITNESS).public_key(), KeyKind.COSIGNATURE)


def post(body: bytes):
    return Client().post("/log/add-checkpoint", body, content_type="text/plain")


@pytest.fixture
def followed(partner):
    know_log(partner.origin, partner.vkey, now=NOW)
    return partner


def seen() -> int:
    return SeenLog.objects.get().size


def test_a_log_that_grows_is_cosigned(followed):
    for old, new in ((0, 5), (5, 5), (5, 300)):
        answer = post(followed.offer(old, new))
        assert (answer.status_code, answer.cookies) == (200, {})
        note = Note.decode(followed.note(new))
        for signature in parse_signatures(answer.content.decode()):
            note = note.with_signature(signature)
        now = SeenLog.objects.get().at
        assert verify_cosignature(note, witness_key(), now=now).allowed
        assert seen() == new
    assert not LogAlarm.objects.exists()


def test_an_unknown_log_is_404(partner):
    assert post(partner.offer(0, 5)).status_code == 404
    assert not SeenLog.objects.exists()


def test_a_checkpoint_that_its_log_did_not_sign_is_403(followed):
    new = Note.decode(followed.note(5))
    forged = Note(new.text.replace("5", "6", 1), new.signatures)
    answer = post(AddCheckpoint(0, (), forged.encode()).encode())
    assert (answer.status_code, answer.content.startswith(b"note.forged")) == (403, True)
    assert seen() == 0


def test_a_proof_from_another_size_is_409_with_the_size_seen(followed):
    post(followed.offer(0, 5))
    answer = post(followed.offer(3, 7))
    assert (answer.status_code, answer.content) == (409, b"5\n")
    assert answer["Content-Type"] == "text/x.tlog.size"
    assert seen() == 5


def test_an_old_size_over_the_new_and_unreadable_bodies_are_400(followed):
    offers = (
        AddCheckpoint(6, (), followed.note(5)).encode(),
        b"",
        b"old 01\n\n",
        b"\xff\n\n" + followed.note(5),
    )
    for offer in offers:
        assert post(offer).status_code == 400
    assert Client().get("/log/add-checkpoint").status_code == 405
    assert seen() == 0


def test_a_body_over_the_bound_is_413(followed):
    assert post(b"o" * (MAX_REQUEST + 1)).status_code == 413


def test_a_proof_that_shows_nothing_is_422_and_no_alarm(followed):
    post(followed.offer(0, 5))
    for proof in ((), (b"x" * 32,) * 3):
        answer = post(AddCheckpoint(5, proof, followed.note(300)).encode())
        assert (answer.status_code, answer.content.startswith(b"log.inconsistent")) == (422, True)
    assert seen() == 5
    assert not LogAlarm.objects.exists()
    assert post(followed.offer(5, 300)).status_code == 200


def test_the_same_size_with_another_root_is_409_and_an_alarm_naming_both(followed, rewritten):
    post(followed.offer(0, 5))
    answer = post(rewritten.offer(0, 5))
    assert (answer.status_code, answer.content) == (409, b"5\n")
    alarm = LogAlarm.objects.get()
    assert (alarm.seen, alarm.offered) == (followed.checkpoint(5), rewritten.checkpoint(5))
    (ground,) = alarm.verdict["grounds"]
    assert ground["rule"] == "log.rewritten"
    assert followed.checkpoint(5).named() in ground["text"]
    assert rewritten.checkpoint(5).named() in ground["text"]
    assert LogEntry.objects.get().event == "alarm-raised"


def test_an_honest_proof_of_another_history_is_422_and_an_alarm(followed, rewritten):
    post(followed.offer(0, 5))
    assert post(rewritten.offer(5, 302)).status_code == 422
    alarm = LogAlarm.objects.get()
    assert (alarm.seen.size, alarm.offered.size) == (5, 302)
    assert alarm.verdict["grounds"][0]["rule"] == "log.inconsistent"


def test_while_an_alarm_is_open_nothing_is_believed(followed, rewritten):
    post(followed.offer(0, 5))
    post(rewritten.offer(0, 5))
    answer = post(followed.offer(5, 300))
    assert (answer.status_code, answer.content.startswith(b"log.doubted")) == (403, True)
    assert seen() == 5
    assert queries.is_doubted(followed.origin)
    assert LogAlarm.objects.count() == 1


def test_a_first_checkpoint_with_a_proof_is_422(followed):
    assert post(AddCheckpoint(0, (b"x" * 32,), followed.note(5)).encode()).status_code == 422


def test_a_log_is_known_under_its_own_key_and_keeps_it(partner, followed):
    other = OtherLog(partner.entries, key=OTHER_KEY)
    with pytest.raises(Conflict):
        know_log(partner.origin, other.vkey, now=NOW)
    with pytest.raises(Malformed):
        know_log("log.example/else", partner.vkey, now=NOW)
    assert post(other.offer(0, 5)).status_code == 403
    assert post(followed.offer(0, 5)).status_code == 200


def test_two_nodes_witness_each_other(recorded, followed):
    """Our own log, brought to our own witness: the request that we make is one that a witness takes."""
    with pytest.raises(NotFound):
        queries.witness_request(0)
    recorded(5)
    ours = queries.log_key()
    know_log(ours.name, ours.encode(), now=NOW)
    for size in (5, 6):
        newest = Cosignature.objects.filter(witness=identity.witness_name()).last()
        answer = witness(queries.witness_request(newest.checkpoint_id if newest else 0), now=NOW)
        cosigned(size=size, lines=answer.lines, witness=witness_key(), now=NOW)
        note = Note.decode(queries.latest_checkpoint())
        assert verify_cosignature(note, witness_key(), now=NOW).allowed
        recorded(1)
    assert [each.at for each in Cosignature.objects.all()] == [NOW, NOW]
    assert open_checkpoint(queries.latest_checkpoint(), ours).size == 7
    with pytest.raises(Conflict, match="lost"):
        queries.witness_request(8)


def test_a_cosignature_that_is_none_is_not_kept(recorded, followed):
    recorded(5)
    key = witness_key()
    other = sign_checkpoint(Checkpoint(key.name, 5, b"r" * 32), followed.key).encode().split(b"\n\n")[1]
    with pytest.raises(Refused):
        cosigned(size=5, lines=other, witness=key, now=NOW)
    know_log(queries.origin(), queries.log_key().encode(), now=NOW)
    line = witness(queries.witness_request(0), now=NOW).lines
    recorded(1)
    with pytest.raises(Refused):
        cosigned(size=6, lines=line, witness=key, now=NOW)
    with pytest.raises(NotFound):
        cosigned(size=7, lines=line, witness=key, now=NOW)
    with pytest.raises(Malformed):
        cosigned(size=5, lines=b"\xff\n", witness=key, now=NOW)
    assert not Cosignature.objects.exists()
