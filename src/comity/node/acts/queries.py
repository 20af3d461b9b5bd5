"""Every read of acts. The way in takes the actor: a hidden act and a missing one look the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from comity.base.errors import NotFound
from comity.formats.acts import ACT_ID
from comity.node.acts.models import Act, ActContent, ActState, Content, Delivery, DeliveryState, Receipt
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


def acts_for(actor: Actor) -> QuerySet[Act]:
    """The acts that concern the body this actor acts for; none without the power to read acts."""
    if not actor.may(Power.READ_ACTS).allowed:
        return Act.objects.none()
    return _of_body(actor.body)


def act_for(actor: Actor, ref: str) -> Act:
    """One act with everything its page shows; raises `NotFound`."""
    acts = acts_for(actor).select_related("author", "in_reply_to", "composed_by", "approval__person")
    act = (
        acts.prefetch_related("recipients", "deliveries__party", "receipts__party", "answers")
        .filter(ref=ref)
        .first()
    )
    if act is None:
        raise NotFound("act")
    return act


def locked_act(actor: Actor, ref: str) -> Act:
    """One act of the actor's own body, locked until the transaction ends; raises `NotFound`."""
    act = acts_for(actor).select_for_update().filter(author_id=actor.body, ref=ref).first()
    if act is None:
        raise NotFound("act")
    return act


def act_to_erase(actor: Actor, ref: str) -> Act:
    """One act that concerns the actor's body, ours or received, locked until the transaction ends."""
    # Not its key: whoever notes a receipt of it holds the log already, and must see that it exists.
    act = acts_for(actor).select_for_update(no_key=True).filter(ref=ref).first()
    if act is None:
        raise NotFound("act")
    return act


def answered_act(actor: Actor, ref: str | None) -> Act | None:
    """The recorded act that a draft answers, None if it answers none; raises `NotFound`."""
    return _answered(acts_for(actor), ref)


def answered_by(author: Party, ref: str | None) -> Act | None:
    """The same for a draft of this body, whoever judges it."""
    return _answered(_of_body(author.pk), ref)


def _answered(acts: QuerySet[Act], ref: str | None) -> Act | None:
    if ref is None:
        return None
    act = acts.filter(ref=ref, state=ActState.RECORDED).first()
    if act is None:
        raise NotFound("act to answer")
    return act


def _of_body(body: int) -> QuerySet[Act]:
    # Asked row by row, not joined: a list stays without duplicates, follows its index and stops at its end.
    received = Act.recipients.through.objects.filter(party_id=body, act_id=OuterRef("pk"))
    return Act.objects.filter(Q(author_id=body) | Exists(received))


def listed(
    actor: Actor, *, kind: str = "", state: str = "", direction: str = "", words: str = ""
) -> QuerySet[Act]:
    """The acts of a list page, newest first, narrowed as its form says."""
    acts = acts_for(actor).select_related("author").prefetch_related("recipients", "deliveries").defer(*_LONG)
    acts = acts.filter(kind=kind) if kind else acts
    acts = acts.filter(state=state) if state else acts
    acts = acts.filter(ours=direction == "sent") if direction in ("sent", "received") else acts
    return acts.filter(_found_by(words)) if words else acts


_LONG = ("wire", "body", "judgement", "selection", "basis")  # what no list shows


