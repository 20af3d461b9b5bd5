"""How many partners may see each object of a list: the classes on it judged once, and remembered.

A judgement depends on nothing but holder, partner, how near it stands, terms, purpose, day and class. So it
is kept in the process under these; but for classes with a policy of FIRST's, which begins at an instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from comity.engines.release.case import Recipient
from comity.engines.release.handling import Handling
from comity.engines.release.terms import Purpose, Terms
from comity.node.exchange import queries
from comity.node.exchange.handling import of_classes
from comity.node.exchange.models import HandlingClass
from comity.node.exchange.sights import Asked, asked_each
from comity.node.parties.actors import Actor

MOST_QUESTIONS = 500  # partners with their terms on a day whose judgements are kept


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything that a judgement depends on beside the class."""

    holder: str
    partner: str
    kind: str
    recipient: Recipient
    terms: tuple[Terms, ...]
    purpose: Purpose
    day: date


@dataclass(frozen=True, slots=True)
class Seers:
    """How many of our partners may see what is in each class, some after a removal."""

    partners: int
    by_class: Mapping[int, int]


_answers: dict[_Question, dict[str, bool]] = {}


def seers(actor: Actor, classes: Iterable[int], *, purpose: Purpose, now: datetime) -> Seers:
    """How many partners may see each of these classes."""
    wanted = set(classes)
    partners = list(queries.partners(actor))
    if not wanted or not partners:
        return Seers(len(partners), dict.fromkeys(wanted, 0))
    keys = dict(HandlingClass.objects.filter(pk__in=wanted).values_list("pk", "key"))
    facts = of_classes(keys)
    counts = dict.fromkeys(keys, 0)
    for _, question in asked_each(queries.own_body(actor), partners, purpose=purpose, now=now):
        known = _known(question)
        for pk, key in keys.items():
            counts[pk] += _allowed(question, facts[pk], key, known)
    return Seers(len(partners), counts)


def _allowed(question: Asked, handling: Handling, key: str, known: dict[str, bool]) -> bool:
    found = known.get(key)
    if found is None:
        found = question.judge(handling).verdict.allowed
        if not handling.policies:
            known[key] = found
    return found


def _known(question: Asked) -> dict[str, bool]:
    """The answers that are kept for this question."""
    key = _Question(
        question.holder.ref,
        question.partner.ref,
        question.partner.kind,
        question.recipient,
        question.terms,
        question.purpose,
        question.now.astimezone(UTC).date(),
    )
    if key not in _answers and len(_answers) >= MOST_QUESTIONS:
        _answers.clear()
    return _answers.setdefault(key, {})
