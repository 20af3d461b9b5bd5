"""Call webhooks: judged at this moment for the party, signed, and tried again for a week.

A call is made of what the party would be given now by TAXII, in the same order: where one was taken the
next begins, so that nothing is told twice and nothing is left out.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random, SystemRandom
from uuid import UUID, uuid5

from django.db import DatabaseError, connections

from comity.base.errors import ComityError
from comity.base.times import decode_time
from comity.formats.conversation import Ask, Reply
from comity.formats.strict_json import Limits, decode
from comity.formats.webhooks import TAG, Call, CallKind
from comity.link.transport import Transport
from comity.node.acts.services.delivering import WORDS, wait_after
from comity.node.exchange.models import HookForm, HookState, Webhook
from comity.node.exchange.services.called import note_call
from comity.node.exchange.services.places import last_instant
from comity.node.exchange.taxii import giving
from comity.node.exchange.taxii.callers import root_of
from comity.node.exchange.taxii.chosen import scope_of
from comity.node.exchange.taxii.order import Choice, Scope, places
from comity.node.exchange.taxii.standing import EPOCH, micros
from comity.node.exchange.taxii.wanted import Wanted
from comity.node.federation.models import Partner, PartnerState
from comity.node.federation.transport import Http

logger = logging.getLogger("comity.webhooks")
AT_ONCE = 1_000  # objects in one call
AT_A_TIME = 4  # addresses
ROUND = 20  # calls to one address before others have a turn
LOOK = timedelta(seconds=5)  # between two looks for something new
LOOK_AT_ALL = timedelta(minutes=1)  # and when nothing was added: an agreement may have begun
CLAIM = timedelta(minutes=5)  # another worker leaves a claimed one alone for so long
PATIENCE = timedelta(days=7)
MOST_SECONDS = 60.0  # for all calls of one round to one address
_ANSWER = Limits(size=10_000)
_TAKEN = frozenset({200, 201, 202, 204})
_GONE = 410
_CALLS = UUID("0b6c0f7e-5a52-4a3b-9c37-2f3f6f0f7d51")  # names calls by what they tell
_random = SystemRandom()


class NotTaken(ComityError):
    """The address answered, and did not take the call."""

    code = "webhook.not-taken"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class News:
    """The body of a call about what is new, how many objects it tells of, and up to which instant."""

    body: bytes
    count: int
    last: int
    more: bool


def call_due(now: datetime) -> None:
    """Look for something new for every webhook that is due, and call those for which there is."""
    due = to_look_at(now)
    if due:
        with ThreadPoolExecutor(AT_A_TIME, "webhook") as threads:
            list(threads.map(lambda key: _call_apart(key, now), due))


def to_look_at(now: datetime) -> list[int]:
    """Those that are due, save where nothing was added since the last look: that is seen without a write."""
    rows = Webhook.objects.filter(next_try__lte=now).order_by("next_try").select_related("collection__holder")
    holders = {row.collection.holder for row in rows}
    last = {holder.pk: micros(last_instant(holder) or EPOCH) for holder in holders}
    return [row.pk for row in rows if not _is_idle(row, last[row.collection.holder_id], now)]


def _is_idle(hook: Webhook, last: int, now: datetime) -> bool:
    if hook.state != HookState.ACTIVE or hook.looked_at is None:
        return False
    return hook.seen == last and now - hook.looked_at < LOOK_AT_ALL


def _call_apart(key: int, now: datetime) -> None:
    """In a thread of its own: a receiver that drips must not hold up the others."""
    try:
        with Http(altogether=MOST_SECONDS, tag=TAG) as transport:
            call_one(key, transport, now=now, random=_random)
    except DatabaseError:
        logger.exception("webhook %s: the database cannot be used; trying again later", key)
    finally:
        connections.close_all()


def call_one(key: int, transport: Transport, *, now: datetime, random: Random) -> None:
    """Do for one webhook what is due: ask it whether it wants to be called, or tell it what is new."""
    if not Webhook.objects.filter(pk=key, next_try__lte=now).update(next_try=now + CLAIM):
        return  # another worker was faster, or a person ended it
    hook = Webhook.objects.select_related("collection__holder", "party").get(pk=key)
    try:
        if hook.state == HookState.ASKED:
            _ask(hook, transport, now)
        _tell(hook, transport, now)
    except ComityError as error:
        _failed(hook, error, now, random)


def _ask(hook: Webhook, transport: Transport, now: datetime) -> None:
    """It has to answer the challenge, or somebody could have us call who does not want it."""
    reply = _taken(transport(_post(hook, _call(hook, CallKind.CHALLENGE, now).encode())))
    answer = decode(reply.body, limits=_ANSWER)
    if not isinstance(answer, dict) or answer.get("challenge") != hook.challenge:
        told = 'It did not answer the challenge: expected {"challenge": …} as it was asked.'
        raise NotTaken(told, reply.status)
    words = "It wants to be called."
    _keep(hook, HookState.ASKED, words=words, state=HookState.ACTIVE)
    note_call(hook, CallKind.CHALLENGE, words, taken=True, status=reply.status, now=now)
    hook.state = HookState.ACTIVE


def _tell(hook: Webhook, transport: Transport, now: datetime) -> None:
    """Call as long as there is something new, for a round; then look again after a while."""
    seen: dict[str, object] = {}
    news: News | None = None
    for _ in range(ROUND):
        scope = _scope(hook, now)
        news = _news(hook, scope, now) if scope else None
        if news is not None:
            reply = _taken(transport(_post(hook, news.body)))
            _told(hook, news, reply.status, now)
        if scope is None or news is None or not news.more:
            seen = {"seen": scope.sighted.horizon, "looked_at": now} if scope else {}
            break
    rest = LOOK if news is None or not news.more else timedelta()
    _keep(hook, HookState.ACTIVE, next_try=now + rest, attempts=0, failing_since=None, **seen)


def _scope(hook: Webhook, now: datetime) -> Scope | None:
    """What the party may see now; None where nothing can be new."""
    partner = Partner.objects.filter(party=hook.party).first()
    if partner is not None and partner.state in (PartnerState.SUSPENDED, PartnerState.ENDED):
        words = f"Nothing is told as long as cooperation with {hook.party.name} is suspended."
        _keep(hook, HookState.ACTIVE, words=words)
        return None
    if _is_idle(hook, micros(last_instant(hook.collection.holder) or EPOCH), now):
        return None
    return scope_of(hook.collection, hook.party, now)


def _news(hook: Webhook, scope: Scope, now: datetime) -> News | None:
    """What is next; pages with content are recorded before they go, as those of TAXII are."""
    if hook.form == HookForm.CONTENT:
        return _content(hook, scope, now)
    found = places(scope, Choice(), after=hook.cursor, count=AT_ONCE + 1).places
    told = found[:AT_ONCE]
    if not told:
        return None
    more = len(found) > len(told)
    call = _call(hook, CallKind.NEWS, now, told[-1][0], len(told), more=more)
    return News(call.encode(), len(told), told[-1][0], more)


def _content(hook: Webhook, scope: Scope, now: datetime) -> News | None:
    wanted = Wanted(Choice(), after=hook.cursor, limit=AT_ONCE)
    page = giving.objects(scope, wanted, collection=hook.collection, party=hook.party, now=now)
    if page.last is None:
        return None
    last = micros(decode_time(page.last, "last"))
    call = _call(hook, CallKind.CONTENT, now, last, page.count, more=page.more)
    return News(call.encode(page.content), page.count, last, page.more)


def _call(
    hook: Webhook, kind: CallKind, now: datetime, last: int = 0, count: int = 0, *, more: bool = False
) -> Call:
    about = hook.collection
    asks = kind is CallKind.CHALLENGE
    return Call(
        kind=kind,
        id=str(uuid5(_CALLS, f"{hook.challenge} {kind.value} {hook.cursor} {last}")),
        at=now,
        holder=about.holder.ref,
        party=hook.party.ref,
        collection=f"{root_of(about.holder)}collections/{about.ref}/",
        challenge=hook.challenge if asks else "",
        added_after="" if asks else giving.exact(hook.cursor),
        last="" if asks else giving.exact(last),
        count=count,
        more=more,
    )


def _post(hook: Webhook, body: bytes) -> Ask:
    return Ask(hook.address, method="POST", content_type="application/json", body=body, limit=_ANSWER.size)


def _taken(reply: Reply) -> Reply:
    """A redirect is a refusal: the address that was entered is the one that is called."""
    if reply.status not in _TAKEN:
        raise NotTaken(f"It answered {reply.status}.", reply.status)
    return reply


def _told(hook: Webhook, news: News, status: int, now: datetime) -> None:
    hook.told += news.count
    hook.cursor = news.last
    words = f"Told of {news.count} object{'s' * (news.count != 1)}."
    _keep(hook, HookState.ACTIVE, cursor=hook.cursor, told=hook.told, called_at=now, words=words)
    note_call(hook, _kind(hook), words, taken=True, status=status, count=news.count, now=now)


def _failed(hook: Webhook, error: ComityError, now: datetime, random: Random) -> None:
    """It is tried again after a rest that grows; after a week, or once it says that it is gone, no more."""
    logger.warning("webhook %s: %s %s", hook.pk, error.code, error.message)
    since, status = hook.failing_since or now, error.status if isinstance(error, NotTaken) else None
    _note_failure(hook, error, status, now)
    if now - since >= PATIENCE or status == _GONE:
        words = f"Paused, since calls fail: {error.message}"[:WORDS]
        changes: dict[str, object] = {"state": HookState.PAUSED, "next_try": None}
    else:
        again = now + wait_after(hook.attempts, random)
        words = f"{error.message[: WORDS - 60]} Next try {again:%Y-%m-%d %H:%M:%S} UTC."
        changes = {"next_try": again}
    _keep(
        hook, HookState(hook.state), words=words, attempts=hook.attempts + 1, failing_since=since, **changes
    )


def _note_failure(hook: Webhook, error: ComityError, status: int | None, now: datetime) -> None:
    kind = CallKind.CHALLENGE if hook.state == HookState.ASKED else _kind(hook)
    note_call(hook, kind, error.message[:WORDS], taken=False, status=status, now=now)


def _kind(hook: Webhook) -> CallKind:
    """What its calls are, once it wants them."""
    return CallKind.CONTENT if hook.form == HookForm.CONTENT else CallKind.NEWS


def _keep(hook: Webhook, was: HookState, **changes: object) -> None:
    """Note what happened, unless a person has changed the state meanwhile."""
    Webhook.objects.filter(pk=hook.pk, state=was).update(**changes)