def _found_by(words: str) -> Q:
    """Not both at once: the index of the list holds the titles, so that a search reads no other row."""
    return Q(ref=words) if ACT_ID.fullmatch(words) else Q(title__icontains=words)


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits for this person now; lists of at most `DESK_ROWS`, counts of at most `COUNTED`."""

    to_approve: Sequence[Act]
    to_approve_count: int
    unsent: Sequence[Delivery]
    unsent_count: int
    stopped_count: int  # of these, those that go no further by themselves
    arrived: Sequence[Act]
    mine_waiting: Sequence[Act]

    @property
    def more_unsent(self) -> bool:
        """Whether there may be more unsent ones than were counted."""
        return self.unsent_count == COUNTED


DESK_ROWS = 10
COUNTED = 1_000  # past them nobody asks how many there are, and the database would read them all


def desk(actor: Actor) -> Desk:
    """The dashboard: what to approve, what has not arrived yet and why, what came in, what of mine waits."""
    acts = acts_for(actor).select_related("author").defer(*_LONG)
    awaiting = acts.filter(state=ActState.AWAITING)
    approvable = awaiting.exclude(answerable=actor.person) if _approves(actor) else awaiting.none()
    unsent = unfinished(actor)
    return Desk(
        to_approve=list(approvable[:DESK_ROWS]),
        to_approve_count=approvable.count(),
        unsent=list(unsent[:DESK_ROWS]),
        unsent_count=_counted(unsent),
        stopped_count=_counted(unsent.filter(state__in=STOPPED)),
        arrived=list(acts.filter(ours=False)[:DESK_ROWS]),
        mine_waiting=list(awaiting.filter(composed_by_id=actor.person)[:DESK_ROWS]),
    )


def _counted(rows: QuerySet[Delivery]) -> int:
    return rows.order_by()[:COUNTED].count()


def unfinished(actor: Actor) -> QuerySet[Delivery]:
    """What the actor's body sent and no receipt has come for, the longest waiting first.

    What goes no further by itself is among it until a person puts it aside.
    """
    # Asked of each that is unfinished: the planner would rather begin with all acts of the body.
    ours = Act.objects.filter(pk=OuterRef("act"), author_id=actor.body, erased_at=None)
    aside = Q(state__in=STOPPED) & ~Q(aside_by="")
    rows = Delivery.objects.filter(~aside, Exists(ours), state__in=UNFINISHED)
    return rows.select_related("act", "party").order_by("changed") if _reads(actor) else rows.none()


def unfinished_with(actor: Actor, party: Party) -> Sequence[Delivery]:
    """The first of these that go to one party."""
    return list(unfinished(actor).filter(party=party)[:DESK_ROWS])


STOPPED = (DeliveryState.REFUSED, DeliveryState.WITHHELD)
UNFINISHED = (DeliveryState.WAITING, DeliveryState.HANDED_OVER, *STOPPED)


def _approves(actor: Actor) -> bool:
    return actor.may(Power.APPROVE).allowed and actor.person is not None


def _reads(actor: Actor) -> bool:
    return actor.may(Power.READ_ACTS).allowed


def contents_of(act: Act) -> list[Content]:
    """What an act carries, in its order."""
    carried = ActContent.objects.filter(act=act).select_related("content").order_by("position")
    return [each.content for each in carried]


def contents_count(act: Act) -> int:
    """How many objects an act carries."""
    return ActContent.objects.filter(act=act).count()


def contents_of_all(acts: Sequence[Act]) -> dict[int, list[Content]]:
    """What each of these acts carries, by the act's key, in its order."""
    found: dict[int, list[Content]] = {act.pk: [] for act in acts}
    carried = ActContent.objects.filter(act__in=list(found)).select_related("content")
    for each in carried.order_by("act_id", "position"):
        found[each.act_id].append(each.content)
    return found


def acts_past_keeping(day: date, *, holder: Party, author: Party, limit: int) -> list[Act]:
    """Acts that carry what their author let this body keep until before this day, and that is still here."""
    due = Act.objects.filter(contents_until__lt=day, contents_ended=None, erased_at=None)
    return list(due.filter(author=author, recipients=holder).order_by("contents_until", "pk")[:limit])


def keeping_ended(day: date) -> list[tuple[int, int]]:
    """The keys of the bodies and authors between whom something is to be deleted, as of this day."""
    due = Act.objects.filter(contents_until__lt=day, contents_ended=None, erased_at=None)
    return list(due.filter(recipients__ours=True).values_list("recipients", "author").distinct())


def receipt_of(act: Act, number: int) -> Receipt:
    """One of the act's receipts; raises `NotFound`."""
    found = Receipt.objects.filter(act=act, pk=number).first()
    if found is None:
        raise NotFound("receipt")
    return found


def due_deliveries(now: datetime, *, party: Party, limit: int) -> list[Delivery]:
    """The deliveries to one party whose time has come, in the order of our log, with what they carry."""
    return list(_with_contents(Delivery.objects.filter(party=party, next_try__lte=now))[:limit])


def parties_due(now: datetime) -> list[Party]:
    """The parties to which something is due."""
    due = Delivery.objects.filter(next_try__lte=now).values("party_id")
    return list(Party.objects.filter(pk__in=due).order_by("pk"))


def outbox(
    party: Party, *, after: int = -1, added_after: datetime | None = None, limit: int
) -> list[Delivery]:
    """Acts for one party in the exact order of our log, with contents, without those withheld or erased."""
    deliveries = Delivery.objects.filter(party=party, position__gt=after, act__erased_at=None).exclude(
        state=DeliveryState.WITHHELD
    )
    if added_after is not None:
        deliveries = deliveries.filter(added__gt=added_after)
    return list(_with_contents(deliveries)[:limit])


def _with_contents(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    carried = Prefetch("act__carried", ActContent.objects.select_related("content"))
    return deliveries.select_related("act__author", "party").prefetch_related(carried).order_by("position")


def known_acts(refs: Iterable[str]) -> dict[str, Act]:
    """Acts of this node by ref, whoever may see them: for the wire, never for a page."""
    return {act.ref: act for act in Act.objects.filter(ref__in=set(refs)).select_related("author")}


def receipts_to_return(party: Party, now: datetime, limit: int) -> list[Receipt]:
    """Receipts we issued for this party's acts that its node has not fetched or been handed yet."""
    due = Receipt.objects.filter(issued=True, return_due__lte=now, act__author=party).select_related("act")
    return list(due.order_by("log_index")[:limit])


def parties_awaiting_receipts(now: datetime) -> list[Party]:
    """The authors to whose nodes receipts of ours are due."""
    due = Receipt.objects.filter(issued=True, return_due__lte=now).values("act__author_id")
    return list(Party.objects.filter(pk__in=due).order_by("pk"))
