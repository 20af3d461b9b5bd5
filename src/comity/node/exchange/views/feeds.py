"""Feeds: how each does, its runs and what they brought; opening one after a look at what it would bring."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import ComityError
from comity.formats.feeds.ready import ready_feeds
from comity.node.exchange import queries
from comity.node.exchange.feeds import queries as asked
from comity.node.exchange.feeds.forms import FeedForm, PauseFeed, from_feed, from_ready
from comity.node.exchange.feeds.kinds import kinds
from comity.node.exchange.feeds.looking import Glimpse
from comity.node.exchange.models import Feed, FeedEntry, Outcome
from comity.node.exchange.services import feeds
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page

ROWS = 50
TREND = 20  # runs in the little picture
MOST_ENTRIES = 50  # of what came and went, on the page of a run


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """All feeds, and how each does."""
    page = Paginator(asked.feeds_shown(request.actor, TREND), ROWS).get_page(request.GET.get("page"))
    return render(request, "exchange/feeds.html", {"page": page} | _may(request))


@require_safe
@needs(Power.READ_CONTENT)
def detail(request: ActorRequest, ref: UUID) -> HttpResponse:
    """One feed with its runs."""
    feed = asked.feed_for(request.actor, ref)
    page = Paginator(asked.runs_of(request.actor, feed), ROWS).get_page(request.GET.get("page"))
    last = asked.runs_of(request.actor, feed).first()
    shown = {
        "feed": feed,
        "kind": {each.name: each.title for each in kinds()}.get(feed.kind, feed.kind),
        "page": page,
        "here": asked.count_here(feed),
        "held": last if last is not None and last.outcome == Outcome.HELD else None,
        "pause_form": PauseFeed(),
    }
    return render(request, "exchange/feed.html", shown | _may(request))


@require_safe
@needs(Power.READ_CONTENT)
def run(request: ActorRequest, ref: UUID, key: int) -> HttpResponse:
    """One run: its counts, what came and went, and what was not taken, with the reason."""
    found = asked.run_for(request.actor, ref, key)
    came, went = (list(asked.entries_of(found, gone=gone)[:MOST_ENTRIES]) for gone in (False, True))
    titles = queries.titles_held(found.feed.holder, [_object_of(each) for each in (*came, *went)])
    shown = {
        "run": found,
        "feed": found.feed,
        "came": [(ref, titles.get(ref, "")) for ref in map(_object_of, came)],
        "went": [(ref, titles.get(ref, "")) for ref in map(_object_of, went)],
        "most": MOST_ENTRIES,
    }
    return render(request, "exchange/feed_run.html", shown | _may(request))


@require_safe
@needs(Power.APPROVE)
def choose(request: ActorRequest) -> HttpResponse:
    """The public feeds whose mapping is ready, before one is added."""
    return render(request, "exchange/feed_choose.html", {"ready": ready_feeds().values()})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def add(request: ActorRequest) -> HttpResponse:
    """Say what a feed is, look at what it would bring, then open it."""
    ready = ready_feeds().get(request.GET.get("ready", ""))
    form = _form(request, from_ready(ready) if ready else {"kind": "lines"})
    shown: dict[str, Any] = {"form": form, "ready": ready}
    if not form.is_valid():
        return form_page(request, "exchange/feed_add.html", shown)
    try:
        if "open" in request.POST:
            made = feeds.open_feed(actor=request.actor, wish=form.wish(), ref=uuid4(), now=timezone.now())
            messages.success(request, f"{made.name} is open; its first run begins within a minute.")
            return redirect("exchange:feed", ref=made.ref)
        glimpse = _tried(request, form)
    except ComityError as error:
        form.add_error(None, error.message)
        return form_page(request, "exchange/feed_add.html", shown)
    return render(request, "exchange/feed_add.html", shown | {"glimpse": glimpse})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def change(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Change what a feed is, after a look at what it would bring then."""
    feed = asked.feed_for(request.actor, ref)
    form = _form(request, from_feed(feed), own=feed)
    shown: dict[str, Any] = {"form": form, "feed": feed}
    if not form.is_valid():
        return form_page(request, "exchange/feed_add.html", shown)
    try:
        if "open" in request.POST:
            feeds.change_feed(actor=request.actor, ref=ref, wish=form.wish(), now=timezone.now())
            messages.success(request, "Changed; all of it is read anew within a minute.")
            return redirect("exchange:feed", ref=ref)
        glimpse = _tried(request, form)
    except ComityError as error:
        form.add_error(None, error.message)
        return form_page(request, "exchange/feed_add.html", shown)
    return render(request, "exchange/feed_add.html", shown | {"glimpse": glimpse})


@require_POST
@needs(Power.IMPORT)
def run_now(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Let the worker read it next."""
    feeds.ask_for_run(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "It is read within a minute.")
    return redirect("exchange:feed", ref=ref)


@require_POST
@needs(Power.IMPORT)
def pause(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Leave it alone for a while."""
    form = PauseFeed(request.POST)
    why = form.cleaned_data["why"] if form.is_valid() else ""
    feeds.pause_feed(actor=request.actor, ref=ref, why=why, now=timezone.now())
    messages.success(request, "Paused. What it brought stays as it is.")
    return redirect("exchange:feed", ref=ref)


@require_POST
@needs(Power.IMPORT)
def resume(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Read it again."""
    feeds.resume_feed(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "Resumed; it is read within a minute.")
    return redirect("exchange:feed", ref=ref)


@require_POST
@needs(Power.APPROVE)
def accept(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Take what was held back."""
    feeds.accept_fall(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "It is taken as it is with the next run, within a minute.")
    return redirect("exchange:feed", ref=ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def remove(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Read it no more, once somebody has seen what that means."""
    feed = asked.feed_for(request.actor, ref)
    if request.method != "POST":
        here = asked.count_here(feed)
        return render(request, "exchange/feed_remove.html", {"feed": feed, "here": here})
    feeds.close_feed(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, f"{feed.name} is removed; what it brought stays.")
    return redirect("exchange:feeds")


def _object_of(entry: FeedEntry) -> str:
    """The object of an entry; that of an event is its report."""
    return entry.ref if "--" in entry.ref else f"report--{entry.ref}"


def _form(request: ActorRequest, initial: dict[str, Any], own: Feed | None = None) -> FeedForm:
    return FeedForm(request.POST or None, initial=initial, parties=queries.partners(request.actor), own=own)


def _tried(request: ActorRequest, form: FeedForm) -> Glimpse:
    return feeds.try_feed(actor=request.actor, wish=form.wish(), now=timezone.now())


def _may(request: ActorRequest) -> dict[str, bool]:
    return {
        "may_run": request.actor.may(Power.IMPORT).allowed,
        "may_decide": request.actor.may(Power.APPROVE).allowed,
    }
