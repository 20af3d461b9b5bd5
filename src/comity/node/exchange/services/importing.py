"""Import files: STIX 2.1 bundles of any length and MISP events, with a report of all that is not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from django.db import transaction

from comity.base.errors import ComityError, Malformed
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.handling import Ownership
from comity.engines.release.terms import Terms
from comity.formats.bundles import bundle_objects, named
from comity.formats.misp.apart import HEAD, is_misp
from comity.formats.misp.decode import decode_misp
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.handling import Origin, kept_until, last_day
from comity.node.exchange.models import Import, VictimHow
from comity.node.exchange.services.also_given import Given, stand_beside
from comity.node.exchange.services.holding import retitle_brought
from comity.node.exchange.services.storing import Progress, Report, Way, silent, store
from comity.node.exchange.validity import errors_of
from comity.node.faults import Step, reach
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

AT_ONCE = 20_000  # objects that are kept in one transaction; more are kept portion by portion
PORTION = 2_000


class Readable(Protocol):
    """A file that can be read from its beginning once more."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""

    def seek(self, place: int, /) -> int:
        """Go back to this place."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file comes from, as the person who imports it says: a party, or words for anything else.

    Our own body as the party means that we made it. `unmarked_as` is the label of what carries none;
    without it such objects stay here until somebody says how far they may go. A strict source is held to the
    standard: an object that breaks it is refused; otherwise it is kept, and the report says what is wrong.
    What a party gives under an agreement is bound by its terms.
    """

    party: Party | None = None
    note: str = ""
    unmarked_as: Tlp | None = None
    strict: bool = False
    terms: Terms | None = None

    def __post_init__(self) -> None:
        if self.party is None and not self.note.strip():
            raise Malformed("source", "say where it comes from: a party, or a few words.")


def import_file(
    *, actor: Actor, file: Readable, source: Source, now: datetime, progress: Progress = silent
) -> Import:
    """Keep what a file says, a STIX 2.1 bundle or a MISP event: it tells by how it begins."""
    misp = is_misp(file.read(HEAD))
    file.seek(0)
    service = import_misp if misp else import_bundle
    return service(actor=actor, file=file, source=source, now=now, progress=progress)


def import_bundle(
    *, actor: Actor, file: Readable, source: Source, now: datetime, progress: Progress = silent
) -> Import:
    """Keep the objects of a STIX 2.1 bundle; the report says what is new, known and refused.

    The text is read through before anything is kept, so that what is no bundle changes nothing. A long bundle
    is kept in several transactions: if that breaks off, the import says so, and a repeat completes it.
    """
    actor.may(Power.IMPORT).require()
    holder = queries.own_body(actor)
    _not_of_another_body(source, holder)
    hashed = _Hashed(file)
    few, count = _read_through(hashed)
    done = _Import(actor, holder, source, now, "stix", hashed.digest)
    if few is not None:
        return done.at_once(few, progress)
    file.seek(0)
    return done.by_portions(_portions(file), count, progress)


def import_misp(
    *, actor: Actor, file: Readable, source: Source, now: datetime, progress: Progress = silent
) -> Import:
    """Keep what a MISP event says, as STIX 2.1; identities that it names as targets are victims.

    What gives more than `AT_ONCE` objects is kept in several transactions, as a long bundle is.
    """
    actor.may(Power.IMPORT).require()
    holder = queries.own_body(actor)
    _not_of_another_body(source, holder)
    content = file.read()
    found = decode_misp(content)
    done = _Import(actor, holder, source, now, "misp", sha256(content).hexdigest())
    victims = dict.fromkeys(found.victims, VictimHow.TARGET)
    objects, count = found.objects, len(found.objects)
    if count <= AT_ONCE:
        return done.at_once(_Readings(objects), progress, victims=victims, notes=found.notes)
    portions = (_Readings(objects[start : start + PORTION]) for start in range(0, count, PORTION))
    return done.by_portions(portions, count, progress, victims=victims, notes=found.notes)


def import_pages(
    *,
    actor: Actor,
    pages: Iterable[Sequence[bytes]],
    source: Source,
    now: datetime,
    notes: Callable[[], tuple[str, ...]],
    progress: Progress = silent,
) -> Import:
    """Keep what another's server gives page by page, each page in a transaction of its own.

    When the next page is asked for, the one before is kept. `notes` are asked for at the end.
    """
    actor.may(Power.IMPORT).require()
    holder = queries.own_body(actor)
    _not_of_another_body(source, holder)
    digest = sha256()

    def read() -> Iterator[_Readings]:
        for raws in pages:
            for raw in raws:
                digest.update(raw)
            yield _readings(raws)

    done = _Import(actor, holder, source, now, "pull", digest.hexdigest())
    row = done.by_portions(read(), 0, progress)
    row.sha256, row.report = digest.hexdigest(), {**row.report, "notes": list(notes())}
    row.save(update_fields=["sha256", "report"])
    return row


@dataclass(slots=True)
class _Hashed:
    """A file that is hashed while it is read."""

    file: Readable
    _hash: Any = field(default_factory=sha256)

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        piece = self.file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        """The digest of what was read so far."""
        return str(self._hash.hexdigest())


