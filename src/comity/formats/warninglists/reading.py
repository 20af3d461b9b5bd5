"""One warninglist: its name, how its entries are meant, and the entries."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from comity.base.fields import Fields
from comity.base.known import KnownList, Manner, Sort
from comity.formats.strict_json import Limits, decode

MOST_ENTRIES = 2_000_000
LIMITS = Limits(size=64 * 2**20, depth=8, values=MOST_ENTRIES + 1_000, string=4_096)
_MOST_TYPES = 500

# Types of attributes (MISP core format, section 2.4.2.3) and what they hold beside a file name or a port.
_SORTS: Mapping[str, Sort] = MappingProxyType(
    dict.fromkeys(("ip-src", "ip-dst", "ip-src|port", "ip-dst|port"), Sort.ADDRESS)
    | dict.fromkeys(("domain", "hostname", "hostname|port", "domain|ip"), Sort.NAME)
    | dict.fromkeys(("url", "uri", "link"), Sort.URL)
    | dict.fromkeys(("email", "email-src", "email-dst", "target-email"), Sort.EMAIL)
    | dict.fromkeys(("filename",), Sort.FILE)
)
_ALSO: Mapping[str, Sort] = MappingProxyType({"domain|ip": Sort.ADDRESS})
_HASHES = ("md5", "sha", "ssdeep", "tlsh", "imphash", "pehash", "impfuzzy", "authentihash", "vhash")


def read_list(content: bytes) -> KnownList:
    """The list in the bytes of a file; raises `Malformed` for what is none."""
    fields = Fields(decode(content, limits=LIMITS))
    manner = fields.choice("type", Manner) if fields.has("type") else Manner.EXACT
    types = fields.texts("matching_attributes", most=_MOST_TYPES) if fields.has("matching_attributes") else ()
    return KnownList(
        name=fields.text("name"),
        version=fields.number("version") if fields.has("version") else 1,
        manner=manner,
        sorts=_sorts(types, manner),
        entries=_entries(fields),
    )


def shipped() -> tuple[KnownList, ...]:
    """The lists that come with the product, by their file names."""
    folder = files("comity.formats.warninglists").joinpath("lists")
    found = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name
    )
    return tuple(read_list(each.read_bytes()) for each in found)


def _entries(fields: Fields) -> tuple[str, ...]:
    """Texts, or a mapping of texts to remarks; an empty one names nothing."""
    found = fields.value("list")
    if isinstance(found, dict):
        return tuple(each for each in found if each)
    return tuple(each for each in fields.texts("list", most=MOST_ENTRIES, limit=LIMITS.string) if each)


def _sorts(types: tuple[str, ...], manner: Manner) -> frozenset[Sort]:
    """What the list speaks of; nothing, which means everything, where it names no type."""
    found = {_sort(each) for each in types} | {_ALSO[each] for each in types if each in _ALSO}
    if manner is Manner.NETWORK:
        found &= {Sort.ADDRESS}
        return frozenset(found or {Sort.ADDRESS})
    return frozenset(found)


def _sort(kind: str) -> Sort:
    """`filename|md5` holds a file name and a hash, and a list means the hash."""
    if kind in _SORTS:
        return _SORTS[kind]
    return Sort.HASH if kind.rpartition("|")[2].startswith(_HASHES) else Sort.OTHER
