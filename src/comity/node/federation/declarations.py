"""The acts by which a node declares a new key: signed by the old one, taken over by every partner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict
from comity.formats.keys import NodeKey
from comity.formats.rollover import KIND, KeyDeclaration, check_declaration
from comity.node.acts.kinds import Arrived, Body, Draft, Judgement, Kind, Verb
from comity.node.acts.models import Act
from comity.node.federation.models import Partner, PartnerKey


class KeyBody(Body):
    """A new public key, the one it replaces, and the proof that the author holds it."""

    key: dict[str, Any]
    proof: dict[str, Any]
    replaces: str | None = None


def _judge(draft: Draft, _now: datetime) -> Judgement:
    text = "A node tells its partners which keys it signs with."
    return Judgement(Verdict.yes(Ground("key.declared", "docs/wire/descriptor.md", text)))


def _nobody(_draft: Draft, _judgement: Judgement) -> None:
    """No second person: the administrator who renews a key compares nothing that another could."""


def _admissible(arrived: Arrived, _now: datetime) -> Verdict:
    try:
        declared = KeyDeclaration.decode(arrived.body)
    except Malformed as error:
        return Verdict.no(Ground("key.malformed", "docs/wire/descriptor.md", error.message))
    return check_declaration(arrived.author.ref, declared)


def _take_over(act: Act, _now: datetime) -> None:
    """The partner's new key counts from its day on, and the one it replaces until then."""
    declared = KeyDeclaration.decode(act.body)
    partner = Partner.objects.select_for_update().get(party=act.author)
    keep_key(partner, declared.key)
    if declared.replaces:
        replaced = PartnerKey.objects.filter(partner=partner, kid=declared.replaces, until=None)
        replaced.update(until=declared.key.since)


def keep_key(partner: Partner, key: NodeKey) -> None:
    """Know this key as the partner's from now on."""
    PartnerKey.objects.update_or_create(
        partner=partner,
        kid=key.kid,
        use=key.use.value,
        defaults={"public": key.raw, "since": key.since, "until": key.until},
    )


DECLARE_KEY = Kind(
    name=KIND,
    verb=Verb.DECLARE,
    title="Declare a new key",
    body=KeyBody,
    composers=frozenset(),  # the node itself, when an administrator renews a key
    judge=_judge,
    second_person=_nobody,
    template="federation/acts/key.html",
    admissible=_admissible,
    on_arrived=_take_over,
)
