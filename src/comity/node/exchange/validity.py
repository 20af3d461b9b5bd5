"""Whether an object keeps to STIX 2.1, its pattern included: where formats and patterns meet."""

from __future__ import annotations

from comity.base.errors import ComityError
from comity.engines.patterns.parser import parse
from comity.formats.stix import StixObject
from comity.formats.stix21.finding import Finding
from comity.formats.stix21.validate import errors, findings


def findings_of(found: StixObject) -> tuple[Finding, ...]:
    """All that is wrong or doubtful with the object."""
    return findings(found.value, pattern_problem=pattern_problem)


def errors_of(found: StixObject) -> tuple[Finding, ...]:
    """What breaks the standard."""
    return errors(findings_of(found))


def pattern_problem(pattern: str) -> str | None:
    """Why a STIX pattern cannot be read; None if it can."""
    try:
        parse(pattern)
    except ComityError as error:
        return error.message
    return None
