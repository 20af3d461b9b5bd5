"""The pages of acts: the desk, the list, one act, and what a second person decides about it."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from comity.base.errors import NotFound
from comity.node.acts import forms, queries, timeline
from comity.node.acts.kinds import kind_named, kinds
from comity.node.acts.models import Act, ActState
from comity.node.acts.services import approving, composing, erasing, noting
from comity.node.acts.templatetags.judgements import SHOWN
from comity.node.parties.access import ActorRequest, actor_of, needs, signed_in
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.context import Frame
from comity.node.site.paging import Pages
from comity.node.site.systems import Matter, systems

ROWS = 50


@require_safe
@signed_in("everybody has a first page: the first place that their powers open")
def first(request: HttpRequest) -> HttpResponse:
    """The desk, or for those who see no acts the first place of their navigation."""
    actor = actor_of(request)
    if actor is not None and actor.may(Power.READ_ACTS).allowed:
        return _desk(request, actor)
    places = Frame(request).main
    return redirect(places[0].url if places else "parties:me")


def _desk(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What awaits this person."""
    composable = [kind for kind in kinds() if kind.compose_view and kind.may_compose(actor).allowed]
    desk = queries.desk(actor)
    matters = [*_matters(desk), *(each for system in systems() for each in system.matters(request))]
    shown = {
        "desk": desk,
        "composable": composable,
        "awaiting": [each for each in matters if not each.wrong],
        "wrong": [each for each in matters if each.wrong],
    }
    return render(request, "acts/desk.html", shown)


def _matters(desk: queries.Desk) -> Iterator[Matter]:
    """What of the acts awaits this person, and what went wrong with them."""
    if desk.to_approve_count:
        count = desk.to_approve_count
        yield Matter(f"{count} act{pluralize(count)} to approve", "#to-approve")
    if desk.stopped_count:
        count = desk.stopped_count
        yield Matter(f"{count} act{pluralize(count)} refused or withheld", "#unsent", wrong=True)


@require_safe
@needs(Power.READ_ACTS)
def listing(request: ActorRequest) -> HttpResponse:
    """All acts of the body, newest first."""
    form = forms.Narrow(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = Pages(queries.listed(request.actor, **wanted), ROWS).get_page(request.GET.get("page"))
    titles = {kind.name: kind.title for kind in kinds()}
    rows = [(act, titles.get(act.kind, act.kind)) for act in page.object_list]
    return render(request, "acts/list.html", {"form": form, "page": page, "rows": rows})


@require_safe
@needs(Power.READ_ACTS)
def detail(request: ActorRequest, ref: str) -> HttpResponse:
    """One act: its path, its judgement, what it carries, its receipts."""
    return _page(request, queries.act_for(request.actor, ref), forms.Decide())


@require_GET
@needs(Power.READ_ACTS)
def wire(request: ActorRequest, ref: str) -> HttpResponse:
    """The act's signed bytes, as they travel."""
    act = queries.act_for(request.actor, ref)
    if act.wire is None:
        raise NotFound("signed act")
    return _file(bytes(act.wire), f"{act.ref}.json")


@require_GET
@needs(Power.READ_ACTS)
def receipt(request: ActorRequest, ref: str, number: int) -> HttpResponse:
    """A receipt's signed bytes, for `comity verify`."""
    act = queries.act_for(request.actor, ref)
    found = queries.receipt_of(act, number)
    return _file(bytes(found.wire), f"{found.ref}.json")


@require_POST
@needs(Power.APPROVE)
def approve(request: ActorRequest, ref: str) -> HttpResponse:
    """Let the act go."""
    words = "Approved. The act is signed, recorded and on its way."
    return _decided(request, ref, forms.Decide(request.POST), approving.approve, words)


@require_POST
@needs(Power.APPROVE)
def decline(request: ActorRequest, ref: str) -> HttpResponse:
    """Stop the act."""
    words = "Declined. Nothing left the node; the composer sees your reason."
    return _decided(request, ref, forms.Decline(request.POST), approving.decline, words)


@require_POST
@needs(Power.COMPOSE)
def withdraw(request: ActorRequest, ref: str) -> HttpResponse:
    """Take the act back."""
    act = composing.withdraw(actor=request.actor, ref=ref, now=timezone.now())
    messages.success(request, "Withdrawn. Nothing left the node.")
    return redirect("acts:detail", ref=act.ref)


@require_POST
@needs(Power.COMPOSE)
def aside(request: ActorRequest, ref: str) -> HttpResponse:
    """Put aside what of the act was refused or withheld, or take it up again."""
    if request.POST.get("again"):
        noting.take_up(actor=request.actor, ref=ref)
        messages.success(request, "It stands on the first page again.")
    else:
        noting.put_aside(actor=request.actor, ref=ref)
        messages.success(request, "Put aside. It stays on this page and in the list of acts.")
    return redirect("acts:detail", ref=ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.APPROVE)
def erase(request: ActorRequest, ref: str) -> HttpResponse:
    """Erase by law what the act says, after a page that tells what goes."""
    form = forms.Erase(request.POST or None)
    if form.is_valid():
        why = form.cleaned_data["why"]
        act = erasing.erase_act(actor=request.actor, ref=ref, why=why, now=timezone.now())
        messages.success(request, "Erased, and that is recorded. Partners and backups keep what they have.")
        return redirect("acts:detail", ref=act.ref)
    act = queries.act_for(request.actor, ref)
    shown = {
        "act": act,
        "kind": kind_named(act.kind),
        "contents": queries.contents_of(act)[:SHOWN],
        "contents_count": queries.contents_count(act),
        "may_erase": erasing.may_erase(request.actor, act),
        "form": form,
    }
    return render(request, "acts/erase.html", shown, status=422 if form.is_bound else 200)


def _tombstone(request: ActorRequest, act: Act) -> HttpResponse:
    """What is left of an erased act."""
    shown = {"act": act, "kind": kind_named(act.kind), "steps": timeline.steps(act)}
    return render(request, "acts/erased.html", shown)


def _decided(
    request: ActorRequest, ref: str, form: forms.Decide, decide: approving.Decide, words: str
) -> HttpResponse:
    if not form.is_valid():
        return _page(request, queries.act_for(request.actor, ref), form, status=422)
    decide(actor=request.actor, ref=ref, now=timezone.now(), note=form.cleaned_data["note"])
    messages.success(request, words)
    return redirect("acts:detail", ref=ref)


def _page(request: ActorRequest, act: Act, form: forms.Decide, status: int = 200) -> HttpResponse:
    if act.erased_at is not None:
        return _tombstone(request, act)
    kind = kind_named(act.kind)
    awaiting = act.state == ActState.AWAITING
    contents = queries.contents_of(act)
    stopped = noting.stopped(act) if request.actor.may(Power.COMPOSE).allowed else None
    shown = {
        "act": act,
        "kind": kind,
        "steps": timeline.steps(act),
        "contents": contents if "all" in request.GET else contents[:SHOWN],
        "contents_more": 0 if "all" in request.GET else len(contents) - SHOWN,
        "may_decide": approving.may_decide(request.actor, act) if awaiting else None,
        "may_erase": erasing.may_erase(request.actor, act).allowed,
        "stopped": stopped,
        "may_withdraw": awaiting and kind.may_compose(request.actor).allowed,
        "form": form,
    }
    return render(request, "acts/detail.html", shown, status=status)


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
