"""What was seen of an object, what is wrong with it, its score, and telling whoever gave it."""

from __future__ import annotations

from functools import reduce
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import Malformed
from comity.engines.contradictions.rules import RULE_NAMED
from comity.engines.scoring.score import Score
from comity.formats.stix import is_observable
from comity.node.exchange import contradicted, forms, queries, telling
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Contradiction, StixObject
from comity.node.exchange.scores import Seen, in_force, score_of, seen_by
from comity.node.exchange.scoring_page import drawn
from comity.node.exchange.services import reporting
from comity.node.exchange.services import telling as services
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page

ROWS = 50


def remarks_shown(request: ActorRequest, row: StixObject) -> dict[str, Any]:
    """What the section of an object's page shows: `exchange/parts/remarks.html`."""
    giver = telling.giver_of(row)
    score: Score | None = score_of([row], timezone.now()).get(row.pk)
    rules = telling.told_by_rule(row.holder, [giver] if giver else [])
    by_body = seen_by(request.actor, row.ref)
    remarks = telling.remarks_on(request.actor, row)
    return {
        "score": score,
        "seen": reduce(Seen.joined, (seen for _, seen in by_body), Seen()),
        "by_body": by_body,
        "remarks": remarks,
        "contradictions": contradicted.compare([row], timezone.now()),
        "giver": giver,
        "renewable": row.source_id == row.holder_id and row.modified and not of_class(row.handling).revoked,
        "told_at_once": telling.at_once(row, rules),
        "untold": giver is not None and any(each.ours and not each.told for each in remarks),
        "doubts": row.source_id == row.holder_id and any(each.doubting for each in remarks),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT)
def report(request: ActorRequest, ref: str) -> HttpResponse:
    """Record a sighting, a false positive or an end of one object."""
    row = queries.object_for(request.actor, ref)
    giver = telling.giver_of(row)
    form = forms.Report(request.POST or None, sightable=not is_observable(ref))
    done = _recorded(request, ref, form) if form.is_valid() else None
    if done is None:
        told_by_itself = telling.at_once(row, telling.told_by_rule(row.holder, [giver] if giver else []))
        shown = {"form": form, "row": row, "giver": giver, "told_at_once": told_by_itself}
        return form_page(request, "exchange/report.html", shown)
    messages.success(request, "Recorded, as our own work.")
    for each in done.told:
        told = f"It is shared with {each.party.name}." if each.act else f"{each.party.name}: {each.reason}"
        messages.info(request, told)
    return redirect("exchange:object", ref=ref)


def _recorded(request: ActorRequest, ref: str, form: forms.Report) -> reporting.Recorded | None:
    """The record, or None with the reason in the form."""
    try:
        return reporting.record_reports(
            actor=request.actor, reports=[(ref, form.report())], now=timezone.now()
        )
    except Malformed as error:
        form.add_error(None, error.message)
        return None


@require_POST
@needs(Power.COMPOSE)
def tell(request: ActorRequest, ref: str) -> HttpResponse:
    """Share what we report of an object with whoever gave it."""
    act = services.tell(actor=request.actor, ref=ref, now=timezone.now())
    return redirect("acts:detail", ref=act.ref)


@require_POST
@needs(Power.IMPORT)
def look_at(request: ActorRequest, ref: str) -> HttpResponse:
    """Put aside what others call a false positive of ours."""
    services.look_at(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "Put aside; what was said stays on this page and in the score.")
    return redirect("exchange:object", ref=ref)


@require_safe
@needs(Power.READ_CONTENT)
def doubts(request: ActorRequest) -> HttpResponse:
    """The objects of ours that others call false positives, and that nobody has looked at."""
    found = list(telling.doubts_of_ours(request.actor).order_by("-at", "-pk")[: telling.MOST_SHOWN])
    titles = queries.titles_held(queries.own_body(request.actor), {each.ref for each in found})
    rows = [(each, titles.get(each.ref, each.ref)) for each in found]
    return render(request, "exchange/doubts.html", {"rows": rows})


@require_safe
@needs(Power.READ_CONTENT)
def contradictions(request: ActorRequest) -> HttpResponse:
    """What was found to contradict itself, with both sides."""
    page = Paginator(contradicted.found_for(request.actor), ROWS).get_page(request.GET.get("page"))
    found = [(row, RULE_NAMED[row.rule], _sides(row)) for row in page.object_list]
    return render(request, "exchange/contradictions.html", {"page": page, "found": found})


def _sides(row: Contradiction) -> list[tuple[str, StixObject]]:
    return [(contradicted.who_gave(each), each) for each in (row.one, row.other)]


@require_safe
@needs(Power.READ_PARTIES)
def rules(request: ActorRequest) -> HttpResponse:
    """Which givers are told by themselves."""
    standing = {rule.party_id: rule for rule in telling.rules_of(request.actor)}
    giving = queries.receivers(request.actor)
    partners = [(party, standing.get(party.pk)) for party in giving.order_by("name", "pk")]
    shown = {"partners": partners, "may_decide": request.actor.may(Power.APPROVE).allowed}
    return render(request, "exchange/telling.html", shown)


@require_POST
@needs(Power.APPROVE)
def rule(request: ActorRequest, ref: str) -> HttpResponse:
    """Begin or end the rule for one partner."""
    partner = queries.party_named(request.actor, ref)
    service = services.begin_rule if request.POST.get("step") == "begin" else services.end_rule
    service(actor=request.actor, party=partner, now=timezone.now())
    messages.success(request, "That is recorded, and counts from now on.")
    return redirect("exchange:telling")


@require_safe
@needs(Power.READ_PARTIES)
def formula(request: ActorRequest) -> HttpResponse:
    """How scores come about: the formula, its parameters, and how one falls."""
    model = in_force(timezone.now())
    return render(request, "exchange/score.html", {"model": model, "curves": drawn(model)})
