"""Indicators of a collection as they come, change and go: read by TAXII 2.1, judged, and kept.

What is new is asked for by the instant of the last page. That something is gone is told by no page: now and
then the manifest is read through, and what is not in it is forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from comity.base.errors import Malformed
from comity.base.verdict import Ground
from comity.detection.state import Kept, State
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import BROAD, is_poisoned
from comity.formats.stix import MAX_OBJECT, version_key
from comity.formats.strict_json import Limits, decode
from comity.formats.taxii_client import Filters, Page, Reading
from comity.formats.taxii_pages import Manifest, RawEnvelope
from comity.link.transport import Transport, drive

CURSOR, CHANGE = "cursor", "change"  # what the state calls them
_OBJECT = Limits(size=MAX_OBJECT)
_INDICATORS = ("indicator",)

Judged = tuple[str | None, Ground]  # the pattern by which it is looked for, and why it is or is not


@dataclass(slots=True)
class Change:
    """What a set of patterns has to take in: patterns under their indicators, and indicators that go."""

    add: dict[str, str] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # what was no indicator, in words

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)

    def join(self, later: Change) -> None:
        """Both in one, of which the other came later."""
        for ref in later.remove:
            self.note(ref, None)
        for ref, pattern in later.add.items():
            self.note(ref, pattern)
        self.unread += later.unread

    def note(self, ref: str, pattern: str | None) -> None:
        """One indicator as it is now."""
        if pattern is None:
            self.add.pop(ref, None)
            self.remove.append(ref)
        else:
            self.add[ref] = pattern


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads the indicators of the collection at an address, which ends with a slash, into a state."""

    address: str
    transport: Transport
    state: State
    judge: Callable[[Indicator], Judged]

    def pull(self) -> Iterator[Change]:
        """What is new, page by page; each is kept before it is told."""
        reading = Reading(
            f"{self.address}objects/",
            RawEnvelope.decode,
            Filters(added_after=self.state.noted(CURSOR), types=_INDICATORS),
        )
        while not reading.ended:
            page: Page[RawEnvelope] = drive(reading.next_page(), self.transport)
            if page.content.objects:
                yield self._take(page.content.objects, reading.last)

    def compare(self) -> Change:
        """Forget what is not in the collection any more."""
        reading = Reading(f"{self.address}manifest/", Manifest.decode, Filters(types=_INDICATORS))
        with self.state.at_once():
            self.state.begin_roll()
            while not reading.ended:
                self.state.hear(
                    each.id for each in drive(reading.next_page(), self.transport).content.entries
                )
            number = self._next_change()
            return Change(remove=self.state.end_roll(number))

    def _take(self, objects: Sequence[bytes], last: str | None) -> Change:
        change = Change()
        kept = list(self._judged(objects, change))
        with self.state.at_once():
            number = self._next_change()
            new = self.state.keep(kept, number)
            held = self._quarantine(new, number)
            if last is not None:
                self.state.note(CURSOR, last)
            if held is None:
                concerned = self.state.looked_for(since=number - 1)
            else:
                concerned = ((one.ref, None if one.giver in held else one.pattern) for one in new)
            for ref, pattern in concerned:
                change.note(ref, pattern)
        return change

    def _next_change(self) -> int:
        number = int(self.state.noted(CHANGE) or 0) + 1
        self.state.note(CHANGE, number)
        return number

    def _quarantine(self, new: Iterable[Kept], number: int) -> frozenset[str] | None:
        """The givers none of whose indicators are looked for; None where these became others."""
        held = self.state.quarantined()
        if not held and all(each.rule != BROAD for each in new):
            return held  # counting a million takes a while
        return None if self.state.quarantine(_poisoned(self.state.counts()), number) else held

    def _judged(self, objects: Iterable[bytes], change: Change) -> Iterator[Kept]:
        for wire in objects:
            try:
                yield self._judged_one(wire)
            except Malformed as error:
                change.unread.append(error.message)

    def _judged_one(self, wire: bytes) -> Kept:
        value = decode(wire, limits=_OBJECT)
        if not isinstance(value, dict) or value.get("type") != "indicator":
            raise Malformed("an object", "is no indicator, which alone were asked for.")
        author = value.get("created_by_ref")
        each = Indicator.of(value, author if isinstance(author, str) else "")
        modified = value.get("modified")
        pattern, ground = self.judge(each)
        version = version_key(modified if isinstance(modified, str) else None)
        return Kept(each.id, version, each.source, pattern, ground.rule, wire)


def _poisoned(counts: Iterable[tuple[str, str, int]]) -> list[str]:
    """The givers of whose indicators too many match everybody."""
    read, broad = Counter[str](), Counter[str]()
    for giver, rule, count in counts:
        read[giver] += count
        broad[giver] += count if rule == BROAD else 0
    return [giver for giver, count in broad.items() if is_poisoned(count, read[giver])]
