"""The pages of agreements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comity.base.verdict import Verdict
from comity.engines.release.terms import Terms
from comity.node.acts.kinds import kind_named
from comity.node.instruments import forms, queries, services
from comity.node.instruments.bodies import Decision
from comity.node.instruments.foresight import Effect, effects
from comity.node.instruments.kinds import ANSWER, PROPOSE, WITHDRAW
from comity.node.instruments.models import Agreement, AgreementState
from comity.node.instruments.plans import UNTITLED, with_agreement, with_terms, without_agreement
from comity.node.instruments.wording import as_table, in_words
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.errors import wants_fragment
from comity.node.site.forms import form_page

ROWS = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """An agreement as its row and its page show it."""

    agreement: Agreement
    terms: Terms
    state: str

    @classmethod
    def of(cls, agreement: Agreement, day: date) -> Shown:
        """The agreement as it stands on this day."""
        return cls(agreement, queries.terms_of(agreement), queries.state_now(agreement, day))

    @property
    def words(self) -> tuple[str, ...]:
        """The terms, sentence by sentence."""
        return in_words(self.terms)

    @property
    def table(self) -> tuple[tuple[str, str], ...]:
        """The terms, one by one."""
        return as_table(self.terms)


@require_safe
@needs(Power.READ_ACTS)
def listing(request: ActorRequest) -> HttpResponse:
    """All agreements of the body, newest first."""
    page = Paginator(queries.agreements_for(request.actor), ROWS).get_page(request.GET.get("page"))
    today = timezone.now().date()
    rows = [Shown.of(agreement, today) for agreement in page.object_list]
    may_propose = _may(request.actor, PROPOSE).allowed
    return render(request, "instruments/list.html", {"page": page, "rows": rows, "may_propose": may_propose})


@require_safe
@needs(Power.READ_ACTS)
def detail(request: ActorRequest, ref: str) -> HttpResponse:
    """One agreement: its terms, the acts it rests on, and what can be done now."""
    agreement = queries.agreement_for(request.actor, ref)
    shown = Shown.of(agreement, timezone.now().date())
    to_come = shown.state in ("proposed", "not-begun")
    page = {
        "effects": _of_beginning(request.actor, agreement) if to_come else (),
        "shown": shown,
        "agreement": agreement,
        "awaits_us": _awaits_us(agreement),
        "may_answer": _may(request.actor, ANSWER).allowed,
        "may_withdraw": _open(agreement) and _may(request.actor, WITHDRAW).allowed,
    }
    return render(request, "instruments/detail.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.COMPOSE)
def propose(request: ActorRequest) -> HttpResponse:
    """Propose an agreement."""
    _may(request.actor, PROPOSE).require()
    now = timezone.now()
    form = _proposal(request, now.date())
    asks = request.POST.get("step") == "words"
    if asks or not form.is_valid():
        return _composer(request, form, part=asks and wants_fragment(request))
    old = form.cleaned_data["replaces"]
    act = services.propose(
        actor=request.actor,
        partner=form.cleaned_data["partner"],
        terms=form.terms(services.new_reference(), form.cleaned_data["title"]),
        message=form.cleaned_data["message"],
        answer_by=form.open_until(),
        replaces=old.ref if old else None,
        now=now,
    )
    return redirect("acts:detail", ref=act.ref)


def _proposal(request: ActorRequest, day: date) -> forms.Propose:
    partners = queries.partners_to_propose(request.actor)
    only = partners.first() if partners.count() == 1 else None
    return forms.Propose(
        request.POST or None,
        initial={"since": day, "partner": request.GET.get("partner") or only},
        partners=partners,
        replaceable=queries.agreements_for(request.actor).filter(state=AgreementState.IN_FORCE),
    )


def _composer(request: ActorRequest, form: forms.Propose, *, part: bool) -> HttpResponse:
    """The form with its terms in words, or the words alone."""
    said = form if form.is_bound else form.as_it_opens()
    page = {"form": form, "words": said.words(), "effects": _of_proposal(request.actor, said)}
    if part:
        return render(request, "instruments/parts/words.html", page)
    return render(request, "instruments/propose.html", page, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.COMPOSE)
def answer(request: ActorRequest, ref: str) -> HttpResponse:
    """Read the terms, and accept or decline exactly these."""
    _may(request.actor, ANSWER).require()
    agreement = queries.agreement_for(request.actor, ref)
    form = forms.Answer(request.POST or None, initial={"digest": agreement.terms_sha256})
    if not form.is_valid():
        shown = Shown.of(agreement, timezone.now().date())
        page = {
            "form": form,
            "agreement": agreement,
            "shown": shown,
            "awaits_us": _awaits_us(agreement),
            "effects": _of_beginning(request.actor, agreement) if _awaits_us(agreement) else (),
        }
        return form_page(request, "instruments/answer.html", page)
    act = services.answer(
        actor=request.actor,
        ref=ref,
        decision=Decision(form.cleaned_data["decision"]),
        digest=form.cleaned_data["digest"],
        message=form.cleaned_data["message"],
        now=timezone.now(),
    )
    return redirect("acts:detail", ref=act.ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.COMPOSE)
def withdraw(request: ActorRequest, ref: str) -> HttpResponse:
    """End an agreement from a day on."""
    _may(request.actor, WITHDRAW).require()
    agreement = queries.agreement_for(request.actor, ref)
    now = timezone.now()
    looks = request.POST.get("step") == "effects"
    form = forms.Withdraw(None if looks else request.POST or None, initial=_typed(request, now.date()))
    if not form.is_valid():
        plan = without_agreement(agreement, forms.day_in(request.POST, now.date()))
        page = {
            "form": form,
            "agreement": agreement,
            "shown": Shown.of(agreement, now.date()),
            "effects": effects(request.actor, plan, now) if agreement.since else (),
        }
        return form_page(request, "instruments/withdraw.html", page)
    act = services.withdraw(
        actor=request.actor,
        ref=ref,
        day=form.cleaned_data["day"],
        message=form.cleaned_data["message"],
        now=now,
    )
    return redirect("acts:detail", ref=act.ref)


def _typed(request: ActorRequest, day: date) -> dict[str, object]:
    """What was typed already, when the person only looks what it would change."""
    return {"day": request.POST.get("day", day), "message": request.POST.get("message", "")}


def _of_proposal(actor: Actor, form: forms.Propose) -> list[Effect]:
    """What the terms in the form would change; nothing while a choice is missing or wrong."""
    now = timezone.now()
    if not form.words() or "partner" not in form.cleaned_data:
        return []
    old = form.cleaned_data["replaces"]
    plan = with_terms(
        queries.own_body(actor),
        form.cleaned_data["partner"],
        form.terms("", form.cleaned_data.get("title") or UNTITLED),
        replaces=old.ref if old else "",
        today=now.date(),
    )
    return effects(actor, plan, now)


def _of_beginning(actor: Actor, agreement: Agreement) -> list[Effect]:
    now = timezone.now()
    return effects(actor, with_agreement(agreement, now.date()), now)


def _may(actor: Actor, kind: str) -> Verdict:
    return kind_named(kind).may_compose(actor)


def _awaits_us(agreement: Agreement) -> bool:
    return agreement.state == AgreementState.PROPOSED and agreement.proposal.author_id == agreement.partner_id


def _open(agreement: Agreement) -> bool:
    ours = agreement.proposal.author_id == agreement.ours_id
    return agreement.state == AgreementState.IN_FORCE or (agreement.state == AgreementState.PROPOSED and ours)
