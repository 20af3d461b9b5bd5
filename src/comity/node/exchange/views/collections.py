"""Collections: what they hold, who reads them, what each party would see, and opening, changing, closing."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comity.base.errors import Malformed
from comity.base.verdict import Answer
from comity.engines.release.judge import Release
from comity.engines.release.terms import Purpose
from comity.node.exchange import collecting, gathering, queries
from comity.node.exchange.glancing import glances
from comity.node.exchange.models import Collection, StixObject
from comity.node.exchange.search_form import DEVICE_FORMS
from comity.node.exchange.services import collections
from comity.node.exchange.taxii.callers import root_of
from comity.node.exchange.taxii.chosen import OWN, Query, read_query
from comity.node.instruments.wording import PURPOSES
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.errors import wants_fragment
from comity.node.site.forms import form_page

ROWS = 50
SAMPLE = 10  # objects that are shown of what a query would hold


@require_safe
@needs(Power.READ_PARTIES)
def listing(request: ActorRequest) -> HttpResponse:
    """The open collections, who read each last, and for those who read content what it holds now."""
    page = Paginator(queries.collections_of(request.actor), ROWS).get_page(request.GET.get("page"))
    may_read = request.actor.may(Power.READ_CONTENT).allowed
    rows = [(each, _address(each.row)) for each in glances(list(page.object_list), counted=may_read)]
    may_open = request.actor.may(Power.APPROVE).allowed
    shown = {"page": page, "rows": rows, "may_read": may_read, "may_open": may_open}
    return render(request, "exchange/collections.html", shown)


@require_safe
@needs(Power.READ_CONTENT)
def detail(request: ActorRequest, ref: UUID) -> HttpResponse:
    """One collection: its choice in words, its objects by type, its readers, and each party's share of it."""
    row = gathering.collection_for(request.actor, ref)
    held = gathering.held_by(request.actor, read_query(row.query))
    shown = {
        "row": row,
        "facts": _facts(row),
        "addresses": _addresses(row),
        "held": held,
        "shares": gathering.shares_of(request.actor, held, Purpose(row.purpose), timezone.now()),
        "readings": gathering.readings_of(row),
        "pages_read": gathering.PAGES_READ,
        "hooks": gathering.webhooks_for(request.actor).filter(collection=row),
        "may_change": request.actor.may(Power.APPROVE).allowed,
    }
    return render(request, "exchange/collection.html", shown)


