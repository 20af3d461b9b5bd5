"""Kinds of acts, registered as data by the systems above.

A kind says what its body looks like, who may compose it, which engine judges it, when a second person is
needed, how people read it, and what follows when it is recorded here or arrives from a partner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from comity.base.errors import Malformed
from comity.base.lines import line_problem
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Role

if TYPE_CHECKING:
    from comity.node.acts.models import Act


class Body(msgspec.Struct, kw_only=True):
    """What the body of every kind has: a title for lists, and a message for people."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    message: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


class Verb(Enum):
    """What is done by an act; every kind does one of these."""

    SHARE = "share"
    NOTIFY = "notify"
    REQUEST = "request"
    ANSWER = "answer"
    PING = "ping"
    CONSULT = "consult"
    PROPOSE = "propose"
    TAKE_POSITION = "take-position"
    DECLARE = "declare"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person wants to do: an act that nobody has judged yet."""

    kind: str
    author: Party
    recipients: tuple[Party, ...]
    body: Mapping[str, Any]  # in the form of the kind; every kind has a `title` in it
    tlp: Tlp = Tlp.AMBER
    purpose: str = ""
    basis: tuple[str, ...] = ()  # refs of the agreements it rests on; the judgement has to confirm them
    selection: tuple[str, ...] = ()  # refs of the objects to carry, for kinds that carry objects
    in_reply_to: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """One object as it would leave: canonical bytes under their digest."""

    ref: str
    modified: str
    wire: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Item:
    """The judgement of one selected object: `removed` lists the paths taken out, `leaving` what remains."""

    ref: str
    title: str
    verdict: Verdict
    removed: tuple[str, ...] = ()
    leaving: Leaving | None = None

    def as_json(self) -> dict[str, Any]:
        """The item as it is kept with the act."""
        return {
            "ref": self.ref,
            "title": self.title,
            "verdict": self.verdict.as_json(),
            "removed": list(self.removed),
            "leaves_as": self.leaving.ref if self.leaving else None,
            "sha256": self.leaving.sha256 if self.leaving else None,
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a whole draft, and on each object it wants to carry."""

    verdict: Verdict
    items: tuple[Item, ...] = ()
    basis: tuple[str, ...] = ()  # refs of the agreements that it found the draft to rest on

    @property
    def leaving(self) -> tuple[Leaving, ...]:
        """What the act would carry."""
        return tuple(item.leaving for item in self.items if item.leaving is not None)

    def as_json(self) -> dict[str, Any]:
        """The judgement as it is kept with the act and shown before sending."""
        return {
            "verdict": self.verdict.as_json(),
            "items": [item.as_json() for item in self.items],
            "basis": list(self.basis),
        }


def _always(_act: Act, _party: Party, _now: datetime) -> Verdict:
    return Verdict.yes(Ground("act.recorded", "path of an act", "It was judged when it was recorded."))


def _nothing(_act: Act, _now: datetime) -> None:
    """No effect beyond the record."""


def _none_of_them(_acts: Sequence[Act], _now: datetime) -> None:
    """No effect beyond the record, for acts that arrive together."""


def one_by_one(effect: Callable[[Act, datetime], None]) -> Callable[[Sequence[Act], datetime], None]:
    """The effect of acts that arrive together, for a kind whose acts have nothing in common."""

    def each(acts: Sequence[Act], now: datetime) -> None:
        for act in acts:
            effect(act, now)

    return each


def _welcome(_arrived: Arrived, _now: datetime) -> Verdict:
    return Verdict.yes(Ground("act.well-formed", "wire format", "The act has the form of its kind."))


