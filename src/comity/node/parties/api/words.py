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


class Told(Schema):
    """What an operation answers with: enums as their values."""

    model_config = ConfigDict(use_enum_values=True)


class Given(Schema):
    """What an operation is given: a field that is not known is refused, never overlooked."""

    model_config = ConfigDict(extra="forbid")


class Ground(Told):
    """Why: the rule that spoke, where it comes from, and one sentence."""

    rule: str
    source: str
    text: str


class Verdict(Told):
    """An answer with its grounds; `unknown` means that a fact is missing, and closes the door like `no`."""

    answer: Answer
    grounds: list[Ground]


class Window(Given):
    """Which part of a list to show."""

    limit: int = Field(50, ge=1, le=MOST_ROWS, description="How many rows at most")
    cursor: int = Field(0, ge=0, le=FARTHEST, description="`next` of the page before")


class Page(Told, Generic[T]):
    """A part of a list; `next` is the `cursor` of the part after it, and null on the last."""

    items: list[T]
    next: int | None


class Problem(Schema):
    """RFC 9457 problem details; `answer` and `grounds` with a refusal, `where` with input that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    answer: Answer | None = None
    grounds: list[Ground] | None = None
    where: str | None = None


class Named(Told):
    """A party, as everything else names it."""

    ref: str
    name: str
    kind: PartyKind
    state: str = Field(description="ISO 3166-1 alpha-2; empty for none")


def needs(*powers: Power) -> Callable[[Operation], Operation]:
    """Declares that an operation is for actors with one of these powers; asked before any input is read."""
    needed = Needs(powers)

    def ask(run: Run) -> Run:
        @wraps(run)
        def asked(request: HttpRequest, **given: Any) -> HttpResponseBase:  # noqa: ANN401  parts of the address
            actor = actor_of(request)
            if actor is not None:  # nobody gets no farther than the authentication within
                _may(actor, needed).require()
            if any("\0" in str(part) for part in given.values()):  # PostgreSQL cannot even look for it
                raise NotFound("such thing")
            return run(request, **given)

        return asked

    def declare(operation: Operation) -> Operation:
        operation.access = needed  # type: ignore[attr-defined]  # a mark, as on a view
        declared: Operation = decorate_view(ask)(operation)
        return declared

    return declare


def _may(actor: Actor, needed: Needs) -> Judged:
    """A program is told that approving is for people, not to ask for a role that it cannot have."""
    if actor.person is None and needed.powers == (Power.APPROVE,):
        return fit_for_machine(frozenset({Role.APPROVER}))
    return needed.asked_of(actor)


def json_in(request: HttpRequest) -> object:
    """The value in the body: I-JSON, within bounds, without NUL; raises `Malformed`."""
    body = request.body
    value = decode(body, limits=Limits(size=settings.CONFIG.max_content_length, depth=DEPTH))
    if rb"\u0000" in body:  # the only way to write it
        without_nul(value, ROOT)
    return value


def without_nul(value: object, where: str) -> None:
    """Raises `Malformed` if a text in the value holds the character that PostgreSQL does not keep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
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
