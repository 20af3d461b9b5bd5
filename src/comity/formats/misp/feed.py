"""The files of a MISP feed: `manifest.json`, one file for each event, and `hashes.csv`.

The manifest is that of draft-dulaunoy-misp-core-format, section 4. The hashes are those that PyMISP writes:
the MD5 of every value, of both parts where it has two, so that a subscriber finds the events that hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any

import msgspec

from comity.base.errors import Malformed, TooLarge
from comity.formats.misp.parts import Json, Unmapped
from comity.formats.misp.reading import objects_of, tags_of, text_of, time_of, uuid_of
from comity.formats.strict_json import Limits, decode

MANIFEST = "manifest.json"
HASHES = "hashes.csv"
MAX_EVENTS = 500_000
MAX_HASHES = 20_000_000
_LIMITS = Limits(size=256 * 2**20, values=10_000_000)
_MAX_LINE = 200
_MD5 = 32
_MANY = 500_000  # attributes or objects of one event


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest says of one event."""

    uuid: str
    time: str  # when it was changed last
    info: str = ""
    date: str = ""
    org: tuple[str, str] = ("", "")  # uuid and name of who made it
    tags: tuple[str, ...] = ()
    analysis: str = "0"
    threat_level: str = "4"

    @property
    def file(self) -> str:
        """The name of the file that holds the event."""
        return f"{self.uuid}.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The events of a feed, each once, and the entries that could not be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[Unmapped, ...] = ()

    @classmethod
    def decode(cls, text: bytes, *, limits: Limits = _LIMITS) -> Manifest:
        """The manifest of a feed; a bare time in place of an entry, as early feeds have it, is one too."""
        value = decode(text, limits=limits)
        if not isinstance(value, dict):
            raise Malformed("the manifest", "is not a JSON object.")
        if len(value) > MAX_EVENTS:
            raise TooLarge("the manifest", f"{len(value):,} events; at most {MAX_EVENTS:,} are read.")
        found: dict[str, Entry] = {}
        lost: list[Unmapped] = []
        for name, said in value.items():
            try:
                entry = _entry(name, said if isinstance(said, dict) else {"timestamp": said})
                found[entry.uuid] = entry
            except Malformed as error:
                lost.append(Unmapped(name[:100], "manifest entry", str(error)))
        return cls(tuple(found.values()), tuple(lost))

    def encode(self) -> bytes:
        """The manifest as MISP reads it."""
        return msgspec.json.encode({each.uuid: _said(each) for each in self.entries}, order="sorted")

    def news_since(self, seen: Manifest) -> tuple[Entry, ...]:
        """The events that are new, or not those that were seen before; the oldest first."""
        known = {each.uuid: each.time for each in seen.entries}
        news = (each for each in self.entries if known.get(each.uuid) != each.time)
        return tuple(sorted(news, key=lambda each: (each.time, each.uuid)))

    def gone_since(self, seen: Manifest) -> tuple[Entry, ...]:
        """The events that were there before and are no more."""
        here = {each.uuid for each in self.entries}
        return tuple(each for each in seen.entries if each.uuid not in here)


def feed_files(events: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of a feed of these events, by name: the events, then their hashes, and the manifest last.

    Whoever reads the manifest finds what it names, if the files are put in place in this order.
    """
    entries: list[Entry] = []
    hashes: list[tuple[str, str]] = []
    for text in events:
        event = _event(text)
        entry = _entry(uuid_of(event, "Event"), event)
        entries.append(entry)
        hashes += ((digest, entry.uuid) for digest in event_hashes(event))
        yield entry.file, text
    yield HASHES, encode_hashes(hashes)
    yield MANIFEST, Manifest(tuple(entries)).encode()


def event_hashes(event: Json) -> list[str]:
    """The MD5 of every value of the event, each once."""
    wholes = objects_of(event, "Object", "Event", most=_MANY)
    parts = [*objects_of(event, "Attribute", "Event", most=_MANY)]
    parts += [part for whole in wholes for part in objects_of(whole, "Attribute", "Object", most=_MANY)]
    values = dict.fromkeys(value for part in parts for value in _values(part))
    return [md5(value.encode(), usedforsecurity=False).hexdigest() for value in values]


def encode_hashes(hashes: Iterable[tuple[str, str]]) -> bytes:
    """The lines of `hashes.csv`: a digest and the uuid of an event that holds the value."""
    return "".join(f"{digest},{uuid}\n" for digest, uuid in hashes).encode("ascii")


def decode_hashes(text: bytes) -> Iterator[tuple[str, str]]:
    """The digests, each with the uuid of an event; `Malformed` with the number of a line that is none."""
    for number, line in enumerate(text.splitlines(), 1):
        if number > MAX_HASHES:
            raise TooLarge(HASHES, f"more than {MAX_HASHES:,} lines.")
        digest, comma, uuid = line[:_MAX_LINE].decode("ascii", "replace").strip().partition(",")
        where = f"{HASHES}, line {number}"
        if not digest and not comma:
            continue
        if len(digest) != _MD5 or not set(digest) <= set("0123456789abcdef"):
            raise Malformed(where, f"{digest[:60]!r} is not an MD5 in lower-case hexadecimal.")
        yield digest, uuid_of({"uuid": uuid}, where)


def _event(text: bytes) -> Json:
    value = decode(text, limits=_LIMITS)
    event = value.get("Event") if isinstance(value, dict) else None
    if not isinstance(event, dict):
        raise Malformed("/Event", "is missing, or is not a JSON object.")
    return event


def _values(part: Json) -> list[str]:
    value = text_of(part, "value", "Attribute", most=2**20)
    two = "|" in text_of(part, "type", "Attribute") or part.get("type") == "malware-sample"
    return [each for each in (value.split("|") if two else [value]) if each]


def _entry(name: str, said: Json) -> Entry:
    where = f"/{name[:100]}"
    time = time_of(said.get("timestamp"), f"{where}/timestamp")
    if time is None:
        raise Malformed(f"{where}/timestamp", "is missing.")
    org: Mapping[str, Any] = said["Orgc"] if isinstance(said.get("Orgc"), dict) else {}
    return Entry(
        uuid=uuid_of({"uuid": name}, where),
        time=time,
        info=text_of(said, "info", where, most=60_000),
        date=text_of(said, "date", where),
        org=(text_of(org, "uuid", f"{where}/Orgc"), text_of(org, "name", f"{where}/Orgc")),
        tags=tags_of(said, where),
        analysis=text_of(said, "analysis", where) or "0",
        threat_level=text_of(said, "threat_level_id", where) or "4",
    )


def _said(entry: Entry) -> dict[str, Any]:
    return {
        "Orgc": {"uuid": entry.org[0], "name": entry.org[1]},
        "Tag": [{"name": tag} for tag in entry.tags],
        "info": entry.info,
        "date": entry.date,
        "analysis": entry.analysis,
        "threat_level_id": entry.threat_level,
        "timestamp": int(datetime.fromisoformat(entry.time).timestamp()),
    }
