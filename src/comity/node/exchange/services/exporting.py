"""Write what somebody may see into a file, by the judgement that a share applies; for a partner, recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import IO
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event, LogEntry
from comity.formats.exports.all import FORMS
from comity.formats.exports.form import About, Form, Row, Written
from comity.node.accountability.services import record
from comity.node.acts.kinds import Leaving
from comity.node.exchange import queries
from comity.node.exchange.outgoing import outgoing
from comity.node.exchange.scores import in_force
from comity.node.exchange.services.spooled import PIECE, Spooled, spool
from comity.node.exchange.sights import Sight, sight_for
from comity.node.exchange.sought import Seekers
from comity.node.exchange.to_act_on import ToActOn
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party

STIX = "stix"
MOST_KNOWN = 500_000  # lines that are compared; beyond these a value may stand twice, which harms no device


@dataclass(slots=True)
class Exported:
    """A file in a form for devices that is ready."""

    form: Form
    about: About
    changes: datetime | None  # when the same would be written otherwise, though nothing came in
    file: Spooled


def export_bundle(
    *, actor: Actor, partner: Party, purpose: Purpose, now: datetime, new_id: Callable[[], UUID] = uuid4
) -> Spooled:
    """A STIX 2.1 bundle of all that the partner, or our own body, may see, with removals made.

    What needs a second person is not in it: that leaves by an act alone.
    """
    seen = sight_for(actor, partner, purpose=purpose, now=now)
    alone = [pk for pk in (*seen.whole, *seen.reduced) if not seen.releases[pk].second_person]
    keys = list(seen.objects(alone).values_list("pk", flat=True))
    written = Bundle(f"bundle--{new_id()}")
    done = Spooled.of(written.pieces(leaving for _, leaving in outgoing(seen.asked, keys)))
    _record(seen, STIX, done.sha256, written.count)
    return done


@dataclass(slots=True)
class Bundle:
    """A STIX 2.1 bundle in canonical form, written object by object and counted."""

    id: str
    count: int = 0

    def pieces(self, objects: Iterable[Leaving]) -> Iterator[bytes]:
        """Its text."""
        yield b'{"id":"%b","objects":[' % self.id.encode()
        for each in objects:
            yield (b"," if self.count else b"") + each.wire
            self.count += 1
        yield b'],"type":"bundle"}'


def export_as(
    name: str,
    *,
    actor: Actor,
    partner: Party | None = None,
    purpose: Purpose = Purpose.NETWORK_DEFENCE,
    least: int = 0,
    least_score: int = 0,
    among: Sequence[int] | None = None,
    now: datetime,
) -> Exported:
    """A file of this form for a partner; without one, for the devices of the actor's own body.

    With `among` it tells of the objects with these keys alone.

    What is for ourselves is judged too: labels, policies and the terms of givers bind us at home. Scores for
    ourselves look at what others reported; a partner's do not, since it would learn of that by them.
    """
    receiver = partner or queries.own_body(actor)
    seekers = Seekers(sight_for(actor, receiver, purpose=purpose, now=now), least, least_score, among)
    done = write(
        FORMS[name],
        seekers.rows(),
        seekers.told,
        holder=seekers.sight.asked.holder,
        receiver="its own devices" if seekers.at_home else receiver.name,
    )
    try:
        _record(seekers.sight, name, done.file.sha256, done.about.count)
    except BaseException:
        done.file.close()
        raise
    return done


def standing(
    name: str,
    *,
    actor: Actor,
    purpose: Purpose = Purpose.NETWORK_DEFENCE,
    least: int = 0,
    least_score: int = 0,
    now: datetime,
) -> str:
    """A digest of all that the file for our own devices follows from, but for the validity of indicators.

    It is the same while no object came, went or moved to another class, no judgement changed, no victim
    became known, and the node runs the same release; found without reading an object.
    """
    body = queries.own_body(actor)
    seen = sight_for(actor, body, purpose=purpose, now=now)
    judged = [
        [pk, release.second_person, seen.counts[pk], release.as_json()]
        for pk, release in sorted(seen.releases.items())
    ]
    newest = seen.objects(list(seen.releases)).values_list("added", flat=True).first()
    victims = queries.victims_of(body)
    told = [
        version("comity"),
        name,
        least,
        least_score,
        str(in_force(now)) if least_score else "",
        body.ref,
        body.name,
        newest and newest.isoformat(),
        judged,
    ]
    return sha256_hex(canonical([*told, sorted(victims.ids), sorted(victims.names)]))


def write(form: Form, rows: Iterable[Row], told: ToActOn, *, holder: Party, receiver: str) -> Exported:
    """A file of these rows: the lines first, part by part, since the head tells their number."""
    with ExitStack() as stack:
        parts = {part: stack.enter_context(spool()) for part in form.parts}
        count = _write_lines(form, rows, told, parts)
        about = About(
            node=urlsplit(settings.CONFIG.address).netloc,
            body=holder.name,
            receiver=receiver,
            at=told.now,
            tlp=told.label.label if told.label else "",
            count=count,
            left_out=tuple(sorted(told.left_out.items())),
        )
        written = {name: _ready(part) for name, part in parts.items()}
        return Exported(form, about, told.changes, Spooled.of(form.file(about, written)))


def _write_lines(form: Form, rows: Iterable[Row], told: ToActOn, parts: dict[str, IO[bytes]]) -> int:
    known: set[bytes] = set()
    count = 0
    for row in rows:
        found = form.line(row)
        if found is None:
            told.left_out["values that this form cannot tell, or that would hit others"] += 1
            continue
        part, line = found
        digest = hashlib.blake2b(part.encode() + b"\n" + line, digest_size=16).digest()
        if digest in known:
            continue
        if len(known) < MOST_KNOWN:
            known.add(digest)
        parts[part].write(line)
        count += 1
    return count


def _ready(part: IO[bytes]) -> Written:
    size = part.tell()
    part.seek(0)
    return Written(size, iter(lambda: part.read(PIECE), b""))


def _record(seen: Sight, form: str, digest: str, values: int) -> None:
    """The log says that a file was made for a partner; what stays at home has not left."""
    asked = seen.asked
    if asked.partner.pk == asked.holder.pk:
        return
    more = {"form": form, "values": values}
    entry = LogEntry(
        Event.CONTENT_EXPORTED, asked.now, asked.partner.ref, digest, sender=asked.holder.ref, more=more
    )
    with transaction.atomic():
        record([entry], now=asked.now)
