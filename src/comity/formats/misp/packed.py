"""Many objects kept small: a thousand at a time, compressed, and read again one after the other.

A large event gives hundreds of thousands of objects. As values they take 2 KB each; packed, some 100 bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, overload

import msgspec

from comity.formats.canonical import sha256_hex
from comity.formats.stix import OBSERVABLES, StixObject

AT_ONCE = 1_000
_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Texts:
    """JSON texts in the order in which they came."""

    count: int = 0
    _packed: list[bytes] = field(default_factory=list)
    _last: list[bytes] = field(default_factory=list)

    def append(self, text: bytes) -> None:
        """Keep one more."""
        self.count += 1
        self._last.append(text)
        if len(self._last) == AT_ONCE:
            self._packed.append(zlib.compress(b"[%b]" % b",".join(self._last), 1))
            self._last = []

    def after(self, start: int) -> Iterator[bytes]:
        """All from this place on."""
        first, within = divmod(start, AT_ONCE)
        for packed in islice(self._packed, first, None):
            yield from (bytes(raw) for raw in islice(_decode(zlib.decompress(packed)), within, None))
            within = 0
        begin = start - len(self._packed) * AT_ONCE
        yield from islice(self._last, max(0, begin), None)


class Packed(Sequence[StixObject]):
    """Objects in their canonical form; each is made anew when it is asked for."""

    def __init__(self, objects: Iterable[StixObject] = ()) -> None:
        self._texts = Texts()
        for each in objects:
            self.append(each)

    def append(self, found: StixObject) -> None:
        """Keep one more."""
        self._texts.append(found.raw)

    def __len__(self) -> int:
        return self._texts.count

    def __iter__(self) -> Iterator[StixObject]:
        return map(_read, self._texts.after(0))

    @overload
    def __getitem__(self, place: int) -> StixObject: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[StixObject, ...]: ...

    def __getitem__(self, place: int | slice) -> StixObject | tuple[StixObject, ...]:
        places = range(len(self))[place]
        if isinstance(places, int):
            return next(map(_read, self._texts.after(places)))
        if places.step != 1:
            return tuple(self)[place]
        return tuple(map(_read, islice(self._texts.after(places.start), len(places))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(each.sha256 for each in self))


def _read(raw: bytes) -> StixObject:
    """The object again: it was checked when it was packed."""
    value: dict[str, Any] = _value(raw)
    kind = value["type"]
    modified = None if kind in OBSERVABLES else value.get("modified")
    return StixObject(value["id"], kind, modified, raw, value, sha256_hex(raw))
