"""Beside the exchanges: the worker does what systems do regularly, each in a thread of its own, when due."""

from __future__ import annotations

import logging
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
        self.running = [thread for thread in self.running if thread.is_alive()]
        busy = {thread.name for thread in self.running}
        for routine in routines():
            if self.due.get(routine.name, now) <= now and routine.name not in busy:
                self.due[routine.name] = now + REST
                thread = Thread(target=self._work, args=(routine, now), name=routine.name, daemon=True)
                self.running.append(thread)
                thread.start()

    def _work(self, routine: Routine, now: datetime) -> None:
        try:
            routine.work(now)
            self.due[routine.name] = now + routine.every
        except DatabaseError:
            logger.exception("regular work: the database cannot be used; trying again later")
        finally:
            connections.close_all()  # the thread ends, and nobody else may use what it opened
