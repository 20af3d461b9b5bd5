"""The log in the database against its own checkpoint, and against one from before."""

from __future__ import annotations

import pytest
from django.db import transaction

from comity.formats.entries import Event, LogEntry
from comity.node.accountability import models, services
from comity.node.commands.log_state import checkpoint, judge_log
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def grow(number: int) -> bytes:
    """Record so many entries; the checkpoint after them."""
    entries = [LogEntry(Event.ACT_SENT, NOW, "comity-act--1", f"{each:064x}") for each in range(number)]
    with transaction.atomic():
        services.record(entries, now=NOW)
    return checkpoint()


def rules(before: bytes = b"") -> tuple[str, set[str]]:
    verdict = judge_log(before)
    return verdict.answer.value, {ground.rule for ground in verdict.grounds}


def test_a_log_without_entries_is_whole() -> None:
    assert rules() == ("yes", {"log.empty"})
    assert checkpoint() == b""


def test_a_log_that_grew_continues_its_checkpoint() -> None:
    before = grow(300)
    grow(5)
    answer, named = rules(before)
    assert answer == "yes"
    assert "log.copy.whole" in named


def test_a_changed_entry_is_noticed() -> None:
    before = grow(300)
    models.LogEntry.objects.filter(index=7).update(commitment=bytes(32))
    answer, named = rules(before)
    assert answer == "no"
    assert named == {"log.copy.entry"}


def test_a_log_that_lost_what_a_checkpoint_saw_is_noticed() -> None:
    with transaction.atomic():
        before = grow(3)
        transaction.set_rollback(True)
    assert rules(before) == ("no", {"log.lost"})
    grow(2)
    assert not judge_log(before).allowed
