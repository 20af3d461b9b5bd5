"""The terms of an agreement in plain words, for the people who conclude it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum

from django.utils import dateformat

from comity.engines.release.terms import Category, Onward, Purpose, Terms

PURPOSES = {purpose: purpose.words for purpose in Purpose}
CATEGORIES = {category: category.words for category in Category}
ONWARD = {
    Onward.NONE: "to nobody",
    Onward.OWN_CONSTITUENCY: "to those whom it protects",
    Onward.WITHIN_TLP: "as far as the TLP label allows",
}


def in_words(terms: Terms) -> tuple[str, ...]:
    """What the terms mean, one sentence each."""
    return (
        f"Each side may give the other {_listed(terms.categories, CATEGORIES)}.",
        f"They are given for {_listed(terms.purposes, PURPOSES)}, and for nothing else.",
        f"Nothing above {terms.highest.label} passes.",
        f"Above {terms.second_person_above.label} a second person of the giving side approves.",
        "Victims are made unrecognisable before anything leaves."
        if terms.remove_victims
        else "Victims may be named.",
        f"The receiver may pass it on {ONWARD[terms.onward]}.",
        f"The receiver deletes it after {terms.retention_days} days."
        if terms.retention_days
        else "The receiver may keep it.",
        f"It is in force from {day_in_words(terms.since)}"
        + (f" to {day_in_words(terms.until)}." if terms.until else " without an end."),
    )


def as_table(terms: Terms) -> tuple[tuple[str, str], ...]:
    """The same, term by term."""
    return (
        ("Provision", terms.source),
        ("Highest label", terms.highest.label),
        ("Purposes", _listed(terms.purposes, PURPOSES)),
        ("Categories", _listed(terms.categories, CATEGORIES)),
        ("Victims", "made unrecognisable" if terms.remove_victims else "may be named"),
        ("Passing on", ONWARD[terms.onward]),
        ("Deletion", f"after {terms.retention_days} days" if terms.retention_days else "not asked for"),
        ("Second person above", terms.second_person_above.label),
        ("First day", day_in_words(terms.since)),
        ("Last day", day_in_words(terms.until) if terms.until else "none"),
    )


def day_in_words(day: date) -> str:
    """The date as it stands on every page."""
    return dateformat.format(day, "j M Y")


def _listed(members: Iterable[Enum], words: dict[Purpose, str] | dict[Category, str]) -> str:
    chosen = [word for member, word in words.items() if member in set(members)]
    return ", ".join(chosen[:-1]) + " and " + chosen[-1] if len(chosen) > 1 else "".join(chosen) or "nothing"
