"""Pages about the log: for who must be able to trust it, with or without seeing content."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comity.node.accountability import following, queries, readers, services
from comity.node.accountability.forms import DecisionForm, LogFilter, OpeningForm
from comity.node.accountability.models import AlarmDecision
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

_BAD_INPUT = 400
_TEXT = "text/plain; charset=utf-8"


@needs(Power.READ_LOG)
@require_safe
def log(request: ActorRequest) -> HttpResponse:
    """The log, newest entries first, with its state and how to verify it."""
    form = LogFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    page = readers.log_page(request.actor, **chosen)
    return render(
        request,
        "accountability/log.html",
        {
            "form": form,
            "page": page,
            "state": readers.log_state(),
            "older": _page(chosen, page.older),
            "newer": _page(chosen, page.newer),
        },
    )


@needs(Power.READ_LOG)
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: ActorRequest, index: int) -> HttpResponse:
    """One entry with its proof, and what it says where the reader may see that."""
    form = OpeningForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.open_to(index, **form.cleaned_data, actor=request.actor, now=timezone.now())
        return redirect("accountability:entry", index)
    line, opening = readers.line_for(request.actor, index)
    shown = {
        "line": line,
        "opening": json.dumps(json.loads(opening.entry), indent=2, ensure_ascii=False) if opening else "",
        "proof": readers.proof_for(request.actor, index),
        "vkey": queries.log_key().encode(),
        "form": form if opening and request.actor.may(Power.APPROVE).allowed else None,
    }
    return render(request, "accountability/entry.html", shown, status=_status(form))


@needs(Power.READ_LOG)
@require_safe
def proof(request: ActorRequest, index: int) -> HttpResponse:
    """An entry's proof as a file in the format of C2SP tlog-proof."""
    content = readers.proof_for(request.actor, index).as_text()
    return HttpResponse(content, content_type=_TEXT, headers=_file(f"log-entry-{index}.tlog-proof"))


@needs(Power.READ_LOG)
@require_safe
def proof_json(request: ActorRequest, index: int) -> HttpResponse:
    """An entry's proof as a receipt carries it."""
    content = readers.proof_for(request.actor, index).as_json()
    return JsonResponse(content, headers=_file(f"log-entry-{index}.json"))


@needs(Power.READ_LOG)
@require_safe
def alarms(request: ActorRequest) -> HttpResponse:
    """Logs of others that contradicted themselves."""
    return render(request, "accountability/alarms.html", {"alarms": readers.alarms_for(request.actor)})


@needs(Power.READ_LOG)
@require_http_methods(["GET", "HEAD", "POST"])
def alarm(request: ActorRequest, key: int) -> HttpResponse:
    """Both checkpoints of an alarm, and the form by which a person decides."""
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        following.decide_alarm(
            actor=request.actor,
            alarm=key,
            decision=AlarmDecision(form.cleaned_data["decision"]),
            why=form.cleaned_data["why"],
            now=timezone.now(),
        )
        return redirect("accountability:alarm", key)
    shown = readers.alarm_for(request.actor, key)
    decides = shown.decided_at is None and request.actor.may(Power.MANAGE_PARTNERS).allowed
    both = (("Seen before", shown.seen, shown.seen_note), ("Offered", shown.offered, shown.offered_note))
    texts = [(title, each, b64encode(each.root).decode(), bytes(note).decode()) for title, each, note in both]
    context = {"alarm": shown, "checkpoints": texts, "form": form if decides else None}
    return render(request, "accountability/alarm.html", context, status=_status(form))


def _status(form: DecisionForm | OpeningForm) -> int:
    return _BAD_INPUT if form.is_bound and not form.is_valid() else 200


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _page(chosen: dict[str, object], before: int | None) -> str:
    """The query of the page before this index, with the same filter; empty for no page."""
    if before is None:
        return ""
    kept = {name: str(value) for name, value in chosen.items() if value and name != "before"}
    return "?" + urlencode({**kept, "before": before})
