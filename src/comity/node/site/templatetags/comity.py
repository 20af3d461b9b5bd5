"""The components of every page as template tags; `/style` shows each with the words that call it.

They are builtins of the templates: no page has to load them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.template import Context, Node, NodeList
from django.template.base import Parser, Token
from django.utils import dateformat
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from comity.base.tlp import Tlp
from comity.base.verdict import Answer, Verdict
from comity.node.site.context import Frame
from comity.node.site.icons import icon as icon_svg
from comity.node.site.states import STEP_ICONS, Step, StepState, look_of

register = template.Library()

_ANSWERS = {
    Answer.YES: ("Yes", "allowed", "check"),
    Answer.NO: ("No", "refused", "cross"),
    Answer.UNKNOWN: ("Not known", "a fact is missing, so the door stays closed", "question"),
}
NOTHING = mark_safe('<span class="nothing">none</span>')
UNLABELLED = mark_safe('<span class="nothing">no label</span>')
# No-break spaces: a narrow column breaks between the day and the hour, and nowhere else.
_DAY = "j\xa0M\xa0Y"
_MINUTE = "H:i"
_PAGES_EACH_SIDE = 2
_PAGES_AT_ENDS = 1


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture of the interface; the word beside it carries the meaning."""
    return icon_svg(name)


@register.simple_tag
def tlp(value: Tlp | str | None) -> SafeString:
    """A TLP label in FIRST's colours and in its original letters, which no language translates."""
    if not value:
        return UNLABELLED
    label = value if isinstance(value, Tlp) else Tlp(value.lower().removeprefix("tlp:"))
    css = label.value.replace("+", "-")
    return format_html('<span class="tlp tlp-{}" translate="no" dir="ltr">{}</span>', css, label.label)


@register.simple_tag
def state_badge(state: Enum | str, words: str = "") -> SafeString:
    """A state as picture and word; `words` says it in other words than its name."""
    name = str(state.value if isinstance(state, Enum) else state)
    look = look_of(name)
    text = words or name.replace("-", " ").capitalize()
    return format_html('<span class="badge badge-{}">{}{}</span>', look.tone.value, icon_svg(look.icon), text)


@register.inclusion_tag("site/components/verdict.html")
def verdict(judged: Verdict | Mapping[str, Any], question: str = "") -> dict[str, Any]:
    """The panel of a judgement: the answer, then every ground with its rule and source."""
    known = judged if isinstance(judged, Verdict) else Verdict.from_json(judged)
    word, meaning, picture = _ANSWERS[known.answer]
    grounds = known.grounds
    shown = {"answer": known.answer.value, "word": word, "meaning": meaning, "icon": picture}
    return shown | {"grounds": grounds, "question": question}


@register.simple_tag(takes_context=True)
def time(context: Context, value: datetime | None) -> SafeString:
    """A time in UTC, with the reader's own zone beside it when one is chosen."""
    if value is None:
        return NOTHING
    utc = value.astimezone(UTC)
    frame = context.get("frame")
    local = _in_zone(utc, frame.preferences.zone) if isinstance(frame, Frame) else utc
    stamp = utc.isoformat().replace("+00:00", "Z")
    beside: SafeString | str = ""
    if local.utcoffset() != utc.utcoffset():
        shown = dateformat.format(local, _MINUTE if local.date() == utc.date() else f"j\xa0M {_MINUTE}")
        beside = format_html(' <span class="time-local" dir="auto">{}\xa0{}</span>', shown, local.tzname())
    return format_html(
        '<time datetime="{}" title="{}"><span class="time-utc" dir="auto">{}, {}\xa0UTC</span>{}</time>',
        stamp,
        stamp,
        dateformat.format(utc, _DAY),
        dateformat.format(utc, _MINUTE),
        beside,
    )


def _in_zone(utc: datetime, zone: tzinfo) -> datetime:
    """The time in a zone; in UTC at the very ends of time, where other zones would need another year."""
    try:
        return utc.astimezone(zone)
    except OverflowError:
        return utc


@register.inclusion_tag("site/components/timeline.html", takes_context=True)
def timeline(context: Context, steps: Iterable[Step]) -> dict[str, Any]:
    """What happened, what happens now, what is waited for, as an ordered list of `Step`s."""
    shown = [(step, STEP_ICONS[step.state], step.state is StepState.CURRENT) for step in steps]
    return {"steps": shown, "frame": context.get("frame")}


@register.inclusion_tag("site/components/page_links.html", takes_context=True)
def page_links(context: Context, page: Page[Any], name: str = "page") -> dict[str, Any]:
    """Links to the other pages of a list, keeping the rest of the query."""
    numbers = page.paginator.get_elided_page_range(
        page.number, on_each_side=_PAGES_EACH_SIDE, on_ends=_PAGES_AT_ENDS
    )
    query = context["request"].GET.copy()

    def link(number: int | str) -> str:
        query[name] = str(number)
        return f"?{query.urlencode()}"

    links = [(number, link(number) if isinstance(number, int) else "") for number in numbers]
    newer = link(page.previous_page_number()) if page.has_previous() else ""
    older = link(page.next_page_number()) if page.has_next() else ""
    more = getattr(page.paginator, "more", False)
    return {"page": page, "links": links, "before": newer, "after": older, "more": more}


@register.inclusion_tag("site/components/empty.html")
def empty(title: str, what_to_do: str = "", url: str = "", label: str = "") -> dict[str, Any]:
    """What stands where a list would be, and what the reader can do about it."""
    return {"title": title, "what_to_do": what_to_do, "url": url, "label": label}


@register.inclusion_tag("site/components/fingerprint.html")
def fingerprint(words: str | Iterable[str]) -> dict[str, Any]:
    """A key's fingerprint as numbered words, to be read aloud over another channel."""
    return {"words": words.split() if isinstance(words, str) else list(words)}


@register.inclusion_tag("site/components/definition_list.html", takes_context=True)
def definition_list(context: Context, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Terms and what they are for this thing; a time among them is shown as times are."""
    shown = [(term, value, isinstance(value, datetime)) for term, value in pairs]
    return {"pairs": shown, "frame": context.get("frame")}


@register.simple_tag
def bytes_short(value: bytes | str | None) -> SafeString:
    """A digest or another long value on one line; one click selects the whole of it."""
    if not value:
        return NOTHING
    text = value.hex() if isinstance(value, bytes) else value
    return format_html('<code class="digest" dir="ltr" title="{}" tabindex="0">{}</code>', text, text)


@register.inclusion_tag("site/components/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Every field of a form with its label, hint and errors, and before them a summary of the errors."""
    return {"form": form}


@register.inclusion_tag("site/components/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """The summary of a form's errors, each a link to its field."""
    return {"form": form}


@register.inclusion_tag("site/components/form_field.html")
def form_field(field: BoundField, hint: str = "") -> dict[str, Any]:
    """One field with its label, errors and hint; `hint` says it in other words than the form does."""
    return {"field": field, "hint": hint or field.help_text}


class _Captured(Node):
    """Keeps what stands between the tags under a name, so that a block can be shown twice."""

    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> SafeString:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308  already rendered
        return SafeString()


@register.tag
def capture(parser: Parser, token: Token) -> _Captured:
    """`{% capture name %}…{% endcapture %}`."""
    _, name = token.split_contents()
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return _Captured(nodelist, name)
