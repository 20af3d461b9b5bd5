"""Count again and again how useful what each source gave has been: what was met, what was wrong, how soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from django.db import transaction
from django.db.models import Case, CharField, Count, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce

from comity.engines.scoring.remarks import Kind
from comity.node.detect.models import Usefulness
from comity.node.exchange.models import ReducedName, StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.scores import standing_remarks
from comity.node.parties.models import Party

EVERY = timedelta(hours=1)
_INDICATOR = "indicator"
_A_FILE = "a file"
_TOLD = (Kind.SEEN.value, Kind.FALSE_POSITIVE.value)
_ARRIVED = Coalesce("brought__at", "act__recorded_at", output_field=DateTimeField())
# Who gave it: a party, or where nobody known did, the words of the import; a feed's are its name.
_WORDS = Case(When(source=None, then=F("brought__note")), default=Value(""), output_field=CharField())

_Source = tuple[int | None, str]  # key of the party, or words


@dataclass(slots=True)
class _Fate:
    """What was said of one indicator by others than its giver."""

    source: _Source
    arrived: datetime
    seen: datetime | None = None  # first
    wrong: bool = False

    def note(self, kind: str, at: datetime) -> None:
        """Another remark on it."""
        if kind == Kind.SEEN.value:
            self.seen = min(self.seen or at, at)
        else:
            self.wrong = True


@dataclass(slots=True)
class _Tally:
    indicators: int = 0
    met: int = 0
    wrong: int = 0
    waits: list[float] = field(default_factory=list)  # seconds

    def add(self, fate: _Fate) -> None:
        """One indicator of which something was said."""
        self.wrong += fate.wrong
        if fate.seen is not None:
            self.met += 1
            self.waits.append(max(0.0, (fate.seen - fate.arrived).total_seconds()))


def reckon_all(now: datetime) -> int:
    """Count anew for each body of ours; how many sources there are."""
    return sum(reckon(holder, now) for holder in Party.objects.filter(ours=True).order_by("pk"))


def reckon(holder: Party, now: datetime) -> int:
    """Count anew what each source gave this body, and what became of it."""
    tallies = {source: _Tally(indicators=count) for source, count in _given(holder)}
    for fate in _fates(holder):
        tallies.setdefault(fate.source, _Tally()).add(fate)
    rows = [_row(holder, source, tally, now) for source, tally in tallies.items()]
    with transaction.atomic():
        Party.objects.select_for_update(no_key=True).get(pk=holder.pk)
        Usefulness.objects.filter(holder=holder).delete()
        Usefulness.objects.bulk_create(rows)
    return len(rows)


def _row(holder: Party, source: _Source, tally: _Tally, now: datetime) -> Usefulness:
    party, words = source
    wait = round(median(tally.waits)) if tally.waits else None
    return Usefulness(
        holder=holder, party_id=party, words=words, indicators=tally.indicators,
        met=tally.met, wrong=tally.wrong, wait=wait, at=now,
    )  # fmt: skip  # one row


def _given(holder: Party) -> Iterator[tuple[_Source, int]]:
    """How many indicators are held of each source, ourselves among them."""
    rows = StixObject.objects.filter(holder=holder, type=_INDICATOR, latest=True).order_by()
    counted = rows.annotate(said=_WORDS).values_list("source", "said").annotate(held=Count("pk"))
    yield from ((_named(source, words), held) for source, words, held in counted)


def _fates(holder: Party) -> list[_Fate]:
    """Each indicator that is held and was met, or called wrong, by others than its giver."""
    said = standing_remarks(holder.pk).filter(kind__in=_TOLD, count__gt=0).order_by()
    remarks = list(said.values_list("ref", "kind", "at", "source"))
    names = _refs_of(holder, {name for name, *_ in remarks})
    fates = _held(holder, set(names.values()))
    for name, kind, at, by in remarks:
        fate = fates.get(names[name])
        if fate is not None and (by != fate.source[0] or by in (None, holder.pk)):
            fate.note(kind, at)
    return [each for each in fates.values() if each.seen or each.wrong]


def _refs_of(holder: Party, names: set[str]) -> dict[str, str]:
    """The ref here of each name; who was given less than the whole knows it by another."""
    given = ReducedName.objects.filter(holder=holder)
    found = dict.fromkeys(names, "")
    for chunk in chunks(sorted(names)):
        found |= dict(given.filter(name__in=chunk).values_list("name", "ref"))
    return {name: ref or name for name, ref in found.items()}


def _held(holder: Party, refs: set[str]) -> dict[str, _Fate]:
    """The indicators that are spoken of: who gave the oldest version held, and when."""
    rows = StixObject.objects.filter(holder=holder, type=_INDICATOR).order_by("-pk")
    told = rows.annotate(said=_WORDS, arrived=_ARRIVED).values_list("ref", "source", "said", "arrived")
    found: dict[str, _Fate] = {}
    for chunk in chunks(sorted(refs)):
        for ref, source, words, arrived in told.filter(ref__in=chunk):
            found[ref] = _Fate(_named(source, words), arrived)  # the oldest is the last
    return found


def _named(source: int | None, words: str | None) -> _Source:
    return (source, "") if source is not None else (None, words or _A_FILE)