@dataclass(frozen=True, slots=True)
class _Readings:
    """Objects that were read, and what could not be, with the reason."""

    found: Sequence[Found] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """How many stood in the file."""
        return len(self.found) + len(self.refused)


def _readings(raws: Iterable[bytes]) -> _Readings:
    """Each object by itself: one that cannot be read spoils no other."""
    found: list[Found] = []
    refused: list[tuple[str, str]] = []
    for raw in raws:
        try:
            each = Found.read(raw)
            last_day(each.value)  # its class needs it
            found.append(each)
        except ComityError as error:
            refused.append((_ref_in(raw), error.message))
    return _Readings(found, tuple(refused))


def _ref_in(raw: bytes) -> str:
    """The id of an object that is not in order, as far as it has one."""
    ref, _ = named(raw)
    return ref[:100] or f"an object without an id: {raw[:60].decode(errors='replace')}…"


def _read_through(file: _Hashed) -> tuple[_Readings | None, int]:
    """All objects if they are few, else None; and how many there are."""
    found: list[Found] = []
    refused: tuple[tuple[str, str], ...] = ()
    count = 0
    for raws in bundle_objects(file):
        count += len(raws)
        if count <= AT_ONCE:
            portion = _readings(raws)
            found += portion.found
            refused += portion.refused
        else:
            found, refused = [], ()
    return (_Readings(found, refused) if count <= AT_ONCE else None), count


def _portions(file: Readable) -> Iterator[_Readings]:
    """The objects again, so many at a time."""
    waiting: list[bytes] = []
    for raws in bundle_objects(file):
        waiting += raws
        while len(waiting) >= PORTION:
            yield _readings(waiting[:PORTION])
            del waiting[:PORTION]
    yield _readings(waiting)


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way in."""

    actor: Actor
    holder: Party
    source: Source
    now: datetime
    form: str
    digest: str

    @transaction.atomic
    def at_once(
        self,
        few: _Readings,
        progress: Progress,
        *,
        victims: Mapping[str, VictimHow] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Import:
        """Keep all, or nothing."""
        row = self._begun()
        report = self._kept(few, row, victims=victims, progress=progress)
        return _ended(row, replace(report, notes=notes))

    def by_portions(
        self,
        portions: Iterable[_Readings],
        count: int,
        progress: Progress,
        *,
        victims: Mapping[str, VictimHow] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Import:
        """Keep one portion after the other; the report grows with each."""
        row = self._begun()
        report, done = Report(), 0
        for portion in portions:
            with transaction.atomic():
                report = report.joined(self._kept(portion, row, victims=victims))
                row.report = report.as_json()
                row.save(update_fields=["report"])
            reach(Step.PORTION_KEPT)
            done += portion.count
            progress(done, count)
        with transaction.atomic():
            retitle_brought(row)  # what joins objects may have come before them
            return _ended(row, replace(report, notes=report.notes + notes))

    def _begun(self) -> Import:
        source = self.source
        return Import.objects.create(
            holder=self.holder,
            form=self.form,
            sha256=self.digest,
            source=source.party,
            note=source.note,
            unmarked_as=source.unmarked_as.value if source.unmarked_as else "",
            strict=source.strict,
            by_id=self.actor.person,
            by_name=self.actor.name,
            at=self.now,
            report=Report().as_json(),
        )

    def _kept(
        self,
        portion: _Readings,
        row: Import,
        *,
        victims: Mapping[str, VictimHow] | None = None,
        progress: Progress = silent,
    ) -> Report:
        """What became of a portion; what breaks the standard is refused of a strict source only."""
        strict = self.source.strict
        broken = {each.id: errors for each in portion.found if (errors := errors_of(each))}
        kept = [each for each in portion.found if not (strict and each.id in broken)]
        origin = _origin(self.source, self.holder, self.now)
        way = Way(self.holder, origin, self.source.party, row, acts={}, by=self.actor.name, now=self.now)
        report = store(kept, way, victims=victims, progress=progress)
        stand_beside(kept, report, Given(self.holder, way.source, row, {}, self.now, origin))
        told = tuple((ref, " ".join(each.text for each in errors)) for ref, errors in broken.items())
        refused = (*portion.refused, *(told if strict else ()))
        faulty = () if strict else told
        return replace(report, faulty=faulty).joined(Report(refused=refused))


def _ended(row: Import, report: Report) -> Import:
    row.report, row.ended = report.as_json(), True
    row.save(update_fields=["report", "ended"])
    return row


def _origin(source: Source, holder: Party, now: datetime) -> Origin:
    if source.party is not None and source.party.pk == holder.pk:
        return Origin(Ownership.OWN, holder.ref, unmarked_as=source.unmarked_as)
    giver = source.party.ref if source.party else source.note
    until = kept_until(source.terms, now.astimezone(UTC).date())
    return Origin(Ownership.RECEIVED, giver, source.terms, until, unmarked_as=source.unmarked_as)


def _not_of_another_body(source: Source, holder: Party) -> None:
    """Bodies of one node do not speak for one another: what is another's comes as received."""
    if source.party is not None and source.party.ours and source.party.pk != holder.pk:
        text = f"You act for {holder.name}; only {source.party.name} itself can call something its own work."
        raise Refused(Verdict.no(Ground("import.source", "Comity rules of import", text)))
