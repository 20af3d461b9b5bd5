"""The composer of shares, and what a partner sees of us."""

from __future__ import annotations

import re

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comity.base.verdict import Answer, Refused
from comity.engines.release.difference import Change, Shift
from comity.engines.release.judge import Release
from comity.formats.stix import ID
from comity.node.acts.kinds import Judgement, kind_named
from comity.node.exchange import forms, queries, searching
from comity.node.exchange.foreseeing import foresee_for
from comity.node.exchange.kinds import MOST_SHARED, NAME
from comity.node.exchange.models import StixObject
from comity.node.exchange.narrowing import Narrow
from comity.node.exchange.services import sharing
from comity.node.exchange.sights import sight_for
from comity.node.instruments.plans import planned
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.errors import wants_fragment

ROWS = 50
MOST_TICKED = 1_000  # objects on one page of the composer; more go by the API or by parts
FOUND_ROWS = 30
_PART = re.compile("[1-9][0-9]{0,2}")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.COMPOSE)
def share(request: ActorRequest) -> HttpResponse:
    """Choose objects and partners, see what leaves and what stays, then send."""
    kind_named(NAME).may_compose(request.actor).require()
    step = request.POST.get("step", "")
    form = forms.Share(
        request.POST if step in ("judge", "send") else None,
        initial={"partners": request.GET.getlist("partner"), **_typed(request)},
        partners=queries.receivers(request.actor),
    )
    if step == "judge":
        form.fields["title"].required = False  # the judgement does not wait for words
    ticked = _ticked(request)
    if step in ("judge", "send") and form.is_valid() and ticked:
        return _judged(request, form, ticked, send=step == "send")
    wrong = step in ("judge", "send")
    return _composer(request, form, ticked, (), status=422 if wrong else 200)


def _judged(
    request: ActorRequest, form: forms.Share, ticked: list[StixObject], *, send: bool
) -> HttpResponse:
    now = timezone.now()
    wish, partners = form.wish(tuple(row.ref for row in ticked)), list(form.cleaned_data["partners"])
    if send:
        try:
            acts = sharing.share(actor=request.actor, wish=wish, partners=partners, now=now)
        except Refused:  # the judgement on the page says why
            pass
        else:
            return redirect("acts:detail", ref=acts[0].ref) if len(acts) == 1 else redirect("acts:list")
    judged = [(party, sharing.preview(request.actor, wish, party, now)) for party in partners]
    return _composer(request, form, ticked, judged, status=422 if send else 200)


def _composer(
    request: ActorRequest,
    form: forms.Share,
    ticked: list[StixObject],
    judged: list[tuple[Party, Judgement]] | tuple[()],
    *,
    status: int,
) -> HttpResponse:
    words = request.POST.get("find", "").strip()[:200]
    taken = {row.ref for row in ticked}
    rows = searching.listed(request.actor, Narrow(words=words))[: FOUND_ROWS + len(taken)] if words else ()
    shown = {
        "form": form,
        "ticked": ticked,
        "find": words,
        "found": [row for row in rows if row.ref not in taken][:FOUND_ROWS],
        "brought": request.GET.get("brought", "") if len(ticked) == MOST_TICKED else "",
        "next_part": _part(request.GET.get("part", "")) + 1,
        "judged": judged,
        "asked": status != 200 or bool(judged),  # noqa: PLR2004  as HTTP says it
    }
    if wants_fragment(request):
        return render(request, "exchange/parts/judged.html", shown | {"as_part": True})
    return render(request, "exchange/share.html", shown, status=status)


def _ticked(request: ActorRequest) -> list[StixObject]:
    """The objects chosen on this page or on the one before, or all that one import brought."""
    asked = request.POST if request.method == "POST" else request.GET
    refs = [ref for ref in asked.getlist("object") if ID.fullmatch(ref)][: min(MOST_TICKED, MOST_SHARED)]
    rows = queries.objects_for(request.actor).select_related("handling").defer("words")
    if asked.get("brought"):
        return _brought(request, asked["brought"], _part(asked.get("part", "")))
    found = {row.ref: row for chunk in queries.chunks(refs) for row in rows.filter(ref__in=chunk)}
    return [found[ref] for ref in dict.fromkeys(refs) if ref in found]


