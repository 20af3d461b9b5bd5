"""The rules of the markings: TLP 2.0, and markings that nobody here can read."""

from __future__ import annotations

from types import MappingProxyType

from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.engines.release.case import Case, Relation, Rule

_STANDARD = "FIRST TLP 2.0"

# How far a receiver may pass on what came to it under a label.
REACH = MappingProxyType({
    Tlp.CLEAR: Relation.PUBLIC,
    Tlp.GREEN: Relation.PARTNER,
    Tlp.AMBER: Relation.CONSTITUENT,
    Tlp.AMBER_STRICT: Relation.ORGANISATION,
    Tlp.RED: None,
})  # fmt: skip  # one label to a line

_LIMIT = MappingProxyType({
    Tlp.GREEN: "It was given to us as TLP:GREEN, which stays within the community of accepted partners.",
    Tlp.AMBER: "It was given to us as TLP:AMBER, which stays within our organisation and those it protects.",
    Tlp.AMBER_STRICT: "It was given to us as TLP:AMBER+STRICT, which stays within our organisation.",
})  # fmt: skip  # one label to a line


def unknown_marking(case: Case) -> Verdict | None:
    """A marking that nobody here can read may forbid anything."""
    if not case.handling.unknown_markings:
        return None
    ids = ", ".join(sorted(case.handling.unknown_markings))
    text = f"It carries markings that are not known here; what they mean is missing: {ids}."
    return Verdict.unknown(Ground("marking.unknown", "STIX 2.1, section 7.2 (data markings)", text))


def unmarked(case: Case) -> Verdict | None:
    """Without a label the source has not said how far it may go."""
    if case.handling.label is not None:
        return None
    text = "It carries no TLP marking; the source has to say how far it may go."
    return Verdict.unknown(Ground("tlp.unmarked", _STANDARD, text))


def red(case: Case) -> Verdict | None:
    """TLP:RED is for the recipients whom the source named, whoever holds it."""
    if case.handling.label is not Tlp.RED or case.permitted_by_source:
        return None
    text = f"It is TLP:RED, for named recipients only, and {case.recipient.party} is not named."
    return Verdict.no(Ground("tlp.red", f"{_STANDARD}, TLP:RED", text))


def public(case: Case) -> Verdict | None:
    """The world sees TLP:CLEAR and nothing else, even of our own."""
    label = case.handling.label
    if label in (None, Tlp.CLEAR) or case.recipient.relation is not Relation.PUBLIC:
        return None
    text = f"{case.recipient.party} is not an accepted partner, and only TLP:CLEAR is for everyone."
    return Verdict.no(Ground("tlp.public", f"{_STANDARD}, TLP:CLEAR", text))


def reach(case: Case) -> Verdict | None:
    """A label binds its receivers: what came to us goes no further than it says, unless the source agrees."""
    label = case.handling.label
    if label is None or label not in _LIMIT or not case.received or case.permitted_by_source:
        return None
    if case.recipient.relation.within(REACH[label]):
        return None
    return Verdict.no(Ground("tlp.reach", f"{_STANDARD}, {label.label}", _LIMIT[label]))


RULES: tuple[Rule, ...] = (unknown_marking, unmarked, red, public, reach)