@require_safe
@needs(Power.READ_CONTENT)
def seen(request: ActorRequest, ref: UUID, party: str) -> HttpResponse:
    """What one party would see of a collection, and why not the rest."""
    row = gathering.collection_for(request.actor, ref)
    partner = queries.party_named(request.actor, party)
    found = gathering.seen_by(request.actor, row, partner, timezone.now())
    show, rule = request.GET.get("show", ""), request.GET.get("rule", "")
    classes = {
        "given": lambda: found.given,
        "by-acts": lambda: found.by_acts,
        "closed": lambda: found.sight.closed(rule),
        "refused": lambda: found.sight.closed(rule, Answer.NO),
        "undecided": lambda: found.sight.closed(rule, Answer.UNKNOWN),
    }.get(show, lambda: list(found.sight.releases))()
    rows = found.among(classes).select_related("source").defer("wire", "words")
    pages = Paginator(rows, ROWS)
    pages.count = found.count(classes)  # known already, and slow to count again
    page = pages.get_page(request.GET.get("page"))
    judged: list[tuple[StixObject, Release]] = [
        (each, found.sight.releases[each.handling_id]) for each in page.object_list
    ]
    shown = {
        "row": row,
        "partner": partner,
        "picture": found.sight.picture,
        "given": found.count(found.given),
        "by_acts": found.count(found.by_acts),
        "page": page,
        "judged": judged,
        "show": show,
        "rule": rule,
    }
    return render(request, "exchange/collection_seen.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def begin(request: ActorRequest) -> HttpResponse:
    """Open a collection; what it would hold stands beside the form."""
    form = collecting.Collecting(request.POST or None, **_choices(request))
    if _only_looks(request) or not form.is_valid():
        return _form(request, "exchange/collection_new.html", form)
    made = collections.open_collection(actor=request.actor, wish=form.wish(), ref=uuid4(), now=timezone.now())
    messages.success(request, f"“{made.title}” is open. Each party sees of it what release lets it see.")
    return redirect("exchange:collection", ref=made.ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def change(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Make a collection another; whoever gives all of it anew says so."""
    row = gathering.collection_for(request.actor, ref)
    form = collecting.Changing(request.POST or None, collection=row, **_choices(request))
    if _only_looks(request) or not form.is_valid():
        return _form(request, "exchange/collection_change.html", form, row)
    collections.change_collection(actor=request.actor, ref=ref, wish=form.wish(), now=timezone.now())
    messages.success(request, "Changed; that is recorded.")
    return redirect("exchange:collection", ref=ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def close(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Let nobody read it any more, after asking once."""
    row = gathering.collection_for(request.actor, ref)
    if request.method == "POST":
        collections.close_collection(actor=request.actor, ref=ref, now=timezone.now())
        messages.success(request, f"“{row.title}” is closed: nobody reads it any more.")
        return redirect("exchange:collections")
    hooks = gathering.webhooks_for(request.actor).filter(collection=row).count()
    return render(request, "exchange/collection_close.html", {"row": row, "hooks": hooks})


def _only_looks(request: ActorRequest) -> bool:
    """Whether the person wants to see what the query would hold, before anything is opened."""
    return request.POST.get("step") == "look"


def _form(
    request: ActorRequest, template: str, form: collecting.Collecting, row: Collection | None = None
) -> HttpResponse:
    shown = {"form": form, "row": row, **_preview(request, form)}
    if wants_fragment(request):
        return render(request, "exchange/parts/collected.html", shown | {"as_part": True})
    if _only_looks(request) or not form.is_bound:
        return render(request, template, shown)
    return form_page(request, template, shown)


def _preview(request: ActorRequest, form: collecting.Collecting) -> dict[str, object]:
    """What the query would hold now, in numbers and by its newest objects."""
    query, purpose = _typed(form)
    if query is None:
        return {"held": None}
    held = gathering.held_by(request.actor, query)
    newest = gathering.chosen(queries.own_body(request.actor), query).order_by("-added")
    return {
        "held": held,
        "sample": newest.defer("wire", "words")[:SAMPLE],
        "shares": gathering.shares_of(request.actor, held, purpose, timezone.now()),
    }


def _typed(form: collecting.Collecting) -> tuple[Query | None, Purpose]:
    """The query as far as it was typed; None where it is none."""
    default = Purpose.NETWORK_DEFENCE
    if not form.is_bound:
        initial = form.initial
        known = form.collection if isinstance(form, collecting.Changing) else None
        return (read_query(known.query), Purpose(initial["purpose"])) if known else (Query(), default)
    form.is_valid()
    try:
        return form.query(), Purpose(form.cleaned_data.get("purpose", default.value))
    except Malformed:
        return None, default


def _choices(request: ActorRequest) -> dict[str, Any]:
    parties = queries.partners(request.actor) | queries.givers(request.actor).filter(ours=False)
    return {
        "types": queries.types_held(request.actor),
        "parties": Party.objects.filter(pk__in=parties.order_by().values("pk")),
    }


def _facts(row: Collection) -> list[tuple[str, object]]:
    query = read_query(row.query)
    names = dict(Party.objects.filter(ref__in=query.sources).values_list("ref", "name")) | {
        OWN: "our own work"
    }
    return [
        ("Address", _address(row)),
        ("Alias", row.alias),
        ("Purpose", PURPOSES[Purpose(row.purpose)].capitalize()),
        ("Types", ", ".join(query.types) or "all"),
        ("Labels", ", ".join(query.labels) or "any"),
        ("Sectors", ", ".join(query.sectors) or "any"),
        ("Given by", ", ".join(names.get(each, each) for each in query.sources) or "anybody"),
        ("Up to", (query.up_to and f"TLP:{query.up_to.upper()}") or "any marking"),
        ("Posting", "those who read it may post to it" if row.may_post else "nobody posts to it"),
        ("Opened", row.made_at),
        ("Opened by", row.made_by),
        ("Given anew since", row.since),
    ]


def _addresses(row: Collection) -> list[tuple[str, str]]:
    """Where a party's programs read it: what stands there, in words, and the address."""
    body = row.holder.ref.partition("--")[2]
    feed = reverse("exchange:misp-file", args=[body, row.ref, "manifest.json"]).removesuffix("manifest.json")
    lists = [
        (words, reverse("exchange:list-file", args=[body, row.ref, form]))
        for form, words in DEVICE_FORMS.items()
    ]
    here = [("Feed of MISP", feed), *lists]
    return [
        ("TAXII 2.1", _address(row)),
        *((words, f"{settings.CONFIG.address}{path.lstrip('/')}") for words, path in here),
    ]


def _address(row: Collection) -> str:
    return f"{root_of(row.holder)}collections/{row.ref}/"
