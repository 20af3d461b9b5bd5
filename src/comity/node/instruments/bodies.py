"""The bodies of the acts about agreements, and the terms inside a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any

import msgspec

from comity.base.errors import Malformed
from comity.engines.release.terms import Terms
from comity.formats.canonical import canonical, sha256_hex
from comity.node.acts.kinds import Body

_UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
AgreementRef = Annotated[str, msgspec.Meta(pattern=f"^agreement--{_UUID4}$")]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

# What an agreement is called and what became of it stand beside its terms, never in them.
_OUTSIDE = frozenset({"agreement", "title", "withdrawn"})


class Decision(Enum):
    """What the party that a proposal is addressed to says of it."""

    ACCEPT = "accept"
    DECLINE = "decline"


class ProposalBody(Body, kw_only=True):
    """Terms for an agreement; with `replaces` the one between us that ends when this one begins."""

    agreement: AgreementRef
    terms: dict[str, Any]
    replaces: AgreementRef | None = None


class AnswerBody(Body, kw_only=True):
    """Yes or no to exactly the terms with this digest."""

    agreement: AgreementRef
    decision: Decision
    terms_sha256: Digest


class WithdrawalBody(Body, kw_only=True):
    """The agreement has no effect from this day on."""

    agreement: AgreementRef
    day: date


def read_terms(ref: str, title: str, terms: Mapping[str, Any]) -> Terms:
    """The terms of a proposal; a field that is not understood may be a restriction, and is `Malformed`."""
    smuggled = _OUTSIDE & terms.keys()
    if smuggled:
        raise Malformed(f"terms/{min(smuggled)}", "does not belong into the terms of a proposal.")
    return Terms.from_json({**terms, "agreement": ref, "title": title})


def written_terms(terms: Terms) -> dict[str, Any]:
    """The terms as a proposal carries them."""
    return {name: value for name, value in terms.as_json().items() if name not in _OUTSIDE}


def terms_digest(ref: str, title: str, terms: Mapping[str, Any]) -> str:
    """What an answer names, so that nobody accepts other terms than those they read."""
    return sha256_hex(canonical({"agreement": ref, "title": title, "terms": dict(terms)}))
