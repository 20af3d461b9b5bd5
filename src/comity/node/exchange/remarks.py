"""What sightings and opinions say of other objects, in the words of the score: where formats and engine meet.

A false positive is an opinion that disagrees strongly and says so, by a label or as MISP does; or a sighting
that OpenCTI calls negative. A sighting says by a count of 0 that something was looked for, and not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.engines.scoring.remarks import Kind, Opinion
from comity.formats.stix import ID

REMARKING = frozenset({"sighting", "opinion"})
FALSE_POSITIVE, EXPIRED = "false-positive", "expired"  # labels of our own opinions
MOST_REFS = 1_000  # objects that one opinion is about
_MISP = "False positive"  # how the explanation of MISP's opinions begins
_MOST_COUNT = 999_999_999  # STIX 2.1, section 5.2
_OPINIONS = {opinion.value: opinion for opinion in Opinion}


class Said(NamedTuple):
    """One remark, as the columns of its row."""

    ref: str
    kind: str
    times: int
    opinion: str
    at: datetime


def remarks_of(value: Mapping[str, Any], arrived: datetime) -> Iterator[Said]:
    """What the object says of others; nothing once it is revoked."""
    if value.get("revoked") is True:
        return
    if value.get("type") == "sighting":
        yield from _sighting(value, arrived)
    if value.get("type") == "opinion":
        yield from _opinion(value, arrived)


def _sighting(value: Mapping[str, Any], arrived: datetime) -> Iterator[Said]:
    ref, count = value.get("sighting_of_ref"), value.get("count", 1)
    if not isinstance(ref, str) or not ID.fullmatch(ref):
        return
    times = count if type(count) is int and 0 <= count <= _MOST_COUNT else 1
    kind = Kind.FALSE_POSITIVE if value.get("x_opencti_negative") is True else Kind.SEEN
    yield Said(ref, kind.value, times, "", _moment(value, ("last_seen", "first_seen"), arrived))


def _opinion(value: Mapping[str, Any], arrived: datetime) -> Iterator[Said]:
    opinion, refs = _OPINIONS.get(str(value.get("opinion"))), value.get("object_refs")
    if opinion is None or not isinstance(refs, list):
        return
    kind = _kind(value, opinion)
    said = opinion.value if kind is Kind.OPINION else ""
    at = _moment(value, ("modified",), arrived)
    named = [ref for ref in refs[:MOST_REFS] if isinstance(ref, str) and ID.fullmatch(ref)]
    for ref in dict.fromkeys(named):
        yield Said(ref, kind.value, 1, said, at)


def _kind(value: Mapping[str, Any], opinion: Opinion) -> Kind:
    listed = value.get("labels")
    labels = listed if isinstance(listed, list) else ()
    if opinion is Opinion.STRONGLY_DISAGREE and (
        FALSE_POSITIVE in labels or str(value.get("explanation", "")).startswith(_MISP)
    ):
        return Kind.FALSE_POSITIVE
    return Kind.EXPIRED if opinion is Opinion.DISAGREE and EXPIRED in labels else Kind.OPINION


def _moment(value: Mapping[str, Any], names: tuple[str, ...], arrived: datetime) -> datetime:
    """The first of these times that is stated and can be read; never after the object came in."""
    for name in (*names, "modified"):
        text = value.get(name)
        try:
            if isinstance(text, str):
                return min(decode_time(text, name), arrived)
        except Malformed:
            continue
    return arrived
