"""The rules of where a thing comes from: whoever gave it to us may have set conditions on passing it on."""

from __future__ import annotations

from types import MappingProxyType

from comity.base.verdict import Ground, Verdict
from comity.engines.release.case import Case, Relation, Rule
from comity.engines.release.terms import Onward

REACH = MappingProxyType({
    Onward.NONE: Relation.ORGANISATION,
    Onward.OWN_CONSTITUENCY: Relation.CONSTITUENT,
    Onward.WITHIN_TLP: Relation.PUBLIC,
})  # fmt: skip  # one term to a line

_LIMIT = MappingProxyType({
    Onward.NONE: "It may not be passed on at all.",
    Onward.OWN_CONSTITUENCY: "It may be passed on only to those whom our organisation protects.",
})  # fmt: skip  # one term to a line

# The origin's terms bind what came under them even after they have ended: no rule here asks for their dates.


def back_to_origin(case: Case) -> Verdict | None:
    """Nobody is told what they told us; a body that uses its own work is told nothing."""
    if case.at_home or case.recipient.party != case.handling.origin:
        return None
    text = f"It came from {case.recipient.party}, who has it already."
    return Verdict.no(Ground("origin.return", "Comity release rules, origin", text))


def onward(case: Case) -> Verdict | None:
    """The origin's agreement says how far it may go on, whatever the label allows."""
    terms = case.handling.origin_terms
    if terms is None or case.permitted_by_source or case.recipient.relation.within(REACH[terms.onward]):
        return None
    return Verdict.no(Ground("origin.onward", terms.cited, _LIMIT[terms.onward]))


def purpose(case: Case) -> Verdict | None:
    """What was given for one purpose is not passed on for another."""
    terms = case.handling.origin_terms
    if terms is None or case.purpose in terms.purposes:
        return None
    text = f"It was given to us for other purposes than {case.purpose.words}."
    return Verdict.no(Ground("origin.purpose", terms.cited, text))


def retention(case: Case) -> Verdict | None:
    """What should have been deleted is not passed on."""
    until = case.handling.keep_until
    if until is None or case.day <= until:
        return None
    terms = case.handling.origin_terms
    source = terms.cited if terms else "Comity release rules, retention"
    return Verdict.no(Ground("origin.retention", source, f"We might keep it until {until} and no longer."))


RULES: tuple[Rule, ...] = (back_to_origin, onward, purpose, retention)