def _brought(request: ActorRequest, number: str, part: int) -> list[StixObject]:
    """What one import brought, so many at a time."""
    start, end = (part - 1) * MOST_TICKED, part * MOST_TICKED
    return list(searching.listed(request.actor, Narrow(brought=number), end)[start:end])


def _part(text: str) -> int:
    return int(text) if _PART.fullmatch(text) else 1


def _typed(request: ActorRequest) -> dict[str, object]:
    """What was typed already, when the person only looks for more objects."""
    typed: dict[str, object] = {
        name: request.POST[name] for name in ("purpose", "title", "message") if name in request.POST
    }
    return typed | ({"partners": request.POST.getlist("partners")} if "partners" in request.POST else {})


@require_safe
@needs(Power.READ_CONTENT)
def sights(request: ActorRequest) -> HttpResponse:
    """The partners through whose eyes one can look."""
    return render(request, "exchange/sights.html", {"partners": queries.partners(request.actor)})


@require_safe
@needs(Power.READ_CONTENT)
def see(request: ActorRequest, ref: str) -> HttpResponse:
    """What one partner would see, and why not the rest."""
    partner = queries.party_named(request.actor, ref)
    look = forms.Look(request.GET)
    seen = sight_for(request.actor, partner, purpose=look.chosen(), now=timezone.now())
    show, rule = request.GET.get("show", ""), request.GET.get("rule", "")
    classes = {
        "whole": lambda: seen.whole,
        "reduced": lambda: seen.reduced,
        "closed": lambda: seen.closed(rule),
        "refused": lambda: seen.closed(rule, Answer.NO),
        "undecided": lambda: seen.closed(rule, Answer.UNKNOWN),
    }.get(show, lambda: list(seen.releases))()
    rows = seen.listed(classes).select_related("source").defer("wire", "words")
    pages = Paginator(rows, ROWS)
    pages.count = seen.count(classes)
    page = pages.get_page(request.GET.get("page"))
    judged: list[tuple[StixObject, Release]] = [
        (row, seen.releases[row.handling_id]) for row in page.object_list
    ]
    shown = {"partner": partner, "look": look, "purpose": look.chosen(), "picture": seen.picture}
    return render(
        request, "exchange/see.html", shown | {"page": page, "judged": judged, "show": show, "rule": rule}
    )


@require_safe
@needs(Power.READ_CONTENT)
def see_if(request: ActorRequest, ref: str) -> HttpResponse:
    """What a step about an agreement would change in what the partner sees; without one, what it sees now."""
    partner = queries.party_named(request.actor, ref)
    if not request.GET.keys() & {"agreement", "terms"}:
        return redirect("exchange:see", ref=ref)
    now = timezone.now()
    plan = planned(request.actor, partner, request.GET.dict(), now.date())
    look = forms.Look(request.GET)
    foreseen = foresee_for(request.actor, plan, now, look.chosen() if request.GET.get("purpose") else None)
    compared = foreseen.comparison
    show = next((each for each in Change if each.value == request.GET.get("show")), None)
    classes = compared.classes(show) if show else compared.changed
    rows = compared.before.listed(classes).select_related("source").defer("wire", "words")
    pages = Paginator(rows, ROWS)
    pages.count = compared.before.count(classes)
    page = pages.get_page(request.GET.get("page"))
    shifts: list[tuple[StixObject, Shift]] = [
        (row, compared.shift(row.handling_id)) for row in page.object_list
    ]
    shown = {
        "partner": partner,
        "plan": plan,
        "purpose": foreseen.purpose,
        "look": forms.Look(initial={"purpose": foreseen.purpose.value}),
        "lines": foreseen.lines,
        "told": compared.difference,
        "show": show,
        "page": page,
        "shifts": shifts,
    }
    return render(request, "exchange/see_if.html", shown)
