"""A log that we look at ourselves is judged by its own tiles; a contradiction waits for a person."""

from __future__ import annotations

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Answer, Refused, Verdict
from comity.node.accountability import queries
from comity.node.accountability.following import decide_alarm, know_log, observe
from comity.node.accountability.models import AlarmDecision, LogAlarm, LogEntry, SeenLog
from tests.node.accountability.conftest import NOW, OTHER_KEY, OtherLog

pytestmark = pytest.mark.django_db


@pytest.fixture
def followed(partner: OtherLog) -> OtherLog:
    know_log(partner.origin, partner.vkey, now=NOW)
    return partner


def look(log: OtherLog, size: int, read=None):
    return observe(log.origin, log.note(size), read=read or log.read, now=NOW)


def rule(verdict: Verdict) -> str:
    return verdict.grounds[0].rule


def seen() -> int:
    return SeenLog.objects.get().size


def test_a_log_that_grows_is_followed(followed):
    assert [rule(look(followed, size)) for size in (5, 5, 256, 300)] == [
        "log.first",
        "log.same",
        "log.extended",
        "log.extended",
    ]
    assert seen() == 300
    assert not LogAlarm.objects.exists()


def test_the_same_checkpoint_costs_no_request(followed):
    look(followed, 300)
    reads = followed.reads
    look(followed, 300)
    assert followed.reads == reads


def test_an_older_checkpoint_that_travelled_slowly_is_no_alarm(followed):
    look(followed, 300)
    late = look(followed, 5)
    assert (late.answer, rule(late)) == (Answer.YES, "log.older")
    assert seen() == 300
    assert not LogAlarm.objects.exists()


@pytest.mark.parametrize("size", [256, 300])  # at 256 the older root is not in the proof
def test_a_rewritten_log_raises_an_alarm_that_names_both_checkpoints(followed, rewritten, size):
    look(followed, size)
    judged = look(rewritten, 302)
    assert (judged.answer, rule(judged)) == (Answer.NO, "log.inconsistent")
    alarm = LogAlarm.objects.get()
    assert (alarm.seen, alarm.offered) == (followed.checkpoint(size), rewritten.checkpoint(302))
    for each in (alarm.seen, alarm.offered):
        assert each.named() in judged.grounds[0].text
    assert rule(look(followed, 300)) == "log.doubted"
    assert seen() == size


def test_a_log_that_lost_entries_raises_an_alarm(followed):
    look(followed, 300)
    shorter = OtherLog(followed.entries[:200])
    assert rule(look(shorter, 200)) == "log.shrunk"
    assert LogAlarm.objects.get().offered == followed.checkpoint(200)


def test_an_older_state_of_another_history_raises_an_alarm(followed, rewritten):
    look(followed, 300)
    assert look(rewritten, 5, followed.read).answer is Answer.NO
    assert LogAlarm.objects.get().offered == rewritten.checkpoint(5)


def test_tiles_that_do_not_fit_are_not_believed_and_no_alarm(followed, rewritten):
    look(followed, 5)
    judged = look(followed, 300, rewritten.read)
    assert (judged.answer, rule(judged)) == (Answer.UNKNOWN, "log.unshown")
    assert seen() == 5
    assert not LogAlarm.objects.exists()


def test_what_cannot_be_read_changes_nothing(followed):
    def gone(_):
        raise NotFound("tile")

    def short(_):
        return b"short"

    look(followed, 5)
    with pytest.raises(NotFound):
        look(followed, 300, gone)
    with pytest.raises(Malformed):
        look(followed, 300, short)
    with pytest.raises(NotFound):
        observe("log.example/unknown", followed.note(5), read=followed.read, now=NOW)
    with pytest.raises(Refused):
        look(OtherLog(followed.entries, key=OTHER_KEY), 300)
    assert seen() == 5
    assert not LogAlarm.objects.exists()


def test_a_checkpoint_accepted_meanwhile_is_not_rolled_back(followed):
    """While the tiles for 100 are read, another process accepts 300: 100 is then judged against 300."""
    look(followed, 5)
    overtaken: list[Verdict] = []

    def read(ref):
        if not overtaken:
            overtaken.append(look(followed, 300))
        return followed.read(ref)

    assert rule(look(followed, 100, read)) == "log.older"
    assert seen() == 300


def test_a_log_that_never_stands_still_is_given_up(followed):
    sizes = iter(range(6, 100))
    look(followed, 5)

    def read(ref):
        look(followed, next(sizes))
        return followed.read(ref)

    with pytest.raises(Conflict):
        look(followed, 300, read)
    assert not LogAlarm.objects.exists()


@pytest.fixture
def alarm(followed, rewritten) -> LogAlarm:
    look(followed, 5)
    look(rewritten, 302)
    return LogAlarm.objects.get()


def test_keeping_to_what_was_seen(alarm, followed, rewritten, administrator):
    decided = decide_alarm(
        actor=administrator, alarm=alarm.pk, decision=AlarmDecision.KEEP, why="They repaired it", now=NOW
    )
    assert (decided.decision, decided.decided_by_name) == ("keep", "Dara")
    assert not queries.is_doubted(followed.origin)
    assert rule(look(followed, 300)) == "log.extended"
    assert LogEntry.objects.order_by("-index")[0].event == "alarm-decided"


def test_what_was_decided_is_not_raised_again(alarm, followed, rewritten, administrator):
    decide_alarm(
        actor=administrator, alarm=alarm.pk, decision=AlarmDecision.KEEP, why="They repaired it", now=NOW
    )
    assert look(rewritten, 302).answer is Answer.NO
    assert LogAlarm.objects.count() == 1
    assert seen() == 5


def test_beginning_anew(alarm, followed, rewritten, administrator):
    decide_alarm(
        actor=administrator,
        alarm=alarm.pk,
        decision=AlarmDecision.ADOPT,
        why="Disk lost on 20 November",
        now=NOW,
    )
    assert SeenLog.objects.get().last == rewritten.checkpoint(302)
    assert rule(look(rewritten, 302)) == "log.same"


def test_deciding_needs_the_power_a_reason_and_an_open_alarm(alarm, analyst, administrator):
    asked = {"alarm": alarm.pk, "decision": AlarmDecision.ADOPT, "now": NOW}
    with pytest.raises(Refused):
        decide_alarm(actor=analyst, why="I think so", **asked)
    with pytest.raises(Malformed):
        decide_alarm(actor=administrator, why="", **asked)
    with pytest.raises(NotFound):
        decide_alarm(actor=administrator, why="none such", **asked | {"alarm": alarm.pk + 1})
    assert queries.is_doubted(alarm.log.origin)
    assert seen() == 5
    decide_alarm(actor=administrator, why="Disk lost", **asked)
    with pytest.raises(Conflict):
        decide_alarm(actor=administrator, why="once more", **asked)
