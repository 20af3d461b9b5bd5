"""Collections at servers of others: opened, tried, read at once and closed, and how far each has come."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comity.base.errors import ComityError, Conflict
from comity.node.credentials import Scheme
from comity.node.exchange import queries, remotes
from comity.node.exchange.models import PostState, RemoteCollection
from comity.node.exchange.remote_form import SHOWN, Opening, Shown
from comity.node.exchange.services import remotes as services
from comity.node.exchange.services.pulling import pull
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.forms import form_page
from comity.node.site.paging import Pages

ROWS = 50
LONGEST_TITLE = 100  # of what a server calls its collection


@require_safe
@needs(Power.READ_CONTENT)
def listing(request: ActorRequest) -> HttpResponse:
    """All of them, by name."""
    page = Pages(remotes.remotes_for(request.actor), ROWS).get_page(request.GET.get("page"))
    rows = [(each, remotes.source_of(each)) for each in page.object_list]
    shown = {"page": page, "rows": rows, "may_open": any(_may_open(request.actor).values())}
    return render(request, "exchange/remotes.html", shown)


@require_safe
@needs(Power.READ_CONTENT)
def detail(request: ActorRequest, ref: UUID) -> HttpResponse:
    """One of them, with the fate of each object that was posted to it."""
    remote = remotes.remote_for(request.actor, ref)
    chosen = request.GET.get("state", "")
    state = PostState(chosen) if chosen in PostState.values else None
    page = Pages(remotes.posted_for(request.actor, remote, state), ROWS).get_page(request.GET.get("page"))
    titles = queries.titles_held(remote.holder, [each.ref for each in page.object_list])
    counts = remotes.posted_counts(remote)
    shown = {
        "remote": remote,
        "whose": remotes.source_of(remote),
        "page": page,
        "rows": [(each, titles.get(each.ref, each.ref)) for each in page.object_list],
        "states": [(each, counts[each.value]) for each in PostState if each.value in counts],
        "state": state,
        "shown_as": SHOWN[Scheme(remote.scheme)],
        "may_decide": remotes.may_decide(request.actor, gives=remote.gives).allowed,
        "may_read": request.actor.may(Power.IMPORT).allowed,
    }
    return render(request, "exchange/remote.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT, Power.APPROVE)
def begin(request: ActorRequest) -> HttpResponse:
    """Say where a collection is and whose; its server is asked at once, and what it says is told."""
    parties = queries.readers(request.actor).order_by("name", "pk")
    form = Opening(request.POST or None, parties=parties, **_may_open(request.actor))
    if not form.is_valid():
        return form_page(request, "exchange/remote_new.html", {"form": form})
    try:
        made = services.open_remote(actor=request.actor, wish=form.wish(), ref=uuid4(), now=timezone.now())
    except Conflict as error:
        form.add_error("name", error.message)
        return form_page(request, "exchange/remote_new.html", {"form": form})
    messages.success(request, f"“{made.name}” is open.")
    _tell(request, made)
    return redirect("exchange:remote", ref=made.ref)


@require_POST
@needs(Power.IMPORT, Power.APPROVE)
def try_now(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Ask the server for the collection, and tell what it says or why it says nothing."""
    _tell(request, _decided(request.actor, ref))
    return redirect("exchange:remote", ref=ref)


@require_POST
@needs(Power.IMPORT)
def read_now(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Read what is new there, for as long as a person waits; what was read by then is kept."""
    remote = remotes.remote_for(request.actor, ref)
    try:
        with remotes.speaking_while_waiting(remote) as transport:
            done = pull(actor=request.actor, remote=remote, transport=transport, now=timezone.now())
    except ComityError as error:
        messages.error(request, f"It broke off; what was read is kept. {error.message}")
        return redirect("exchange:remote", ref=ref)
    if done.brought is None:
        messages.success(request, "Nothing is new there.")
        return redirect("exchange:remote", ref=ref)
    return redirect("exchange:imported", key=done.brought.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT, Power.APPROVE)
def credential(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Show the server something else from now on; what it was shown is not told."""
    remote = _decided(request.actor, ref)
    form = Shown(request.POST or None, initial={"scheme": remote.scheme})
    if not form.is_valid():
        return form_page(request, "exchange/remote_credential.html", {"form": form, "remote": remote})
    changed = services.renew_credential(
        actor=request.actor, ref=ref, credential=form.credential(), now=timezone.now()
    )
    messages.success(request, "From now on the server is shown that.")
    _tell(request, changed)
    return redirect("exchange:remote", ref=ref)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Power.IMPORT, Power.APPROVE)
def close(request: ActorRequest, ref: UUID) -> HttpResponse:
    """Read and post there no more, after asking once."""
    remote = _decided(request.actor, ref)
    if request.method == "POST":
        services.end_remote(actor=request.actor, ref=ref, now=timezone.now())
        messages.success(request, f"“{remote.name}” is closed; what came from it stays.")
        return redirect("exchange:remotes")
    return render(
        request, "exchange/remote_close.html", {"remote": remote, "whose": remotes.source_of(remote)}
    )


def _tell(request: ActorRequest, remote: RemoteCollection) -> None:
    """What the server says of the collection, as a message."""
    try:
        with remotes.speaking_while_waiting(remote) as transport:
            found = services.ask_server(actor=request.actor, remote=remote, transport=transport)
    except ComityError as error:
        messages.error(request, f"The server was asked, in vain: {error.message}")
        return
    rights = {"read": found.can_read, "post to": found.can_write}
    may = " and ".join(word for word, granted in rights.items() if granted) or "neither read nor post to"
    needed = "post to" if remote.gives else "read"
    told = f"The server answers: it is called “{found.title[:LONGEST_TITLE]}”, and we may {may} it."
    (messages.success if rights[needed] else messages.warning)(request, told)


def _decided(actor: Actor, ref: UUID) -> RemoteCollection:
    """One about which the actor may decide."""
    remote = remotes.remote_for(actor, ref)
    remotes.may_decide(actor, gives=remote.gives).require()
    return remote


def _may_open(actor: Actor) -> dict[str, bool]:
    return {
        "may_read": remotes.may_decide(actor, gives=False).allowed,
        "may_give": remotes.may_decide(actor, gives=True).allowed,
    }
