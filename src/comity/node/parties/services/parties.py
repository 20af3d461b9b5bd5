"""Parties: added, and changed in what they look after."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from comity.base.countries import COUNTRIES
from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.node.parties.actors import Actor
from comity.node.parties.constituency import Constituency
from comity.node.parties.models import ChangeKind, Party, PartyKind
from comity.node.parties.queries import managed_bodies
from comity.node.parties.roles import Power
from comity.node.parties.rules import manages
from comity.node.parties.sectors import read_sectors
from comity.node.parties.services.changes import note

MAX_NAME = 200
STATELESS = frozenset({PartyKind.REGIONAL_ORGANISATION, PartyKind.OBSERVER, PartyKind.CIVIL_SOCIETY})
_REF = re.compile(r"identity--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@transaction.atomic
def add_party(
    *,
    actor: Actor,
    ref: str,
    kind: PartyKind,
    name: str,
    state: str,
    now: datetime,
    ours: bool = False,
    sectors: Iterable[str] = (),
    constituency: Constituency | None = None,
) -> Party:
    """A new party; a body of ours is added by who manages people, another by who manages partners."""
    actor.may(Power.MANAGE_PEOPLE if ours else Power.MANAGE_PARTNERS).require()
    if not _REF.fullmatch(ref):
        raise Malformed("ref", "expected a STIX identity id: identity-- and a UUID in lower case")
    if Party.objects.filter(ref=ref).exists():
        raise Conflict(f"There is a party {ref} already; change that one.")
    party = Party(ref=ref, kind=kind, state=_state(kind, state), ours=ours, added=now)
    _describe(party, name=name, sectors=sectors, constituency=constituency or Constituency())
    party.save()
    note(ChangeKind.PARTY_ADDED, actor=actor, now=now, party=party, name=party.name, kind=party.kind)
    return party


@transaction.atomic
def change_party(
    *,
    actor: Actor,
    party: Party,
    name: str,
    sectors: Iterable[str],
    constituency: Constituency,
    now: datetime,
) -> Party:
    """Another name, other sectors or another constituency; kind, state and ref stay."""
    locked = Party.objects.select_for_update(no_key=True).filter(pk=party.pk).first()
    if locked is None:
        raise NotFound("party")
    actor.may(Power.MANAGE_PEOPLE if locked.ours else Power.MANAGE_PARTNERS).require()
    if locked.ours:
        managed = set(managed_bodies(actor, now).values_list("pk", flat=True))
        manages(locked.pk, locked.name, managed).require()
    before = _described(locked)
    _describe(locked, name=name, sectors=sectors, constituency=constituency)
    after = _described(locked)
    if after == before:
        return locked
    locked.save()
    changed = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
    note(ChangeKind.PARTY_CHANGED, actor=actor, now=now, party=locked, changed=changed)
    return locked


def _state(kind: PartyKind, state: str) -> str:
    if not state and kind in STATELESS:
        return ""
    if state not in COUNTRIES:
        raise Malformed("state", f"{state!r} is not an alpha-2 code of ISO 3166-1, such as PK")
    return state


def _describe(party: Party, *, name: str, sectors: Iterable[str], constituency: Constituency) -> None:
    party.name = read_line(name, "name", most=MAX_NAME)
    party.sectors = list(read_sectors(sectors))
    party.networks = list(constituency.networks)
    party.as_numbers = list(constituency.as_numbers)
    party.domains = list(constituency.domains)


def _described(party: Party) -> dict[str, object]:
    return {
        "name": party.name,
        "sectors": list(party.sectors),
        "networks": list(party.networks),
        "as_numbers": list(party.as_numbers),
        "domains": list(party.domains),
    }
