"""The acts by which a node declares a new key: signed by the old one, taken over by every partner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from comity.base.errors import Conflict, Malformed
from comity.base.verdict import Ground, Verdict
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import KIND, KeyDeclaration, check_declaration
from comity.node.acts.kinds import Arrived, Body, Draft, Judgement, Kind, Verb, one_by_one
from comity.node.acts.models import Act
from comity.node.federation.models import OwnKey, Partner, PartnerKey

_SOURCE = "docs/wire/descriptor.md"


class KeyBody(Body):
    """A new public key, the one it replaces, and the proof that the author holds it."""

    key: dict[str, Any]
    proof: dict[str, Any]
    replaces: str | None = None


def _judge(draft: Draft, _now: datetime) -> Judgement:
    text = "A node tells its partners which keys it signs with."
    return Judgement(Verdict.yes(Ground("key.declared", _SOURCE, text)))


def _nobody(_draft: Draft, _judgement: Judgement) -> None:
    """No second person: the administrator who renews a key compares nothing that another could."""


def _admissible(arrived: Arrived, _now: datetime) -> Verdict:
    try:
        declared = KeyDeclaration.decode(arrived.body)
    except Malformed as error:
        return _no("key.malformed", error.message)
    proven = check_declaration(arrived.author.ref, declared)
    return proven if not proven.allowed else _in_order(arrived, declared)


def _in_order(arrived: Arrived, declared: KeyDeclaration) -> Verdict:
    """A key is declared once, for the time to come, and replaces one that was in force before it."""
    key = declared.key
    if PartnerKey.objects.filter(kid=key.kid).exists() or _is_ours(key):
        return _no("key.known", "This key was declared before; a key is declared once, by one party.")
    if key.use is Use.LOG:
        return _no("key.of-the-log", "A log keeps its key for life; a new log has a new name.")
    if key.since < arrived.created:
        return _no("key.back-dated", "The key would count from a time before it was declared.")
    mine = PartnerKey.objects.filter(partner__party=arrived.author, use=key.use.value, since__lt=key.since)
    if declared.replaces and not mine.filter(kid=declared.replaces).exists():
        return _no("key.replaces-nothing", "The key that it replaces is none of that use from before it.")
    return Verdict.yes(Ground("key.new", _SOURCE, "The key is new, and counts from now on."))


def _is_ours(key: NodeKey) -> bool:
    return OwnKey.objects.filter(kid=key.kid).exists()


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, _SOURCE, text))


def _take_over(act: Act, _now: datetime) -> None:
    """The partner's new key counts from its day on, and the one it replaces until then."""
    declared = KeyDeclaration.decode(act.body)
    partner = Partner.objects.select_for_update().get(party=act.author)
    keep_key(partner, declared.key)
    if declared.replaces:
        replaced = PartnerKey.objects.filter(partner=partner, kid=declared.replaces)
        ends_later = Q(until=None) | Q(until__gt=declared.key.since)
        replaced.filter(ends_later).update(until=declared.key.since)


def keep_key(partner: Partner, key: NodeKey) -> None:
    """Know this key as the partner's from now on; a descriptor may name one that is not its own."""
    others = PartnerKey.objects.filter(kid=key.kid).exclude(partner=partner)
    if others.exists() or _is_ours(key):
        raise Conflict(
            f"{partner.party.name} names the key {key.kid} as its own, and it belongs to another node. "
            "Do not accept it; ask the partner over another channel."
        )
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
    on_arrived=one_by_one(_take_over),
    in_turn=True,
    may_wait=True,  # whoever is suspended now could otherwise never verify us again
)