@dataclass(frozen=True, slots=True)
class Arrived:
    """A partner's act that passed every check of the wire, before it is recorded."""

    kind: str
    author: Party
    recipients: tuple[Party, ...]
    body: Mapping[str, Any]
    contents: tuple[Leaving, ...]
    in_reply_to: Act | None
    created: datetime  # as its author says
    purpose: str = ""
    basis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of act, as data."""

    name: str  # on the wire
    verb: Verb
    title: str  # for people, for example "Share threat information"
    body: type[Body]  # the schema of the body; unknown fields are allowed and kept
    composers: frozenset[Role]
    judge: Callable[[Draft, datetime], Judgement]
    second_person: Callable[[Draft, Judgement], Ground | None]
    template: str  # how people read the body
    compose_view: str | None = None  # URL name of the page on which it is composed
    still_allowed: Callable[[Act, Party, datetime], Verdict] = _always  # asked again before each sending
    admissible: Callable[[Arrived, datetime], Verdict] = _welcome  # asked before a partner's act is recorded
    on_recorded: Callable[[Act, datetime], None] = _nothing  # in the same transaction, for ours
    # In the same transaction, for a partner's: all of this kind that arrived together, in their order.
    on_arrived: Callable[[Sequence[Act], datetime], None] = _none_of_them
    in_turn: bool = False  # what it does decides which acts after it are admissible
    by_node: bool = False  # the node composes it as well, where one of its services has the ground
    may_wait: bool = False  # may be for parties that no way reaches now: it waits until one does
    replies_to: frozenset[str] = field(default=frozenset())  # kinds that it may answer; empty: any or none

    def read_body(self, body: Mapping[str, Any]) -> Body:
        """The body in the form of this kind; raises `Malformed` with the place."""
        try:
            read = msgspec.convert(body, self.body)
        except msgspec.ValidationError as error:
            raise Malformed(f"body of {self.name}", str(error)) from error
        problem = line_problem(read.title)
        if problem is not None:
            raise Malformed("title", problem)
        return read

    def may_answer(self, answered: Act | None) -> Verdict:
        """Whether an act of this kind can answer that one, or stand alone."""
        if not self.replies_to or (answered is not None and answered.kind in self.replies_to):
            return Verdict.yes(Ground("kind.reply", "kinds of acts", "It answers what its kind answers."))
        wanted = " or ".join(sorted(self.replies_to))
        text = f"An act of the kind {self.name} answers one of the kind {wanted}."
        return Verdict.no(Ground("kind.reply", "kinds of acts", text))

    def may_compose(self, actor: Actor) -> Verdict:
        """Whether one of the actor's roles composes acts of this kind."""
        if actor.roles & self.composers:
            return Verdict.yes(Ground("kind.role", "kinds of acts", f"{actor.name} may compose this kind."))
        wanted = " or ".join(sorted(role.value for role in self.composers)) or "the node itself"
        text = f"Acts of the kind {self.name} are composed by {wanted}."
        return Verdict.no(Ground("kind.role", "kinds of acts", text))


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to recipients that a system above offers: whether it reaches this party, in words."""

    name: str
    reaches: Callable[[Party], Verdict]


_kinds: dict[str, Kind] = {}
_channels: dict[str, Channel] = {}


def register(*kinds: Kind) -> None:
    """Make kinds known to this node; called once, when a system is ready."""
    for kind in kinds:
        if kind.name in _kinds and _kinds[kind.name] != kind:
            raise ValueError(f"two kinds of act are called {kind.name}")
        _kinds[kind.name] = kind


def offer_channel(channel: Channel) -> None:
    """Make a way to recipients known to this node; called once, when a system is ready."""
    _channels[channel.name] = channel


def kind_named(name: str) -> Kind:
    """The kind with this name; raises `Malformed` for one that no system of this node knows."""
    if name not in _kinds:
        raise Malformed("kind", f"no system of this node knows acts of the kind {name!r}")
    return _kinds[name]


def kinds() -> Iterable[Kind]:
    """All kinds of this node, by name."""
    return (_kinds[name] for name in sorted(_kinds))


def reachable(party: Party) -> Verdict:
    """Yes if a channel reaches the party; otherwise why none does."""
    verdicts = [channel.reaches(party) for channel in _channels.values()]
    reached = [verdict for verdict in verdicts if verdict.allowed]
    if reached:
        return reached[0]
    grounds = tuple(ground for verdict in verdicts for ground in verdict.grounds)
    return Verdict.no(*grounds) if grounds else _no_channel(party)


def _no_channel(party: Party) -> Verdict:
    text = f"This node has no way to reach {party.name}."
    return Verdict.no(Ground("act.unreachable", "channels of this node", text))
