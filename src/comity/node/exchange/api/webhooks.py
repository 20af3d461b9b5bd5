"""Operations about webhooks: addresses that are called when a party can read something new."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.times import decode_time
from comity.formats.webhooks import CallKind
from comity.node.exchange import gathering, models
from comity.node.exchange.models import HookForm, HookState, Webhook
from comity.node.exchange.services import webhooks
from comity.node.exchange.services.webhooks import LONGEST_ADDRESS, LOOKING_AFTER, Subscription
from comity.node.exchange.taxii.standing import moment
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    Given,
    Named,
    Page,
    Time,
    Told,
    Window,
    named,
    needs,
    page_of,
    parties_named,
)
from comity.node.parties.roles import Power


class NewWebhook(Given):
    """An address that wants to be told of a collection; it has to answer a challenge first."""

    collection: UUID
    party: str = Field(min_length=1, max_length=60, description="ref of the party for which release judges")
    address: str = Field(min_length=1, max_length=LONGEST_ADDRESS, description="https://…")
    form: HookForm = HookForm.NOTICE
    everything: bool = Field(default=False, description="Begin with what is there already")


class TellAgain(Given):
    """From when on a webhook is told once more."""

    since: str = Field(max_length=40, description="RFC 3339, in UTC")


class WebhookRow(Told):
    """A webhook, what was told last, and how it fares."""

    number: int
    collection: UUID
    party: Named
    address: str
    form: HookForm
    state: HookState
    words: str = Field(description="what happened last")
    told: int = Field(description="objects, in all calls that were taken")
    told_up_to: Time = Field(description="the instant in the order of the collection")
    last_taken: Time | None = Field(description="when a call was taken last")
    attempts: int = Field(description="in vain, since then")
    failing_since: Time | None
    next_look: Time | None
    entered: Time
    entered_by: str


class HookCall(Told):
    """One of the last calls."""

    at: Time
    kind: CallKind
    taken: bool
    status: int | None = Field(description="null: it did not answer")
    count: int = Field(description="objects of which it told")
    words: str


class WebhookTold(WebhookRow):
    """A webhook with its last fifty calls, the newest first."""

    calls: list[HookCall]


router = Router()


@router.get("/webhooks", response=Page[WebhookRow])
@needs(Power.READ_PARTIES)
def list_webhooks(request: ActorRequest, wanted: Query[Window]) -> Page[WebhookRow]:
    """The webhooks that have not ended, and how each fares."""
    return page_of(gathering.webhooks_for(request.actor), wanted, _webhook)


@router.post("/webhooks", response={201: WebhookRow})
@needs(*LOOKING_AFTER)
def open_webhook(request: ActorRequest, given: NewWebhook) -> Status[WebhookRow]:
    """Enter an address; it is asked within seconds whether it wants to be called."""
    wish = Subscription(
        gathering.collection_for(request.actor, given.collection),
        parties_named(request.actor, [given.party])[given.party],
        given.address,
        given.form,
        given.everything,
    )
    return Status(201, _webhook(webhooks.subscribe(actor=request.actor, wish=wish, now=timezone.now())))


@router.get("/webhooks/{int:number}", response=WebhookTold)
@needs(Power.READ_PARTIES)
def read_webhook(request: ActorRequest, number: int) -> WebhookTold:
    """One webhook: its last calls and what became of each, and when it is looked at next."""
    row = gathering.webhook_for(request.actor, number)
    return WebhookTold(
        **_webhook(row).model_dump(by_alias=True), calls=[_call(each) for each in row.calls.all()]
    )


@router.post("/webhooks/{int:number}/pause", response=WebhookRow)
@needs(*LOOKING_AFTER)
def pause_webhook(request: ActorRequest, number: int) -> WebhookRow:
    """Call it no more for now; where it stopped is kept."""
    return _webhook(webhooks.pause(actor=request.actor, key=number, now=timezone.now()))


@router.post("/webhooks/{int:number}/resume", response=WebhookRow)
@needs(*LOOKING_AFTER)
def resume_webhook(request: ActorRequest, number: int) -> WebhookRow:
    """Ask it again whether it wants to be called, and go on where it stopped."""
    return _webhook(webhooks.resume(actor=request.actor, key=number, now=timezone.now()))


@router.post("/webhooks/{int:number}/replay", response=WebhookRow)
@needs(*LOOKING_AFTER)
def replay_webhook(request: ActorRequest, number: int, given: TellAgain) -> WebhookRow:
    """Tell it once more what was added after an instant."""
    since = decode_time(given.since, "/since")
    return _webhook(webhooks.replay(actor=request.actor, key=number, since=since, now=timezone.now()))


@router.post("/webhooks/{int:number}/end", response={204: None})
@needs(*LOOKING_AFTER)
def end_webhook(request: ActorRequest, number: int) -> Status[None]:
    """Never call it again."""
    webhooks.end(actor=request.actor, key=number, now=timezone.now())
    return Status(204, None)


def _call(row: models.HookCall) -> HookCall:
    return HookCall(
        at=row.at,
        kind=CallKind(row.kind),
        taken=row.taken,
        status=row.status,
        count=row.count,
        words=row.words,
    )


def _webhook(row: Webhook) -> WebhookRow:
    return WebhookRow(
        number=row.pk,
        collection=row.collection.ref,
        party=named(row.party),
        address=row.address,
        form=HookForm(row.form),
        state=HookState(row.state),
        words=row.words,
        told=row.told,
        told_up_to=moment(row.cursor),
        last_taken=row.called_at,
        attempts=row.attempts,
        failing_since=row.failing_since,
        next_look=row.next_try,
        entered=row.made_at,
        entered_by=row.made_by,
    )
