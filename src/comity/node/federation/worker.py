"""The worker: delivers what is due, fetches where we fetch, and sleeps when nothing waits.

Several workers may run on several hosts: what one has claimed the others leave alone for a while.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from random import Random, SystemRandom
from threading import Event, Thread

from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from comity.node.accountability import queries as log
from comity.node.acts import queries as acts
from comity.node.config import Config
from comity.node.federation import queries
from comity.node.federation.models import Partner, Reach
from comity.node.federation.regular import Regular
from comity.node.federation.services import outbound, own
from comity.node.federation.transport import Http

logger = logging.getLogger("comity.worker")
AT_ONCE = 4  # partners with whom we exchange at the same time: a slow one must not hold up the others
LOOK = timedelta(days=1)
LOOK_SOON = timedelta(hours=1)
GRACE = 5.0  # seconds that running exchanges get when the worker stops
_random = SystemRandom()


def run(stop: Event, config: Config) -> None:
    """Work until `stop` is set; exchanges that have begun get a while to finish.

    What does not finish by then is cut short like by a crash, which the record survives: nothing is lost.
    """
    running: dict[int, Thread] = {}
    begun: dict[int, float] = {}
    regular = Regular()
    while not stop.is_set():
        _finish_renewal()
        regular.begin(timezone.now())
        # Who waits longest comes first: else those that are due again at once would take every turn.
        for partner in sorted(_due_now(), key=lambda each: begun.get(each.pk, 0.0)):
            running = {key: thread for key, thread in running.items() if thread.is_alive()}
            if partner.pk not in running and len(running) < AT_ONCE:
                running[partner.pk] = Thread(target=_exchange, args=(partner, config, stop), daemon=True)
                begun[partner.pk] = time.monotonic()
                running[partner.pk].start()
        close_old_connections()
        stop.wait(config.worker_pause)
    ends = time.monotonic() + GRACE
    for thread in (*running.values(), *regular.running):
        thread.join(max(0.0, ends - time.monotonic()))


def partners_due(now: datetime) -> list[Partner]:
    """The accepted partners to whom something is due, or at whose node we look again now."""
    looking = [
        partner
        for partner in queries.accepted()
        if (partner.fetches and _fetch_again(partner, now)) or look_due(partner, now)
    ]
    waiting = queries.accepted_among([*acts.parties_due(now), *acts.parties_awaiting_receipts(now)])
    return list({partner.pk: partner for partner in (*looking, *waiting)}.values())


def exchange_once(partner: Partner, config: Config, *, now: datetime, random: Random) -> outbound.Exchanged:
    """One exchange with one partner over HTTP."""
    if partner.fetches:
        next_look = now + timedelta(seconds=config.pull_interval)
        Partner.objects.filter(pk=partner.pk).update(fetch_due=next_look)
    with Http(altogether=config.exchange_timeout) as transport:
        look = look_due(partner, now)
        return outbound.exchange_with(partner, transport, now=now, random=random, look=look)


def look_due(partner: Partner, now: datetime) -> bool:
    """Whether we ask the node again who it is: every day, and every hour while something is the matter.

    One that we cannot reach and that fetches from us is not asked.
    """
    if partner.reach == Reach.FETCH and not partner.fetches:
        return False
    matter = partner.trouble or log.uncompared_since(partner.log_origin)
    return partner.looked_at is None or now - partner.looked_at >= (LOOK_SOON if matter else LOOK)


def _finish_renewal() -> None:
    """The process that renewed our key may have died before the key was in its place."""
    try:
        own.finish_renewal()
    except DatabaseError:
        logger.exception("a renewal of our key cannot be finished; trying again")


def _due_now() -> list[Partner]:
    try:
        return partners_due(timezone.now())
    except DatabaseError:
        logger.exception("the database cannot be read; trying again")
        return []


def _fetch_again(partner: Partner, now: datetime) -> bool:
    return partner.fetch_due is None or partner.fetch_due <= now


def _exchange(partner: Partner, config: Config, stop: Event) -> None:
    """Exchange until nothing more is due: what comes meanwhile does not wait for the next look."""
    going = [partner]
    try:
        while going and not stop.is_set():
            done = exchange_once(going[0], config, now=timezone.now(), random=_random)
            going = queries.accepted_among([partner.party]) if done.more else []
    except DatabaseError:
        logger.exception("exchange with %s: the database cannot be written", partner.party.ref)
    finally:
        connections.close_all()  # the thread ends, and nobody else may use what it opened
