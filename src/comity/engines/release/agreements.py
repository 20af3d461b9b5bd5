"""The rules of the agreement between us and the recipient; TLP:CLEAR and our own use need none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from comity.base.verdict import Ground, Verdict
from comity.engines.release.case import Case, Rule
from comity.engines.release.terms import Onward, Terms

_ONWARD = {
    Onward.NONE: "The receiver may not pass it on.",
    Onward.OWN_CONSTITUENCY: "The receiver may pass it on only to those whom it protects.",
    Onward.WITHIN_TLP: "The receiver may pass it on as far as its TLP label allows.",
}


def basis(case: Case) -> Verdict:
    """What the release rests on; without it the door stays closed."""
    if case.open_to_all:
        text = "It is TLP:CLEAR: there is no limit on who may have it, and no agreement is needed."
        return Verdict.yes(Ground("basis.clear", "FIRST TLP 2.0, TLP:CLEAR", text))
    if case.at_home:
        text = "It stays within our own organisation, which needs no agreement with itself."
        return Verdict.yes(Ground("basis.own-use", "Comity release rules, own use", text))
    if case.terms is None:
        text = f"No agreement with {case.recipient.party} provides for sharing, and it is not TLP:CLEAR."
        return Verdict.no(Ground("basis.none", "Comity release rules, default deny", text))
    text = f"The agreement covers {case.handling.category.words}, for {case.purpose.words}."
    return Verdict.yes(Ground("basis.agreement", case.terms.cited, text))


def in_force(case: Case) -> Verdict | None:
    """An agreement speaks from its first day in force to its last, unless it was withdrawn before."""
    terms = _limiting(case)
    problem = terms and _not_in_force(terms, case.day)
    return Verdict.no(Ground("agreement.not-in-force", terms.cited, problem)) if terms and problem else None


def ceiling(case: Case) -> Verdict | None:
    """The agreement names the highest label that may pass."""
    terms, label = _limiting(case), case.handling.label
    if terms is None or label is None or label <= terms.highest:
        return None
    text = f"It is {label.label}; the agreement goes no higher than {terms.highest.label}."
    return Verdict.no(Ground("agreement.ceiling", terms.cited, text))


def purpose(case: Case) -> Verdict | None:
    """The agreement lists what may be shared for."""
    terms = _limiting(case)
    if terms is None or case.purpose in terms.purposes:
        return None
    text = f"The agreement does not cover the purpose: {case.purpose.words}."
    return Verdict.no(Ground("agreement.purpose", terms.cited, text))


def category(case: Case) -> Verdict | None:
    """The agreement lists which kinds of things may be shared."""
    terms = _limiting(case)
    if terms is None or case.handling.category in terms.categories:
        return None
    text = f"The agreement does not cover {case.handling.category.words}."
    return Verdict.no(Ground("agreement.category", terms.cited, text))


RULES: tuple[Rule, ...] = (basis, in_force, ceiling, purpose, category)


def duties(case: Case) -> Iterator[Ground]:
    """What the agreement binds the receiver to."""
    terms = _limiting(case)
    if terms is None:
        return
    yield Ground("duty.onward", terms.cited, _ONWARD[terms.onward])
    if terms.retention_days is not None:
        text = f"The receiver deletes it after {terms.retention_days} days."
        yield Ground("duty.retention", terms.cited, text)


def _limiting(case: Case) -> Terms | None:
    return None if case.open_to_all or case.at_home else case.terms


def _not_in_force(terms: Terms, day: date) -> str | None:
    if day < terms.since:
        return f"The agreement enters into force on {terms.since}."
    if terms.withdrawn is not None and day >= terms.withdrawn:
        return f"The agreement was withdrawn from on {terms.withdrawn}."
    if terms.until is not None and day > terms.until:
        return f"The agreement expired on {terms.until}."
    return None
