"""The pages of a TAXII 2.1 server as a client reads them: objects in their bytes, a manifest, versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from comity.base.fields import Fields
from comity.base.times import decode_time
from comity.formats.bundles import whole_envelope
from comity.formats.canonical import canonical
from comity.formats.stix import ID, MAX_OBJECTS
from comity.formats.strict_json import Limits, decode
from comity.formats.taxii import STIX_MEDIA_TYPE, Entry

MAX_ENTRIES = 100_000
_LISTED = Limits(size=16 * 2**20, depth=8, values=4 * MAX_ENTRIES + 100, string=1_000)
_CURSOR = re.compile(r"[\x20-\x7e]{0,1000}")  # some servers write an empty one where there is none
_ODD_VERSION = re.compile(rb'"spec_version"[ \t\r\n]*:[ \t\r\n]*"[a-z]')


class Paged(Protocol):
    """What every page says of the pages after it."""

    @property
    def more(self) -> bool:
        """Whether there is more."""

    @property
    def next(self) -> str | None:
        """The cursor by which to ask for it, if the server gives one."""

    def __len__(self) -> int:
        """How many things stand on this page."""


@dataclass(frozen=True, slots=True)
class RawEnvelope:
    """Section 3.7: objects in the bytes in which they came; each is read by whom it concerns."""

    objects: tuple[bytes, ...] = ()
    more: bool = False
    next: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> RawEnvelope:
        """The envelope in a reply."""
        objects, fields = whole_envelope(text)
        return cls(objects, *_onward(fields))

    def __len__(self) -> int:
        return len(self.objects)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Section 5.3: what there is, without the objects."""

    entries: tuple[Entry, ...] = ()
    more: bool = False
    next: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> Manifest:
        """The manifest in a reply."""
        fields = Fields(decode(text, limits=_LISTED))
        found = fields.objects("objects", most=MAX_ENTRIES) if fields.has("objects") else ()
        return cls(tuple(_entry(each) for each in found), *_onward(fields))

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class VersionList:
    """Section 5.8: the versions of one object."""

    versions: tuple[str, ...] = ()
    more: bool = False
    next: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> VersionList:
        """The list in a reply."""
        fields = Fields(decode(text, limits=_LISTED))
        found = fields.texts("versions", most=MAX_OBJECTS) if fields.has("versions") else ()
        for place, each in enumerate(found):
            decode_time(each, f"{fields.at('versions')}/{place}")
        return cls(found, *_onward(fields))

    def __len__(self) -> int:
        return len(self.versions)


def with_spec_version(raw: bytes) -> bytes | None:
    """The object with `2.1` where its type stands as its `spec_version`; None if it needs nothing.

    OpenTAXII up to 0.9.3 gives every object so (its issues 237 and 268): nothing of it could be kept.
    """
    if not _ODD_VERSION.search(raw):
        return None
    try:
        value: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    if value.get("spec_version") != value.get("type"):
        return None
    return canonical(value | {"spec_version": "2.1"})


def _onward(fields: Fields) -> tuple[bool, str | None]:
    more = fields.truth("more") if fields.has("more") else False
    return more, fields.nullable(lambda name: fields.text(name, form=_CURSOR), "next") or None


def _entry(fields: Fields) -> Entry:
    return Entry(
        id=fields.text("id", form=ID),
        date_added=_time(fields, "date_added"),
        version=_time(fields, "version"),
        media_type=fields.text("media_type") if fields.has("media_type") else STIX_MEDIA_TYPE,
    )


def _time(fields: Fields, name: str) -> str:
    """The text of a time, as written: its digits are the server's."""
    fields.time(name)
    return fields.text(name)
