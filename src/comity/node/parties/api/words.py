"""The words that the operations of every system share: who may call, what is given, what is told.

    @router.get("/things", response=Page[Thing])
    @needs(Power.READ_THINGS)
    def list_things(request: ActorRequest, window: Query[Window]) -> Page[Thing]: ...

An operation that declares no power is refused by the composition, before the node starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, Generic, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Schema
from ninja.decorators import decorate_view
from pydantic import ConfigDict, PlainSerializer, WithJsonSchema

from comity.base.errors import Malformed, NotFound
from comity.base.verdict import Answer
from comity.base.verdict import Verdict as Judged
from comity.formats.strict_json import ROOT, Limits, decode
from comity.node.parties import models, queries
from comity.node.parties.access import Needs, actor_of
from comity.node.parties.actors import Actor
from comity.node.parties.models import PartyKind
from comity.node.parties.roles import Power, Role
from comity.node.parties.rules import fit_for_machine

MOST_ROWS = 200  # on one page
FARTHEST = 10_000_000  # rows into a list
MAX_WORDS = 200
DEPTH = 40  # levels of JSON; the deepest object of STIX 2.1 in practice has about ten

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Operation = TypeVar("Operation", bound=Callable[..., Any])
Run = Callable[..., HttpResponseBase]


def in_utc(moment: datetime) -> str:
    """RFC 3339 with microseconds: two entries of the log may stand in one millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Time = Annotated[
    datetime,
    PlainSerializer(in_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, in UTC"}),
]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and "\0" in each:
            raise Malformed(where, "a text holds the character NUL, which no database keeps.")


def page_of(rows: QuerySet[M] | Sequence[Any], window: Window, tell: Callable[[Any], T]) -> Page[T]:
    """The part of the rows that was asked for; one row more is read to know whether there is a next."""
    end = window.cursor + window.limit
    found = list(rows[window.cursor : end + 1])
    return Page(
        items=[tell(row) for row in found[: window.limit]], next=end if len(found) > window.limit else None
    )


def verdict(judged: Judged) -> Verdict:
    """A verdict with all its grounds."""
    return Verdict.model_validate(judged.as_json())


def named(party: models.Party) -> Named:
    """A party in short."""
    return Named(ref=party.ref, name=party.name, kind=PartyKind(party.kind), state=party.state)


def parties_named(actor: Actor, refs: Iterable[str]) -> dict[str, models.Party]:
    """The parties with these refs; raises `NotFound` for the first that the actor may not see."""
    wanted = set(refs)
    found = {party.ref: party for party in queries.parties_for(actor).filter(ref__in=wanted)}
    missing = sorted(wanted - found.keys())
    if missing:
        raise NotFound(f"party {missing[0]}")
    return found
