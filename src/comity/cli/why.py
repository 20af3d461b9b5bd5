"""What of a bundle a partner would see, object by object, by the rules of release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from comity.base.errors import Malformed, TooLarge
from comity.base.times import decode_time
from comity.base.verdict import Verdict
from comity.cli.bundles import MARKING, Bundle
from comity.engines.release.case import Recipient
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.iep import Iep
from comity.engines.release.judge import Release, Removal, judge_any
from comity.engines.release.redact import Parties, without
from comity.engines.release.terms import Purpose, Terms, category_of
from comity.formats.stix import IDENTITY_ID, StixObject
from comity.formats.strict_json import decode

MAX_TERMS = 1_000
_OURS = "this node"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who would receive, under which terms, and what is known of the bundle."""

    recipient: Recipient
    terms: tuple[Terms, ...]
    purpose: Purpose
    origin: str | None  # who gave it to us; None: it is our own
    victims: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """One object, whether it goes, and where something is taken out of it."""

    id: str
    release: Release
    removed: tuple[str, ...] = ()


def load_terms(content: bytes) -> tuple[Terms, ...]:
    """One agreement's terms, or a list of them."""
    value = decode(content)
    if not isinstance(value, list):
        return (Terms.from_json(value),)
    if len(value) > MAX_TERMS:
        raise TooLarge("terms", f"are {len(value):,}; at most {MAX_TERMS:,} are read.")
    return tuple(Terms.from_json(each, f"terms/{index}") for index, each in enumerate(value))


def judge_objects(bundle: Bundle, asked: Asked) -> Iterator[Judged | Malformed]:
    """Every object judged; `Malformed` for one of which something that release looks at cannot be read.

    Definitions of markings are left out: they go wherever what they mark goes.
    """
    named = {
        Removal.VICTIMS: _parties(bundle, asked.victims),
        Removal.PROVIDER: _parties(bundle, frozenset({asked.origin or _OURS})),
    }
    judged: dict[Handling, Release] = {}
    for each in bundle.objects:
        if each.type == MARKING:
            continue
        try:
            handling = _handling(bundle, each, named[Removal.VICTIMS], asked)
            if handling not in judged:
                judged[handling] = _judge(handling, asked)
            yield _cut(each, judged[handling], named)
        except Malformed as problem:
            yield type(problem)(f"{each.id}, {problem.where}", problem.problem)


def _judge(handling: Handling, asked: Asked) -> Release:
    return judge_any(handling, asked.recipient, asked.terms, purpose=asked.purpose, now=asked.now)


def _handling(bundle: Bundle, found: StixObject, victims: Parties, asked: Asked) -> Handling:
    markings, value = bundle.markings(found), found.value
    policies = [Iep.from_marking(each) for each in markings.iep_markings]
    policies += [Iep.from_json(each) for each in markings.iep_policies]
    maker = str(value.get("created_by_ref", _OURS))
    until = value.get("valid_until")
    return Handling(
        category=category_of(found.type),
        ownership=Ownership.RECEIVED if asked.origin else Ownership.OWN,
        origin=asked.origin or maker,
        tlp=markings.tlp,
        policies=frozenset(policies),
        unknown_markings=markings.unknown,
        names_victims=_names(value, victims),
        expires=None if until is None else decode_time(str(until), "/valid_until").date(),
        revoked=value.get("revoked") is True,
    )


def _parties(bundle: Bundle, named: frozenset[str]) -> Parties:
    """Parties by id, and by name as far as the bundle or the command line tells it."""
    known = (each.value.get("name") for each in bundle.objects if each.id in named)
    names = {each for each in (*known, *named) if isinstance(each, str) and not IDENTITY_ID.fullmatch(each)}
    try:
        return Parties(named - names, frozenset(names))
    except ValueError as problem:
        raise Malformed("the name of a party to be taken out", f"{problem}.") from problem


def _names(value: Mapping[str, Any], victims: Parties) -> bool:
    """Whether taking the victims out would change the object, or cannot be done."""
    outcome = without(value, victims, Removal.VICTIMS, creator=_OURS)
    return isinstance(outcome, Verdict) or bool(outcome.removed)


def _cut(found: StixObject, release: Release, parties: Mapping[Removal, Parties]) -> Judged:
    """The judgement once what has to be taken out was tried: an object that cannot be cut stays."""
    removed: list[str] = []
    value: Mapping[str, Any] = found.value
    for removal in sorted(release.removals, key=lambda each: each.value):
        outcome = without(value, parties[removal], removal, creator=_OURS)
        if isinstance(outcome, Verdict):
            return Judged(found.id, Release(outcome))
        removed += outcome.removed
        value = outcome.object
    return Judged(found.id, release, tuple(removed))
