"""Import files: STIX 2.1 bundles and MISP events, each in one transaction with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from comity.base.errors import Malformed, Unavailable
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.handling import Ownership
from comity.formats.canonical import sha256_hex
from comity.formats.stix import StixObject as Found
from comity.formats.stix import decode_bundle
from comity.node.exchange import queries
from comity.node.exchange.handling import Origin
from comity.node.exchange.models import Import, VictimHow
from comity.node.exchange.services.storing import Progress, Way, silent, store
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file comes from, as the person who imports it says: a party, or words for anything else.

    Our own body as the party means that we made it. `unmarked_as` is the label of what carries none;
    without it such objects stay here until somebody says how far they may go.
    """

    party: Party | None = None
    note: str = ""
    unmarked_as: Tlp | None = None

    def __post_init__(self) -> None:
        if self.party is None and not self.note.strip():
            raise Malformed("source", "say where it comes from: a party, or a few words.")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file says, in whatever form it was."""

    form: str
    objects: tuple[Found, ...]
    victims: Mapping[str, VictimHow] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@transaction.atomic
def import_bundle(
    *, actor: Actor, content: bytes, source: Source, now: datetime, progress: Progress = silent
) -> Import:
    """Keep the objects of a STIX 2.1 bundle; the report says what is new, known and refused."""
    actor.may(Power.IMPORT).require()
    read = _Read("stix", decode_bundle(content))
    return _keep(read, actor=actor, content=content, source=source, now=now, progress=progress)


@transaction.atomic
def import_misp(
    *, actor: Actor, content: bytes, source: Source, now: datetime, progress: Progress = silent
) -> Import:
    """Keep what a MISP event says, as STIX 2.1; identities that it names as targets are victims."""
    actor.may(Power.IMPORT).require()
    try:
        from comity.formats.misp import decode_misp  # noqa: PLC0415  an extra that not every node has, heavy to import
    except ModuleNotFoundError as error:
        raise Unavailable("MISP events need an extra of this node: pip install comity[misp]") from error
    found = decode_misp(content)
    read = _Read("misp", found.objects, dict.fromkeys(found.victims, VictimHow.TARGET), found.unmapped)
    return _keep(read, actor=actor, content=content, source=source, now=now, progress=progress)


def _keep(
    read: _Read,
    *,
    actor: Actor,
    content: bytes,
    source: Source,
    now: datetime,
    progress: Progress,
) -> Import:
    holder = queries.own_body(actor)
    _not_of_another_body(source, holder)
    row = Import.objects.create(
        holder=holder,
        form=read.form,
        sha256=sha256_hex(content),
        source=source.party,
        note=source.note,
        unmarked_as=source.unmarked_as.value if source.unmarked_as else "",
        by_id=actor.person,
        by_name=actor.name,
        at=now,
    )
    origin = _origin(source, holder)
    way = Way(holder, origin, source.party, brought=row, acts={}, by=actor.name, now=now)
    report = store(read.objects, way, victims=read.victims, progress=progress)
    row.report = replace(report, notes=read.notes).as_json()
    row.save(update_fields=["report"])
    return row


def _origin(source: Source, holder: Party) -> Origin:
    if source.party is not None and source.party.pk == holder.pk:
        return Origin(Ownership.OWN, holder.ref, unmarked_as=source.unmarked_as)
    giver = source.party.ref if source.party else source.note
    return Origin(Ownership.RECEIVED, giver, unmarked_as=source.unmarked_as)


def _not_of_another_body(source: Source, holder: Party) -> None:
    """Bodies of one node do not speak for one another: what is another's comes as received."""
    if source.party is not None and source.party.ours and source.party.pk != holder.pk:
        text = f"You act for {holder.name}; only {source.party.name} itself can call something its own work."
        raise Refused(Verdict.no(Ground("import.source", "Comity rules of import", text)))
