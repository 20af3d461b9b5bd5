"""The little picture of a feed's last runs, and how it does in one word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from comity.node.exchange.models import Feed, FeedRun, Outcome
from comity.node.site.templatetags.comity import NOTHING, state_badge

register = template.Library()
_WIDE, _HIGH, _LEAST = 6, 24, 4  # of one run, of the picture, of the smallest bar
_BLANK = 2  # between two


@register.simple_tag
def run_trend(runs: Sequence[FeedRun]) -> SafeString:
    """One bar for each run, the oldest first, as high as it had entries; its words are read aloud."""
    if not runs:
        return NOTHING
    shown = list(reversed(runs))
    highest = max((run.entries for run in shown), default=0) or 1
    bars = format_html_join("", '<rect class="trend-{}" x="{}" y="{}" width="{}" height="{}"></rect>', (
        (run.outcome, n * _WIDE, _HIGH - high, _WIDE - _BLANK, high)
        for n, run in enumerate(shown)
        for high in (_LEAST + (_HIGH - _LEAST) * run.entries // highest,)
    ))  # fmt: skip  # one picture
    return format_html(
        '<svg class="trend" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}</svg>',
        _in_words(shown), len(shown) * _WIDE, _HIGH, len(shown) * _WIDE, _HIGH, bars,
    )  # fmt: skip  # one picture


@register.simple_tag
def feed_state(feed: Feed, runs: Sequence[FeedRun]) -> SafeString:
    """How a feed does, by its last runs, the newest first."""
    last = runs[0] if runs else None
    if feed.paused_at is not None:
        return state_badge("paused", "Paused")
    if last is None or (last.outcome == Outcome.BEGUN and feed.attempted_at is None):
        return state_badge("waiting", "Not read yet")
    if feed.failures:
        return state_badge("failed", "Fails")
    if last.outcome == Outcome.HELD:
        return state_badge("held", "Held back")
    return state_badge("ok", "Reads well")


def _in_words(runs: Sequence[FeedRun]) -> str:
    counts = Counter(Outcome(run.outcome).label.partition(":")[0].lower() for run in runs)
    told = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"The last {len(runs)} runs: {told}" if len(runs) > 1 else f"One run: {told}"
