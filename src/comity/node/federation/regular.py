"""Beside the exchanges: one thread of the worker does what systems do regularly, when it is due."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Thread

from django.db import DatabaseError, connections

from comity.node.acts.routines import Routine, routines

logger = logging.getLogger("comity.worker")
REST = timedelta(minutes=10)  # before work is tried again that failed


@dataclass
class Regular:
    """When each routine is due next; with nothing noted yet, all are due now."""

    due: dict[str, datetime] = field(default_factory=dict)
    running: list[Thread] = field(default_factory=list)

    def begin(self, now: datetime) -> None:
        """Start what is due, unless the last of it is still going on."""
        going = [routine for routine in routines() if self.due.get(routine.name, now) <= now]
        if not going or any(thread.is_alive() for thread in self.running):
            return
        self.due |= {routine.name: now + REST for routine in going}
        self.running = [Thread(target=self._work, args=(going, now), daemon=True)]
        self.running[0].start()

    def _work(self, going: Sequence[Routine], now: datetime) -> None:
        try:
            for routine in going:
                routine.work(now)
                self.due[routine.name] = now + routine.every
        except DatabaseError:
            logger.exception("regular work: the database cannot be used; trying again later")
        finally:
            connections.close_all()  # the thread ends, and nobody else may use what it opened
