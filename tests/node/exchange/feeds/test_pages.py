"""The pages of feeds: a look before one is opened, how each does, what a run brought, and who may do what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import Feed, Outcome, StixObject
from tests.node.exchange.feeds.reading import HOUR, opened, ran
from tests.node.exchange.feeds.test_misp import A, event, publish, subscribed
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW


@pytest.fixture
def at(world):
    """Pages as a person of the world sees them."""

    def seen(actor, name, *args, data=None):
        address = reverse(f"exchange:{name}", args=args)
        client = client_of(actor)
        return client.get(address) if data is None else client.post(address, data)

    return seen


def said(publisher, **more):
    return {
        "name": "Bad hosts", "kind": "lines", "address": f"{publisher.address}list.txt", "settings": "",
        "source": "elsewhere", "note": "a list", "every": "60", "label": "", **more,
    }  # fmt: skip  # one form


def test_a_feed_is_looked_at_before_it_is_opened(at, world, publisher):
    publisher.put("a.example.net\n10.0.0.1\n")
    page = at(world.approver, "feed-add", data={**said(publisher), "try": ""})
    text = page.content.decode()
    assert (page.status_code, Feed.objects.count(), StixObject.objects.count()) == (200, 0, 0)
    assert "a.example.net" in text
    assert "is nothing that can be looked for" in text
    done = at(world.approver, "feed-add", data={**said(publisher), "open": ""})
    made = Feed.objects.get()
    assert done.status_code == 302
    assert (made.name, made.due is not None, made.opened_by) == ("Bad hosts", True, "Bilal")
    assert LogEntry.objects.filter(event="feed-changed").count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"settings": "["}, "not JSON"),
        ({"settings": "[]"}, "Expected a JSON object"),
        ({"settings": '{"value": "x"}'}, "mapping/value"),
        ({"address": "http://other.example/"}, "expected https://"),
        ({"address": "file:../secret"}, "expected file:NAME"),
        ({"note": ""}, "say where it comes from"),
        ({"credential": "../key"}, "expected the name of a file"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why(at, world, publisher, more, words):
    page = at(world.approver, "feed-add", data={**said(publisher, **more), "open": ""})
    assert page.status_code == 422
    assert words in page.content.decode()
    assert not Feed.objects.exists()


def test_a_look_at_what_is_not_there_says_so(at, world, publisher):
    page = at(world.approver, "feed-add", data={**said(publisher), "try": ""})
    assert page.status_code == 422
    assert "127.0.0.1 answers 404 Not Found." in page.content.decode()


def test_ready_feeds_fill_the_form(at, world):
    assert "Spamhaus DROP" in at(world.approver, "feed-choose").content.decode()
    text = (
        client_of(world.approver)
        .get(reverse("exchange:feed-add"), {"ready": "spamhaus-drop"})
        .content.decode()
    )
    assert "https://www.spamhaus.org/drop/drop_v4.json" in text
    assert "nobody confirmed them here" in text


def test_the_health_of_feeds_in_a_fixed_number_of_queries(world, publisher):
    publisher.put("a.example.net\n")
    client, address = client_of(world.analyst), reverse("exchange:feeds")
    ran(opened(world, f"{publisher.address}list.txt", name="one"))
    with CaptureQueriesContext(connection) as alone:
        client.get(address)
    ran(opened(world, f"{publisher.address}list.txt", name="two"))
    failing = opened(world, f"{publisher.address}gone.txt", name="three")
    for _ in range(3):
        ran(failing)
    with CaptureQueriesContext(connection) as all_three:
        text = client.get(address).content.decode()
    assert "127.0.0.1 answers 404 Not Found." in text
    assert "The last 3 runs: 3 failed" in text
    assert len(all_three) <= len(alone)
    assert "1 feed needs a look" in client.get("/").content.decode()


def test_a_feed_that_was_not_read_yet_is_listed(at, world, publisher):
    feed = opened(world, f"{publisher.address}list.txt")
    assert not feed.runs.exists()
    text = at(world.analyst, "feeds").content.decode()
    assert "Not read yet" in text
    assert at(world.analyst, "feed", feed.ref).status_code == 200


def test_a_run_tells_what_came_and_what_went(at, world, publisher):
    publisher.put("a.example.net\nb.example.net\n")
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put("b.example.net\nc.example.net\nnonsense\n")
    run = ran(feed, NOW + HOUR)
    text = at(world.analyst, "feed-run", feed.ref, run.pk).content.decode()
    assert text.index("What came") < text.index("c.example.net") < text.index("What went")
    assert text.index("What went") < text.index("a.example.net") < text.index("nonsense")
    assert at(world.analyst, "feed", feed.ref).status_code == 200


def test_a_run_of_a_misp_feed_leads_to_its_reports(at, world, publisher):
    publish(publisher, event(A, "a.example", info="Beacons of last night"))
    run = ran(subscribed(world, publisher))
    text = at(world.analyst, "feed-run", run.feed.ref, run.pk).content.decode()
    assert f'/exchange/objects/report--{A}/">Beacons of last night</a>' in text


def test_paused_resumed_run_and_removed(at, world, publisher):
    publisher.put("a.example.net\n")
    feed = opened(world, f"{publisher.address}list.txt")
    at(world.analyst, "feed-pause", feed.ref, data={"why": "The list is wrong"})
    assert "The list is wrong" in at(world.analyst, "feed", feed.ref).content.decode()
    assert Feed.objects.get().due is None
    at(world.analyst, "feed-resume", feed.ref, data={})
    at(world.analyst, "feed-run-now", feed.ref, data={})
    assert Feed.objects.get().due is not None
    assert "Remove the feed" in at(world.approver, "feed-remove", feed.ref).content.decode()
    assert Feed.objects.get().closed_at is None
    at(world.approver, "feed-remove", feed.ref, data={})
    assert Feed.objects.get().closed_at is not None
    assert at(world.approver, "feed", feed.ref).status_code == 404


def test_what_is_held_back_waits_for_an_approver(at, world, publisher):
    publisher.put("".join(f"{n}.example.net\n" for n in range(30)))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put("1.example.net\n")
    ran(feed, NOW + HOUR)
    assert "Whoever may approve decides" in at(world.analyst, "feed", feed.ref).content.decode()
    assert at(world.analyst, "feed-accept", feed.ref, data={}).status_code == 403
    assert "Take it as it is" in at(world.approver, "feed", feed.ref).content.decode()
    at(world.approver, "feed-accept", feed.ref, data={})
    assert ran(feed, NOW + 2 * HOUR).outcome == Outcome.DONE


def test_changing_a_feed_reads_it_anew(at, world, publisher):
    publisher.put("a.example.net\n")
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    text = at(world.approver, "feed-change", feed.ref).content.decode()
    assert "a test&#x27;s own list" in text
    at(world.approver, "feed-change", feed.ref, data={**said(publisher, label="amber"), "open": ""})
    found = Feed.objects.get()
    assert (found.label, found.etag) == ("amber", "")
    assert ran(feed, NOW + HOUR).changed == 1


@pytest.mark.parametrize("name", ["feed-choose", "feed-add"])
def test_opening_is_for_approvers(at, world, name):
    assert at(world.analyst, name).status_code == 403
    assert at(world.observer, "feeds").status_code == 403


def test_feeds_of_another_body_are_not_there(at, world, publisher):
    from comity.node.parties.models import Party

    feed = opened(world, f"{publisher.address}list.txt")
    other = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0099", kind="national-cert", name="Other", state="PK",
        ours=True, added=NOW,
    )  # fmt: skip  # one row
    Feed.objects.filter(pk=feed.pk).update(holder=other)
    assert at(world.analyst, "feed", feed.ref).status_code == 404
    assert at(world.analyst, "feed-pause", feed.ref, data={}).status_code == 404
    assert at(world.approver, "feed-remove", feed.ref).status_code == 404
