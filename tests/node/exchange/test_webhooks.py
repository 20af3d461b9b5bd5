"""Webhooks: asked first, then told in order, judged at that moment, tried again, paused, played again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.formats.canonical import canonical
from comity.formats.conversation import Ask, PartnerUnavailable, Reply
from comity.formats.strict_json import decode
from comity.formats.webhooks import Call, CallKind
from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import HookForm, HookState, Webhook
from comity.node.exchange.services import called, calling, webhooks
from comity.node.exchange.services.collections import close_collection
from comity.node.exchange.services.webhooks import Subscription, check_address
from comity.node.exchange.taxii.chosen import read_query
from comity.node.federation.models import Partner, PartnerState
from comity.node.instruments import services as agreements
from comity.node.instruments.models import Agreement
from comity.node.parties.models import Party
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
ADDRESS = "https://soc.example/comity"


@dataclass
class Receiver:
    """An address that answers challenges, and takes calls unless it is `broken`."""

    status: int = 200
    broken: bool = False
    answers: bool = True
    calls: list[Call] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def __call__(self, ask: Ask) -> Reply:
        assert ask.url == ADDRESS
        if self.broken:
            raise PartnerUnavailable("It cannot be reached.")
        if self.status != 200:
            return Reply(self.status)
        call = Call.decode(ask.body or b"")
        if call.kind is CallKind.CHALLENGE:
            said = {"challenge": call.challenge if self.answers else "no"}
            return Reply(200, {}, canonical(said))
        self.calls.append(call)
        told: Any = decode(ask.body or b"")
        self.objects += [each["name"] for each in told.get("envelope", {}).get("objects", ())]
        return Reply(204)


@dataclass
class Hooked:
    """A webhook of a collection of everything, and whoever listens there."""

    sides: Sides
    hook: Webhook
    receiver: Receiver
    now: datetime = NOW

    def work(self, after: timedelta = timedelta()) -> Webhook:
        """What the worker does when so much time has passed."""
        self.now += after
        calling.call_one(self.hook.pk, self.receiver, now=self.now, random=Random(7))
        self.hook.refresh_from_db()
        return self.hook

    def bring(self, *names: str, tlp: Tlp = Tlp.GREEN) -> None:
        own_work(self.sides.world, *(indicator(name, tlp) for name in names), now=self.now)


def hooked(sides: Sides, form: HookForm = HookForm.NOTICE, **changes: Any) -> Hooked:
    collection = changes.pop("collection", None) or opened(sides.world)
    wish = Subscription(collection, changes.pop("party", sides.party), ADDRESS, form, **changes)
    return Hooked(sides, webhooks.subscribe(actor=sides.world.approver, wish=wish, now=NOW), Receiver())


@pytest.fixture
def listening(agreed: Sides) -> Hooked:
    found = hooked(agreed)
    assert found.work().state == HookState.ACTIVE
    return found


def test_it_is_asked_before_anything_is_told(agreed):
    found = hooked(agreed)
    found.bring("first")
    found.receiver.answers = False
    assert found.work().state == HookState.ASKED
    assert "did not answer the challenge" in found.hook.words
    found.receiver.answers = True
    assert found.work(timedelta(minutes=1)).state == HookState.ACTIVE
    assert [call.count for call in found.receiver.calls] == [1]


def test_a_notice_says_how_much_and_from_where(listening):
    listening.bring("a", "b")
    listening.bring("hidden", tlp=Tlp.RED)
    listening.work(timedelta(minutes=1))
    [call] = listening.receiver.calls
    assert (call.kind, call.count, call.more, call.party) == (
        CallKind.NEWS,
        2,
        False,
        listening.sides.party.ref,
    )
    reader = reader_of(listening.sides, listening.hook.collection)
    told = reader.ids(f"added_after={call.added_after}")
    assert sorted(told) == sorted(indicator(name)["id"] for name in ("a", "b"))
    assert reader.ids(f"added_after={call.last}") == []
    listening.work(timedelta(minutes=1))
    listening.bring("c")
    listening.work(timedelta(minutes=1))
    assert [each.count for each in listening.receiver.calls] == [2, 1]
    assert listening.receiver.calls[1].added_after == call.last
    assert (listening.hook.told, listening.hook.words) == (3, "Told of 1 object.")


def test_without_everything_it_begins_with_what_comes(agreed):
    own_work(agreed.world, indicator("before", Tlp.GREEN))
    found = hooked(agreed)
    found.work()
    assert found.receiver.calls == []
    webhooks.end(actor=agreed.world.approver, key=found.hook.pk, now=NOW)
    later = hooked(agreed, everything=True, collection=found.hook.collection)
    later.work()
    assert [call.count for call in later.receiver.calls] == [1]


def test_content_is_judged_now_and_recorded(agreed):
    found = hooked(agreed, HookForm.CONTENT)
    found.work()
    found.bring("open")
    found.bring("closed", tlp=Tlp.RED)
    found.work(timedelta(minutes=1))
    assert found.receiver.objects == ["open"]
    entry = LogEntry.objects.filter(event="content-given").latest("index")
    told: Any = decode(bytes(entry.entry or b""))
    assert (told["count"], told["to"]) == (1, [agreed.party.ref])
    assert told["last"] == found.receiver.calls[0].last


def test_an_agreement_that_ends_closes_it_at_once(agreed):
    found = hooked(agreed, HookForm.CONTENT)
    found.work()
    found.bring("late", tlp=Tlp.AMBER)
    day = found.now.date()
    agreement = Agreement.objects.get()
    agreements.withdraw(actor=agreed.diplomat, ref=agreement.ref, day=day, now=NOW)
    found.work(timedelta(days=1))
    assert found.receiver.objects == []


def test_what_opens_later_is_told(sides):
    found = hooked(sides)
    found.bring("amber", tlp=Tlp.AMBER)
    found.work()
    assert found.receiver.calls == []
    sides.conclude()
    found.work(timedelta(minutes=2))
    assert [call.count for call in found.receiver.calls] == [1]


def test_many_go_in_several_calls(listening, monkeypatch):
    monkeypatch.setattr(calling, "AT_ONCE", 2)
    listening.bring(*"abcde")
    listening.work(timedelta(minutes=1))
    assert [(call.count, call.more) for call in listening.receiver.calls] == [
        (2, True),
        (2, True),
        (1, False),
    ]
    monkeypatch.setattr(calling, "ROUND", 1)
    listening.bring(*"fgh")
    listening.work(timedelta(minutes=1))
    listening.work()  # at once: there is more
    assert [call.count for call in listening.receiver.calls[3:]] == [2, 1]


def test_what_was_not_taken_is_told_again_under_the_same_id(listening):
    listening.bring("a")
    listening.receiver.status = 500
    hook = listening.work(timedelta(minutes=1))
    assert (hook.state, hook.attempts, hook.failing_since) == (HookState.ACTIVE, 1, listening.now)
    assert "It answered 500" in hook.words
    calling.call_one(hook.pk, listening.receiver, now=listening.now, random=Random(7))  # not due yet
    hook.refresh_from_db()
    assert hook.attempts == 1
    listening.receiver.status = 200
    hook = listening.work(timedelta(minutes=1))
    assert (hook.attempts, hook.failing_since) == (0, None)
    assert len({call.id for call in listening.receiver.calls}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 503])
def test_redirects_and_errors_are_no_yes(listening, status):
    listening.bring("a")
    listening.receiver.status = status
    assert listening.work(timedelta(minutes=1)).attempts == 1


def test_the_last_calls_are_kept(listening, monkeypatch):
    listening.receiver.broken = True
    listening.bring("a", "b")
    listening.work(timedelta(minutes=1))
    listening.receiver.broken, listening.receiver.status = False, 503
    listening.work(timedelta(minutes=20))
    listening.receiver.status = 200
    listening.work(timedelta(hours=1))
    calls = listening.hook.calls.values_list("kind", "taken", "status", "count", "words")
    assert list(calls) == [
        ("news", True, 204, 2, "Told of 2 objects."),
        ("news", False, 503, 0, "It answered 503."),
        ("news", False, None, 0, "It cannot be reached."),
        ("challenge", True, 200, 0, "It wants to be called."),
    ]
    page = body(client_of(listening.sides.world.approver).get(f"/exchange/webhooks/{listening.hook.pk}/"))
    assert "It answered 503." in page
    monkeypatch.setattr(called, "KEPT", 2)
    listening.bring("c")
    listening.work(timedelta(minutes=1))
    assert [each.count for each in listening.hook.calls.all()] == [1, 2]


def test_after_a_week_of_failures_it_pauses_until_a_person_resumes_it(listening):
    listening.bring("a")
    listening.receiver.broken = True
    listening.work(timedelta(minutes=1))
    hook = listening.work(calling.PATIENCE)
    assert (hook.state, hook.next_try) == (HookState.PAUSED, None)
    assert "Paused, since calls fail" in hook.words
    listening.receiver.broken = False
    webhooks.resume(actor=listening.sides.world.administrator, key=hook.pk, now=listening.now)
    assert listening.work().state == HookState.ACTIVE
    assert [call.count for call in listening.receiver.calls] == [1]


def test_one_that_is_gone_pauses_at_once(listening):
    listening.bring("a")
    listening.receiver.status = 410
    assert listening.work(timedelta(minutes=1)).state == HookState.PAUSED


def test_playing_again(listening):
    listening.bring("a")
    listening.work(timedelta(minutes=1))
    actor = listening.sides.world.approver
    webhooks.replay(actor=actor, key=listening.hook.pk, since=NOW - timedelta(days=1), now=listening.now)
    listening.work()
    assert [call.count for call in listening.receiver.calls] == [1, 1]
    webhooks.pause(actor=actor, key=listening.hook.pk, now=listening.now)
    with pytest.raises(Conflict):
        webhooks.replay(actor=actor, key=listening.hook.pk, since=NOW, now=listening.now)


def test_a_suspended_party_is_told_nothing(listening):
    listening.bring("a")
    Partner.objects.update(state=PartnerState.SUSPENDED)
    assert "suspended" in listening.work(timedelta(minutes=1)).words
    assert listening.receiver.calls == []
    Partner.objects.update(state=PartnerState.ACCEPTED)
    listening.work(timedelta(minutes=1))
    assert len(listening.receiver.calls) == 1


def test_our_own_operator_is_told_of_what_may_be_used_here(agreed):
    found = hooked(agreed, HookForm.CONTENT, party=agreed.world.body)
    found.work()
    found.bring("amber", tlp=Tlp.AMBER)
    found.bring("red", tlp=Tlp.RED)
    found.work(timedelta(minutes=1))
    assert found.receiver.objects == ["amber"]


def test_a_collection_that_closes_ends_its_webhooks(listening):
    listening.bring("a")
    hook, world = listening.hook, listening.sides.world
    close_collection(actor=world.approver, ref=hook.collection.ref, now=NOW)
    assert listening.work(timedelta(minutes=1)).state == HookState.ENDED
    assert listening.receiver.calls == []
    with pytest.raises(NotFound):
        webhooks.resume(actor=world.approver, key=hook.pk, now=NOW)


def test_who_looks_after_them(agreed):
    collection = opened(agreed.world, query=read_query({"types": ["tool"]}))
    wish = Subscription(collection, agreed.party, ADDRESS, HookForm.NOTICE)
    for actor in (agreed.world.analyst, agreed.world.observer):
        with pytest.raises(Refused):
            webhooks.subscribe(actor=actor, wish=wish, now=NOW)
    assert not Webhook.objects.exists()
    made = webhooks.subscribe(actor=agreed.world.administrator, wish=wish, now=NOW)
    with pytest.raises(Conflict):
        webhooks.subscribe(actor=agreed.world.approver, wish=wish, now=NOW)
    for step in (webhooks.pause, webhooks.end):
        with pytest.raises(Refused):
            step(actor=agreed.world.analyst, key=made.pk, now=NOW)
    webhooks.end(actor=agreed.world.approver, key=made.pk, now=NOW)
    told = [decode(bytes(each.entry or b"")) for each in LogEntry.objects.filter(event="webhook-changed")]
    assert [each["what"] for each in told] == ["opened", "ended"]  # type: ignore[index]


def test_nobody_else_is_told(agreed):
    collection = opened(agreed.world)
    Party.objects.filter(pk=agreed.party.pk).update(kind="observer")
    agreed.party.refresh_from_db()
    with pytest.raises(Malformed):
        Subscription(collection, agreed.party, ADDRESS, HookForm.NOTICE)
    other = another_body(agreed.world.body)
    with pytest.raises(Malformed):
        Subscription(collection, other, ADDRESS, HookForm.NOTICE)


def another_body(body: Party) -> Party:
    return Party.objects.create(
        ref=f"{body.ref[:-1]}9", kind="ministry", name="MoIT", state="PK", ours=True, added=NOW
    )


@pytest.mark.parametrize(
    "address",
    [
        "", "soc.example", "ftp://soc.example/", "https://", "https://me:x@soc.example/",
        "https://soc.example/#x", "https://soc.example:99999/", "https://soc.example/a b", "https://söc.example/",
        f"https://soc.example/{'x' * 500}", "https://soc.example/\n",
    ],
)  # fmt: skip  # a list
def test_addresses_that_are_none(address):
    with pytest.raises(Malformed):
        check_address(address)


def test_one_worker_alone_does_it(listening: Hooked):
    listening.bring("a")
    now = NOW + timedelta(minutes=1)

    def other_worker(ask: Ask) -> Reply:
        calling.call_one(listening.hook.pk, listening.receiver, now=now, random=Random(7))
        return listening.receiver(ask)

    calling.call_one(listening.hook.pk, other_worker, now=now, random=Random(7))
    assert [call.count for call in listening.receiver.calls] == [1]
    assert Webhook.objects.get().next_try == now + calling.LOOK


def test_where_nothing_was_added_nothing_is_written(listening):
    listening.bring("a")
    minute = timedelta(minutes=1)
    listening.work(minute)
    soon = listening.now + calling.LOOK
    assert calling.to_look_at(soon) == []
    assert calling.to_look_at(soon + calling.LOOK_AT_ALL) == [listening.hook.pk]
    listening.bring("b")
    assert calling.to_look_at(soon) == [listening.hook.pk]
    webhooks.pause(actor=listening.sides.world.approver, key=listening.hook.pk, now=soon)
    assert calling.to_look_at(soon + minute) == []
