"""What was observed: the objects of one `observed-data`, or of one line of a log, with when and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from comity.base.errors import Malformed
from comity.base.times import decode_time

Objects = Mapping[str, Mapping[str, Any]]  # by id, or by the number that STIX 2.0 gives them
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Observed:
    """Objects that were seen together; `first` and `last` are microseconds since 1970 in UTC.

    `count` says how often: that many observations, of which a pattern may need several.
    """

    ref: str
    first: int
    last: int
    objects: Objects
    count: int = 1


def microseconds(moment: datetime) -> int:
    """An aware time as a number."""
    return (moment - _EPOCH) // _MICROSECOND


def observed_in(stix: Iterable[Mapping[str, Any]]) -> Iterator[Observed]:
    """Each `observed-data` among these objects, with those of them that it refers to."""
    known = list(stix)
    by_ref = {each["id"]: each for each in known if isinstance(each.get("id"), str)}
    for each in known:
        if each.get("type") == "observed-data":
            yield observation(each, by_ref)


def observation(data: Mapping[str, Any], by_ref: Objects) -> Observed:
    """One `observed-data`, with those of the objects that it refers to."""
    ref = _name(data)
    first = last = _time(data, "first_observed", ref)
    if data.get("last_observed") != data["first_observed"]:
        last = _time(data, "last_observed", ref)
    count = data.get("number_observed")
    if type(count) is not int or count < 1:
        raise Malformed(ref, "`number_observed` is not a whole number from 1.")
    if last < first:
        raise Malformed(ref, "`last_observed` lies before `first_observed`.")
    return Observed(ref, first, last, objects_in(data, by_ref), count)


def objects_in(data: Mapping[str, Any], by_ref: Objects) -> Objects:
    """Those that STIX 2.1 names, or those that STIX 2.0 wrote into it."""
    if "object_refs" not in data:
        inner = data.get("objects")
        if not isinstance(inner, Mapping):
            raise Malformed(_name(data), "has neither `object_refs` nor `objects`.")
        return {key: each for key, each in inner.items() if isinstance(each, Mapping)}
    if not is_list_of_ids(data["object_refs"]):
        raise Malformed(_name(data), "`object_refs` is no list of ids.")
    return {each: by_ref[each] for each in data["object_refs"] if each in by_ref}


def is_list_of_ids(refs: object) -> bool:
    """Whether it has the form of references."""
    return isinstance(refs, list | tuple) and all(isinstance(each, str) for each in refs)


def _name(data: Mapping[str, Any]) -> str:
    return str(data.get("id", "observed-data"))


def _time(data: Mapping[str, Any], name: str, ref: str) -> int:
    text = data.get(name)
    if not isinstance(text, str):
        raise Malformed(ref, f"`{name}` is missing.")
    return microseconds(decode_time(text, f"{ref}: {name}"))
