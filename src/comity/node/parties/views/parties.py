"""States and bodies: who is who."""

from __future__ import annotations

from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from comity.base.errors import Malformed
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.country_names import LANGUAGES, countries_named, name_of
from comity.node.parties.forms import BodyForm, NewBodyForm
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.queries import bodies_for, managed_bodies, parties_for, party_for
from comity.node.parties.roles import Power
from comity.node.parties.sectors import SECTORS
from comity.node.parties.services.parties import add_party, change_party
from comity.node.site.forms import form_page

_PER_PAGE = 50
_MAX_SEARCH = 100


@needs(Power.READ_PARTIES)
@require_GET
def states(request: ActorRequest) -> HttpResponse:
    """All states, with their names in a language and the parties we know there."""
    language = LANGUAGES.get(request.GET.get("language", ""), LANGUAGES["en"])
    search = request.GET.get("q", "")[:_MAX_SEARCH]
    known: dict[str, list[Party]] = {}
    for party in parties_for(request.actor).exclude(state="").order_by("name"):
        known.setdefault(party.state, []).append(party)
    only_known = request.GET.get("known") == "yes"
    rows = [
        (name, country, known.get(country.alpha2, []))
        for name, country in countries_named(language.code, search)
        if not only_known or country.alpha2 in known
    ]
    shown = {"rows": rows, "language": language, "languages": LANGUAGES.values(), "q": search}
    return render(request, "parties/states.html", shown | {"only_known": only_known})


@needs(Power.READ_PARTIES)
@require_GET
def bodies(request: ActorRequest) -> HttpResponse:
    """All bodies we know, ours first."""
    kind = request.GET.get("kind", "")
    search = request.GET.get("q", "")[:_MAX_SEARCH]
    kinds = [choice for choice in PartyKind.choices if choice[0] != PartyKind.STATE]
    found = bodies_for(request.actor, kind=kind if kind in dict(kinds) else "", search=search)
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    may_add = request.actor.may(Power.MANAGE_PEOPLE).allowed
    shown = {"page": page, "kinds": kinds, "kind": kind, "q": search, "may_add": may_add}
    return render(request, "parties/bodies.html", shown)


@needs(Power.READ_PARTIES)
@require_GET
def body(request: ActorRequest, pk: int) -> HttpResponse:
    """One party: what it is, where, and whom it looks after."""
    party = party_for(request.actor, pk)
    facts = [
        ("What it is", party.get_kind_display()),
        ("State", name_of(party.state) if party.state else ""),
        ("On this node", "Yes, its people sign in here" if party.ours else "No"),
        ("Identity", party.ref),
        ("Known since", party.added),
    ]
    sectors = [SECTORS[each].title if each in SECTORS else each for each in party.sectors]
    may_change = managed_bodies(request.actor, timezone.now()).filter(pk=party.pk).exists()
    shown = {"party": party, "facts": facts, "sectors": sectors, "may_change": may_change}
    return render(request, "parties/body.html", shown)


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def new_body(request: ActorRequest) -> HttpResponse:
    """Add a body that this node acts for."""
    form = NewBodyForm(request.POST or None)
    if form.is_valid():
        try:
            party = add_party(
                actor=request.actor,
                ref=f"identity--{uuid4()}",
                kind=PartyKind(form.cleaned_data["kind"]),
                name=form.cleaned_data["name"],
                state=form.cleaned_data["state"],
                ours=True,
                sectors=form.cleaned_data["sectors"],
                constituency=form.constituency(),
                now=timezone.now(),
            )
        except Malformed as error:
            _say(form, error)
        else:
            messages.success(request, f"{party.name} is added. Give somebody the administrator's role next.")
            return redirect("parties:body", pk=party.pk)
    return form_page(request, "parties/body_new.html", {"form": form})


@needs(Power.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def change_body(request: ActorRequest, pk: int) -> HttpResponse:
    """Change the name, sectors and constituency of a body."""
    party = party_for(request.actor, pk)
    form = BodyForm(request.POST or None, party=party)
    if form.is_valid():
        try:
            change_party(
                actor=request.actor,
                party=party,
                name=form.cleaned_data["name"],
                sectors=form.cleaned_data["sectors"],
                constituency=form.constituency(),
                now=timezone.now(),
            )
        except Malformed as error:
            _say(form, error)
        else:
            messages.success(request, "The change is kept.")
            return redirect("parties:body", pk=party.pk)
    shown = {"form": form, "party": party}
    return form_page(request, "parties/body_change.html", shown)


def _say(form: Form, error: Malformed) -> None:
    """Show what a service refused beside the field it is about, or above all."""
    form.add_error(error.where if error.where in form.fields else None, error.problem)
