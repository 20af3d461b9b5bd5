"""The list of objects, one object, imports, and the search of the node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import Malformed
from comity.formats.markings import TLP_OF_ID
from comity.node.acts.together import together
from comity.node.exchange import forms, queries, remotes, searching, stricter, tracing
from comity.node.exchange.comments import comments_on, may_be_taken_back
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Import
from comity.node.exchange.relations.around import Reach
from comity.node.exchange.seeing import seers
from comity.node.exchange.services import importing, marking
from comity.node.exchange.sights import who_may_see
from comity.node.exchange.validity import findings_of
from comity.node.exchange.versions import versions_for
from comity.node.exchange.views.erasing import tombstone
from comity.node.exchange.views.graph import graph_shown
from comity.node.exchange.views.remarks import remarks_shown
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page
from comity.node.site.templatetags.wording import spaced

MOST_POSTED = 50  # versions in collections of others
ROWS = 50
LONGEST_RAW = 16_384  # bytes of an object that stand on its page as JSON; all of it is a file beside it
LONGEST_PROPERTY = 2_000  # characters
PARTNERS = 10  # whose judgements stand on the page of the object; all are one link away
_PLAIN = (str, int, float, bool)
_FIRST = ("name", "value", "pattern", "description", "abstract", "content")
_LAST = ("created", "modified")
_ELSEWHERE = ("id", "type", "spec_version", "object_marking_refs")  # in the head or the provenance
_REFERENCE = re.compile("[a-z_]+_refs?")  # what it is joined with stands further down
_SERVICES = {"": importing.import_file, "stix": importing.import_bundle, "misp": importing.import_misp}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@require_safe
@needs(Power.READ_CONTENT)
@together()
def detail(request: ActorRequest, ref: str) -> HttpResponse:
    """One object: what it says, where it comes from, who may see it."""
    erased = queries.erasure_for(request.actor, ref)
    if erased is not None:
        return tombstone(request, erased, forms.Lift())
    row = queries.object_for(request.actor, ref)
    look = forms.Look(request.GET)
    value = queries.decoded(row).value
    now = timezone.now()
    partners = list(queries.partners(request.actor).order_by("name", "pk")[:PARTNERS])
    shown = {
        "row": row,
        "properties": _readable(value, row.title),
        "raw": json.dumps(value, indent=2, ensure_ascii=False) if len(row.wire) <= LONGEST_RAW else "",
        "handling": of_class(row.handling),
        "named": queries.titles_held(row.holder, [row.created_by_ref, *_markings(value)]),
        "findings": findings_of(queries.decoded(row)),
        "alike": searching.alike(request.actor, row, value),
        "versions": versions_for(request.actor, ref),
        "victim": queries.victims_for(request.actor).filter(ref=ref).first(),
        "posted": list(remotes.posted_of(request.actor, ref)[:MOST_POSTED]),
        "having": tracing.had_for(request.actor, ref),
        "recalled": tracing.recall_for(request.actor, ref),
        "stricter": stricter.version_of(request.actor, ref),
        "to_delete": tracing.to_delete(request.actor, ref).exists(),
        "comments": comments_on(request.actor, ref),
        "may_take_back": may_be_taken_back(row) and request.actor.may(Power.IMPORT).allowed,
        "look": look,
        "seen_by": who_may_see(row, partners, purpose=look.chosen(), now=now),
        "who": seers(request.actor, [row.handling_id], purpose=look.chosen(), now=now),
    }
    shown |= remarks_shown(request, row) | graph_shown(request, row, Reach.NEAR)
    return render(request, "exchange/object.html", shown | may(request))


@require_safe
@needs(Power.READ_CONTENT)
def as_file(request: ActorRequest, ref: str) -> HttpResponse:
    """The newest version in the very bytes in which it came."""
    row = queries.object_for(request.actor, ref)
    answer = HttpResponse(bytes(row.wire), content_type="application/stix+json;version=2.1")
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.ref}.json"'
    return answer


@require_POST
@needs(Power.IMPORT)
def mark_victim(request: ActorRequest, ref: str) -> HttpResponse:
    """Say that an identity is a victim."""
    victim = marking.mark_victim(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, f"{victim} is a victim from now on; everything that names it was judged anew.")
    return redirect("exchange:object", ref=ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT)
def bring(request: ActorRequest) -> HttpResponse:
    """Import a file."""
    form = forms.ImportFile(
        request.POST or None, request.FILES or None, parties=queries.partners(request.actor)
    )
    if not form.is_valid():
        return form_page(request, "exchange/import.html", {"form": form})
    try:
        row = _SERVICES[form.cleaned_data["form"]](
            actor=request.actor,
            file=form.cleaned_data["file"],
            source=form.chosen(queries.own_body(request.actor)),
            now=timezone.now(),
        )
    except Malformed as error:
        form.add_error("file", f"{error.message} Nothing was changed; choose a file again.")
        return form_page(request, "exchange/import.html", {"form": form})
    return redirect("exchange:imported", key=row.pk)


@require_safe
@needs(Power.READ_CONTENT)
def imports(request: ActorRequest) -> HttpResponse:
    """What came in otherwise than by acts, the newest first."""
    page = Paginator(queries.imports_for(request.actor), ROWS).get_page(request.GET.get("page"))
    rows = [(row, _counted(row, "refused")) for row in page.object_list]
    return render(request, "exchange/imports.html", {"page": page, "rows": rows} | may(request))


@require_safe
@needs(Power.READ_CONTENT)
def imported(request: ActorRequest, key: int) -> HttpResponse:
    """What became of the objects of a file."""
    row = queries.import_for(request.actor, key)
    shown = {"row": row, "report": row.report}
    shown |= {name: _counted(row, name) for name in ("refused", "faulty")}
    return render(request, "exchange/imported.html", shown | may(request))


def _counted(row: Import, name: str) -> int:
    """How many there are, beside those that the report lists."""
    return len(row.report[name]) + int(row.report["more"].get(name, 0))


def may(request: ActorRequest) -> dict[str, bool]:
    """What the reader may do with objects: whether the buttons are shown."""
    return {
        "may_import": request.actor.may(Power.IMPORT).allowed,
        "may_share": request.actor.may(Power.COMPOSE).allowed,
        "may_erase": request.actor.may(Power.APPROVE).allowed,
    }


def _readable(value: dict[str, Any], title: str) -> list[tuple[str, str | datetime]]:
    """The properties in words, what tells most first, without what the page says elsewhere."""
    names = sorted(value, key=lambda name: (_rank(name), name))
    shown = (name for name in names if not _REFERENCE.fullmatch(name) and name not in _ELSEWHERE)
    return [(capfirst(spaced(name)), _short(_text(value[name]))) for name in shown if value[name] != title]


def _short(told: str | datetime) -> str | datetime:
    """A property of a megabyte would make a page that no telephone opens."""
    if isinstance(told, datetime) or len(told) <= LONGEST_PROPERTY:
        return told
    return f"{told[:LONGEST_PROPERTY]}… ({len(told):,} characters; the file has all of it)"


def _markings(value: Mapping[str, Any]) -> list[str]:
    """The definitions that mark it, but for those of TLP, which stand as a label."""
    refs = value.get("object_marking_refs")
    return (
        [ref for ref in refs if isinstance(ref, str) and ref not in TLP_OF_ID]
        if isinstance(refs, list)
        else []
    )


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST) + (name in _LAST)


def _text(member: object) -> str | datetime:
    if isinstance(member, str) and _TIME.fullmatch(member):
        return _moment(member)
    if isinstance(member, list) and all(isinstance(part, _PLAIN) for part in member):
        return ", ".join(map(str, member))
    if isinstance(member, bool):
        return "yes" if member else "no"
    if isinstance(member, list) and all(isinstance(part, dict) for part in member):
        return "; ".join(_in_line(part) for part in member)
    return _in_line(member) if isinstance(member, dict) else str(member)


def _in_line(member: Mapping[str, object]) -> str:
    """The members of a member in one line; what is nested still deeper as JSON."""
    texts = (
        each if isinstance(each, _PLAIN) else json.dumps(each, ensure_ascii=False) for each in member.values()
    )
    return ", ".join(f"{name.replace('_', ' ')}: {text}" for name, text in zip(member, texts, strict=True))


def _moment(text: str) -> str | datetime:
    """The time, or the text itself where it names none that exists."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
