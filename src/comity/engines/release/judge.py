"""The judgement: may this class of things go to this recipient, and what has to be taken out of it first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from comity.base.tlp import Tlp
from comity.base.verdict import Answer, Ground, Verdict, all_of
from comity.engines.release import agreements, markings, policies, received
from comity.engines.release.case import Case, Recipient, Rule
from comity.engines.release.handling import Handling
from comity.engines.release.iep import Demand
from comity.engines.release.terms import Purpose, Terms


class Removal(Enum):
    """What is taken out of an object before it goes."""

    VICTIMS = "victims"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Release:
    """The answer; with a yes what to take out, whether a second person approves, what the receiver owes."""

    verdict: Verdict
    removals: frozenset[Removal] = frozenset()
    second_person: bool = False
    duties: tuple[Ground, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The judgement as it is kept with an act and shown by the API."""
        return {
            "verdict": self.verdict.as_json(),
            "removals": sorted(removal.value for removal in self.removals),
            "second_person": self.second_person,
            "duties": [duty.as_json() for duty in self.duties],
        }


def judge(
    handling: Handling,
    recipient: Recipient,
    terms: Terms | None,
    *,
    purpose: Purpose,
    now: datetime,
    held: bool = False,
) -> Release:
    """Judge one class for one recipient under one agreement, or under none.

    `held` says that the recipient already has an earlier version: only then does a revocation reach it.
    """
    case = Case(handling, recipient, terms, purpose, now, held)
    verdict = all_of(spoken for rule in RULES if (spoken := rule(case)) is not None)
    if not verdict.allowed:
        return Release(verdict)
    return Release(
        verdict, removals(case), _second_person(case), (*agreements.duties(case), *policies.duties(case))
    )


def judge_any(
    handling: Handling,
    recipient: Recipient,
    agreed: Iterable[Terms],
    *,
    purpose: Purpose,
    now: datetime,
    held: bool = False,
) -> Release:
    """Judge under each agreement with a recipient: of those that allow, the one that cuts least is taken.

    A refusal gives the grounds of all agreements, unless a missing fact could still open one of them.
    """
    under = [judge(handling, recipient, terms, purpose=purpose, now=now, held=held) for terms in agreed]
    if not under:
        return judge(handling, recipient, None, purpose=purpose, now=now, held=held)
    answers = {release.verdict.answer for release in under}
    best = next(answer for answer in (Answer.YES, Answer.UNKNOWN, Answer.NO) if answer in answers)
    leading = [release for release in under if release.verdict.answer is best]
    if best is Answer.YES:
        return min(leading, key=lambda release: (len(release.removals), release.second_person))
    grounds = dict.fromkeys(ground for release in leading for ground in release.verdict.grounds)
    return Release(Verdict(best, tuple(grounds)))


def revoked(case: Case) -> Verdict | None:
    """What its maker took back goes to nobody new; whoever has it is told that it was taken back."""
    if not case.handling.revoked or case.held:
        return None
    return Verdict.no(
        Ground("object.revoked", "STIX 2.1, section 3.2 (revoked)", "Its maker has revoked it.")
    )


def recalled(case: Case) -> Verdict | None:
    """What was recalled goes to nobody, not even to those who have an earlier version."""
    if not case.handling.recalled:
        return None
    text = "It was recalled: whoever has it is asked to delete it."
    return Verdict.no(Ground("object.recalled", "Comity release rules, recall", text))


def expired(case: Case) -> Verdict | None:
    """What its maker no longer calls valid goes to nobody new."""
    last = case.handling.expires
    if last is None or case.day <= last or case.held:
        return None
    text = f"Its maker called it valid until {last}."
    return Verdict.no(Ground("object.expired", "STIX 2.1, section 4.7 (valid_until)", text))


def obfuscation(case: Case) -> Verdict | None:
    """A policy that forbids hiding the victims and terms that demand it cannot both be met."""
    if Removal.VICTIMS not in removals(case):
        return None
    forbidding = [p for p in case.handling.policies if p.obfuscate_affected_parties is Demand.MUST_NOT]
    if not forbidding:
        return None
    source = "FIRST IEP 1.0, OBFUSCATE AFFECTED PARTIES: MUST NOT"
    text = "The victims would have to be removed, and the policy on it forbids that."
    return Verdict.no(Ground("iep.obfuscation", source, text))


RULES: tuple[Rule, ...] = (
    *markings.RULES,
    *received.RULES,
    *agreements.RULES,
    revoked,
    recalled,
    expired,
    *policies.RULES,
    obfuscation,
)


def removals(case: Case) -> frozenset[Removal]:
    """What the terms of either side and the policies want taken out."""
    return frozenset(
        removal
        for removal, wanted in (
            (Removal.VICTIMS, _hides_victims(case)),
            (Removal.PROVIDER, _hides_provider(case)),
        )
        if wanted
    )


def _hides_victims(case: Case) -> bool:
    terms = (case.terms, case.handling.origin_terms)
    asked = any(side is not None and side.remove_victims for side in terms)
    must = any(policy.obfuscate_affected_parties is Demand.MUST for policy in case.handling.policies)
    return case.handling.names_victims and (asked or (must and case.received))


def _hides_provider(case: Case) -> bool:
    return case.received and any(policy.attribution is Demand.MUST_NOT for policy in case.handling.policies)


def _second_person(case: Case) -> bool:
    """TLP:RED always, and everything above the agreement's threshold."""
    label = case.handling.label
    if label is None or case.open_to_all:
        return False
    return label is Tlp.RED or (case.terms is not None and case.terms.second_person_above < label)
