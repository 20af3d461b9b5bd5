"""The rules of FIRST IEP 2.0. Where a thing carries several policies, each of them has to be met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from comity.base.verdict import Ground, Verdict, all_of
from comity.engines.release.case import Case, Rule
from comity.engines.release.iep import Actions, Demand, Iep
from comity.engines.release.terms import Purpose

# Sharing for these means that the receiver will act on what it gets.
ACTING = frozenset({
    Purpose.NETWORK_DEFENCE,
    Purpose.INCIDENT_RESPONSE,
    Purpose.VICTIM_NOTIFICATION,
    Purpose.LAW_ENFORCEMENT,
})  # fmt: skip  # one purpose to a line

# FIRST's own policies point here; the pages explain the standards and add no condition.
WITHOUT_CONDITIONS = frozenset({"https://www.first.org/tlp", "https://www.first.org/iep"})

_ACTIONS = MappingProxyType({
    Actions.NONE: "The receiver keeps it for its own knowledge and does not act on it.",
    Actions.CONTACT_FOR_INSTRUCTION: "The receiver contacts the provider before acting on it.",
    Actions.INTERNALLY_VISIBLE: "The receiver acts on it only where nobody outside its own networks can see.",
    Actions.EXTERNALLY_VISIBLE_INDIRECT: "The receiver takes no direct action that the other side could see.",
})  # fmt: skip  # one statement to a line


def in_effect(case: Case) -> Verdict | None:
    """A policy outside its dates permits nothing, and nobody has said what applies instead."""
    return _each(
        (policy for policy in case.handling.policies if not policy.in_effect(case.now)),
        Verdict.unknown,
        "iep.dates",
        "POLICY START DATE and END DATE",
        "The policy is not in effect now; which one applies instead is missing.",
    )


def permitted_actions(case: Case) -> Verdict | None:
    """What nobody may act on is not shared for a purpose that means acting."""
    if case.purpose not in ACTING:
        return None
    return _each(
        (policy for policy in case.handling.policies if policy.permitted_actions is Actions.NONE),
        Verdict.no,
        "iep.no-action",
        "PERMITTED ACTIONS: NONE",
        f"The policy permits no action, and {case.purpose.words} means acting.",
    )


def instruction(case: Case) -> Verdict | None:
    """Before what we received is passed on to be acted on, its provider gives its instruction."""
    if case.purpose not in ACTING or not case.received or case.permitted_by_source:
        return None
    asking = Actions.CONTACT_FOR_INSTRUCTION
    return _each(
        (policy for policy in case.handling.policies if policy.permitted_actions is asking),
        Verdict.unknown,
        "iep.instruction",
        "PERMITTED ACTIONS: CONTACT FOR INSTRUCTION",
        f"The provider {case.handling.origin} has to be asked first; its instruction is missing.",
    )


def notifications(case: Case) -> Verdict | None:
    """Affected parties are not told where the policy forbids it."""
    if case.purpose is not Purpose.VICTIM_NOTIFICATION:
        return None
    forbidding = Demand.MUST_NOT
    return _each(
        (policy for policy in case.handling.policies if policy.affected_party_notifications is forbidding),
        Verdict.no,
        "iep.notifications",
        "AFFECTED PARTY NOTIFICATIONS: MUST NOT",
        "The policy forbids telling the affected parties.",
    )


def references(case: Case) -> Verdict | None:
    """Conditions that are written elsewhere bind us too; a person reads them before a thing goes on."""
    if not case.received:
        return None
    met = WITHOUT_CONDITIONS | case.handling.conditions_read
    return _each(
        (policy for policy in case.handling.policies if policy.external_references - met),
        Verdict.unknown,
        "iep.references",
        "EXTERNAL REFERENCE",
        "The policy refers to conditions elsewhere; that a person read them and found them met is missing.",
    )


RULES: tuple[Rule, ...] = (in_effect, permitted_actions, instruction, notifications, references)


def duties(case: Case) -> Iterator[Ground]:
    """What the policies bind the receiver to."""
    for policy in _ordered(case.handling.policies):
        if policy.permitted_actions in _ACTIONS:
            yield _ground(policy, "duty.actions", "PERMITTED ACTIONS", _ACTIONS[policy.permitted_actions])
        for rule, statement, demand, asked, text in _binding(policy):
            if demand is asked:
                yield _ground(policy, rule, f"{statement}: {asked.value.upper().replace('-', ' ')}", text)


def _binding(policy: Iep) -> tuple[tuple[str, str, Demand, Demand, str], ...]:
    """Rule, statement, what the policy says, what would bind, and the duty in words."""
    must, must_not = Demand.MUST, Demand.MUST_NOT
    told, named, sold = policy.affected_party_notifications, policy.attribution, policy.unmodified_resale
    return (
        ("duty.encrypt", "ENCRYPT IN TRANSIT", policy.encrypt_in_transit, must,
         "The receiver encrypts it whenever it passes it on."),
        ("duty.notifications", "AFFECTED PARTY NOTIFICATIONS", told, must_not,
         "The receiver does not tell the affected parties."),
        ("duty.attribution", "ATTRIBUTION", named, must,
         "The receiver names the provider when it passes it on."),
        ("duty.anonymity", "ATTRIBUTION", named, must_not,
         "The receiver does not name the provider when it passes it on."),
        ("duty.resale", "UNMODIFIED RESALE", sold, must_not, "The receiver does not sell it on unchanged."),
        ("duty.obfuscation", "OBFUSCATE AFFECTED PARTIES", policy.obfuscate_affected_parties, must,
         "The receiver hides the affected parties when it passes it on."),
    )  # fmt: skip  # a table


def _each(
    policies: Iterable[Iep], answer: Callable[[Ground], Verdict], rule: str, statement: str, text: str
) -> Verdict | None:
    found = [answer(_ground(policy, rule, statement, text)) for policy in _ordered(policies)]
    return all_of(found) if found else None


def _ground(policy: Iep, rule: str, statement: str, text: str) -> Ground:
    return Ground(rule, f"FIRST IEP 2.0, {statement} ({policy.name})", text)


def _ordered(policies: Iterable[Iep]) -> list[Iep]:
    """By id, so that the same case always has the same grounds in the same order."""
    return sorted(policies, key=lambda policy: (policy.id, policy.name))
