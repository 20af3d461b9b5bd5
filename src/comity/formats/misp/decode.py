"""MISP events to STIX 2.1, with TLP 2.0 labels and with victims named as such.

Our own mapping takes all attributes, the common objects and the galaxies; misp-stix takes the rarer objects.
Nothing is dropped silently: every part is in the result or in the list of what could not be mapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comity.base.errors import Malformed, TooLarge
from comity.formats.misp.gathering import Gathering
from comity.formats.misp.opening import opened
from comity.formats.misp.packed import Packed
from comity.formats.misp.parts import Json, Unmapped
from comity.formats.stix import StixObject
from comity.formats.strict_json import Limits

MAX_EVENTS = 1_000
_MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors write before the first character
# An attribute of MISP's own export has about 450 bytes and 20 members; attached files stand inside as base64.
LIMITS = Limits(size=256 * 2**20, values=10_000_000, string=64 * 2**20)


@dataclass(frozen=True, slots=True)
class MispImport:
    """What an import found: objects, which identities are victims, and what was not mapped."""

    objects: Sequence[StixObject]
    victims: frozenset[str]
    unmapped: tuple[Unmapped, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not mapped, in one sentence for each type and reason."""
        counted = Counter((each.type, each.reason) for each in self.unmapped)
        first = {(each.type, each.reason): each.uuid for each in reversed(self.unmapped)}
        return tuple(
            f"{kind}: {reason} ({_such_as(number, first[kind, reason])})"
            for (kind, reason), number in counted.items()
        )


def decode_misp(text: bytes, *, limits: Limits = LIMITS) -> MispImport:
    """The events in a file or a reply of MISP: one event, or a list of them, also under `response`."""
    found = [Gathering.of(part, where) for part, where in _events(opened(text.removeprefix(_MARK), limits))]
    objects, twice = _each_once(found)
    victims = frozenset(victim for one in found for victim in one.victims)
    unmapped = [part for one in found for part in one.unmapped]
    return MispImport(objects, victims, (*unmapped, *twice))


def _each_once(found: list[Gathering]) -> tuple[Packed, list[Unmapped]]:
    """The objects of all events; in one alone, no id stands twice."""
    if len(found) == 1:
        return found[0].made, []
    objects, twice = Packed(), list[Unmapped]()
    kept: dict[tuple[str, str | None], str] = {}
    for each in (each for one in found for each in one.made):
        known = kept.setdefault(each.version, each.sha256)
        if known is each.sha256:
            objects.append(each)
        elif known != each.sha256:
            reason = "stands in two events that differ in it; the first counts."
            twice.append(Unmapped(each.id, each.type, reason))
    return objects, twice


def _such_as(number: int, uuid: str) -> str:
    return uuid if number == 1 else f"{number:,} of them, such as {uuid}"


def _events(value: object) -> Iterator[tuple[Json, str]]:
    where = ""
    if isinstance(value, dict) and "response" in value:
        value, where = value["response"], "/response"
    parts = value if isinstance(value, list) else [value]
    if len(parts) > MAX_EVENTS:
        raise TooLarge(where or "the document", f"{len(parts):,} events; at most {MAX_EVENTS:,} are read.")
    for index, part in enumerate(parts):
        place = f"{where}/{index}" if isinstance(value, list) else where
        event = part.get("Event") if isinstance(part, dict) else None
        if not isinstance(event, dict):
            raise Malformed(f"{place}/Event", "is missing, or is not a JSON object.")
        yield event, f"{place}/Event"
