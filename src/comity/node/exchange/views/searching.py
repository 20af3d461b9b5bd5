"""The list of objects, however it is narrowed, and the search of the node."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from comity.base.errors import Malformed
from comity.engines.patterns.query import understood
from comity.engines.release.terms import Purpose
from comity.node.acts.together import together
from comity.node.exchange import queries, searching
from comity.node.exchange.models import StixObject
from comity.node.exchange.narrowing import Narrow
from comity.node.exchange.scores import Seen, score_of, sightings_of
from comity.node.exchange.search_form import DEVICE_FORMS, Search, Take
from comity.node.exchange.seeing import seers
from comity.node.exchange.services import results
from comity.node.exchange.services.retention import SOON
from comity.node.exchange.views.objects import may
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.paging import Pages

ROWS = 50
UNSAID = 5  # of what a file does not say, those that are told


@require_safe
@needs(Power.READ_CONTENT)
@together()
def listing(request: ActorRequest) -> HttpResponse:
    """What the body holds, narrowed and sorted as the address says."""
    actor, now = request.actor, timezone.now()
    types = queries.types_held(actor)
    form = Search(request.GET, types=types, givers=_named(queries.givers(actor)))
    narrow = form.narrow(actor)
    narrowed = narrow != Narrow(order=narrow.order)
    plain = not narrowed and narrow.order in searching.WALKED
    keys = searching.all_keys(actor, narrow) if plain else searching.keys_found(actor, narrow, now=now)
    pages = Paginator(keys, ROWS) if plain else Pages(keys, ROWS, most=searching.FOUND, counted=len(keys))
    if plain:
        pages.count = sum(count for _, count in types)  # known already, and slow to count again
    page = pages.get_page(request.GET.get("page"))
    rows = searching.rows_of(page.object_list, without=("words",))  # scores follow from what they say
    soon = now.astimezone(UTC).date() + timedelta(days=SOON)
    shown = {
        "form": form,
        "page": page,
        "rows": _told(request, rows, now),
        "narrow": narrow,
        "narrowed": narrowed,
        "take": Take(partners=_named(queries.receivers(actor)) if may(request)["may_share"] else ()),
        "most_taken": results.MOST,
        "soon": soon,
        "exports": _exports() if types and not narrowed else (),
        "soon_count": searching.listed(actor, Narrow(until=soon)).count(),
    }
    return render(request, "exchange/objects.html", shown | may(request))


@require_POST
@needs(Power.READ_CONTENT)
def export(request: ActorRequest) -> HttpResponseBase:
    """What the list in the address shows, as a file: for ourselves, or for a partner."""
    actor = request.actor
    form = Search(request.GET, types=queries.types_held(actor), givers=_named(queries.givers(actor)))
    take = Take(request.POST, partners=_named(queries.receivers(actor)))
    if not take.is_valid():
        raise Malformed("export", "choose a form, for whom, and a purpose.")
    done = results.export_result(
        actor=actor,
        narrow=form.narrow(actor),
        form=take.cleaned_data["form"],
        partner=queries.receivers(actor).filter(ref=take.cleaned_data["partner"]).first(),
        purpose=Purpose(take.cleaned_data["purpose"]),
        now=timezone.now(),
    )
    if done.unmapped:
        messages.info(request, _unsaid(done.unmapped))
    if done.more:
        messages.info(request, "The list is longer than one file holds; narrow it for the rest.")
    answer = StreamingHttpResponse(done.content, content_type=done.media)
    answer.headers["Content-Length"] = str(done.content.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{done.file}"'
    return answer


@require_safe
@needs(Power.READ_ACTS)
def search(request: ActorRequest) -> HttpResponse:
    """Everything here that carries the words: objects and acts."""
    words = request.GET.get("q", "").strip()[:200]
    keys = searching.search_objects(request.actor, words).values_list("pk", flat=True) if words else ()
    rows = searching.rows_of(keys[: searching.SEARCH_ROWS], without=("words",))
    acts = searching.search_acts(request.actor, words)[: searching.SEARCH_ROWS] if words else ()
    told = _told(request, rows, timezone.now()) if rows else []
    shown = {"words": words, "value": understood(words), "rows": told, "acts": acts}
    return render(request, "exchange/search.html", shown)


def _told(request: ActorRequest, rows: list[StixObject], now: datetime) -> list[dict[str, object]]:
    """Each row with what others say of it, its score now, and how many partners may see it."""
    scores = score_of(rows, now)
    seen = sightings_of(request.actor, (row.ref for row in rows))
    classes = (row.handling_id for row in rows)
    who = seers(request.actor, classes, purpose=Purpose.NETWORK_DEFENCE, now=now)
    return [
        {
            "row": row,
            "seen": seen.get(row.ref, Seen()),
            "score": scores.get(row.pk),
            "seers": who.by_class[row.handling_id],
            "partners": who.partners,
        }
        for row in rows
    ]


def _named(parties: QuerySet[Party]) -> QuerySet[Party, tuple[str, str]]:
    return parties.values_list("ref", "name")


def _unsaid(unmapped: tuple[str, ...]) -> str:
    """What the file of events does not say: the first of it, and how much there is."""
    first = "; ".join(unmapped[:UNSAID])
    rest = f"; and {len(unmapped) - UNSAID} more" if len(unmapped) > UNSAID else ""
    return f"For this MISP has no place: {first}{rest}."


def _exports() -> list[tuple[str, str]]:
    return [
        (reverse("api:export_file", kwargs={"form": name}), words) for name, words in DEVICE_FORMS.items()
    ]
