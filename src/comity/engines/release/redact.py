"""Redaction: a STIX 2.1 object without the parties that may not be recognised in it, or no object at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from comity.base.errors import TooLarge
from comity.base.verdict import Ground, Verdict
from comity.engines.release.judge import Removal
from comity.engines.release.wording import closed_up, folded, occur, without_words

# The UUIDv5 namespace of redacted objects: that of "urn:comity:redacted" among the URLs. It never changes.
NAMESPACE = UUID("d33fc310-74a0-5a1d-9b07-1f6dd3c4e3e7")
DEEPEST = 64

_SOURCE = "Comity release rules, redaction"
_FREE_TEXT = frozenset({"abstract", "content", "description", "explanation", "name"})
_REQUIRED = MappingProxyType({
    "relationship": frozenset({"source_ref", "target_ref"}),
    "sighting": frozenset({"sighting_of_ref"}),
    **dict.fromkeys(("grouping", "note", "observed-data", "opinion", "report"), frozenset({"object_refs"})),
})  # fmt: skip  # one type to a line
_REFERENCES = (
    "created_by_ref",
    "object_refs",
    "source_ref",
    "target_ref",
    "sighting_of_ref",
    "where_sighted_refs",
)
_SIGNS = bytes(sign for sign in range(128) if not chr(sign).isalnum())
_ID = re.compile(r"([a-z0-9-]+)--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a reader may not recognise: STIX ids of identities, and every name they are known by."""

    ids: frozenset[str]
    names: frozenset[str]
    known_as: frozenset[str] = field(init=False, repr=False, compare=False)  # the names, folded
    _traces: tuple[bytes, ...] = field(init=False, repr=False, compare=False)  # one is in all that names them

    def __post_init__(self) -> None:
        known_as = frozenset(folded(name) for name in self.names)
        if not all(any(letter.isalnum() for letter in name) for name in known_as):
            raise ValueError("a name needs at least one letter that can be compared")
        object.__setattr__(self, "known_as", known_as)
        uuids = (identity.rpartition("--")[2] for identity in self.ids)
        traces = tuple(closed_up(text.casefold()).encode() for text in (*uuids, *known_as))
        object.__setattr__(self, "_traces", traces)

    def has(self, identity: object) -> bool:
        """Whether this is the id of one of them."""
        return isinstance(identity, str) and identity in self.ids

    def surely_not_in(self, text: bytes) -> bool:
        """Whether a JSON text names none of them: its letters, closed up, hold those of nobody.

        Where letters may be written otherwise than they are read, no is said, and the object must be looked
        at. A million objects take seconds so, and minutes where each is looked at.
        """
        if not self._traces:
            return True
        if not text.isascii() or b"\\" in text or b"%" in text:
            return False
        closed = text.lower().translate(None, _SIGNS)
        return not any(trace in closed for trace in self._traces)


@dataclass(frozen=True, slots=True)
class Redacted:
    """The object as it may go, and the paths in the original at which something was taken out."""

    object: dict[str, Any]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one kind of removal shows: in texts, and in the new id."""

    mark: str
    suffix: str


_MANNERS = MappingProxyType({
    Removal.VICTIMS: _Manner("[victim removed]", "comity:redacted"),
    Removal.PROVIDER: _Manner("[provider removed]", "comity:unattributed"),
})  # fmt: skip  # one removal to a line


def without_victims(obj: Mapping[str, Any], victims: Parties, *, creator: str) -> Redacted | Verdict:
    """The object without its victims; `creator` is the identity that answers for the changed object."""
    return without(obj, victims, Removal.VICTIMS, creator=creator)


def without(
    obj: Mapping[str, Any], parties: Parties, removal: Removal, *, creator: str
) -> Redacted | Verdict:
    """The object without these parties, or the verdict that says why it cannot go without them.

    An object that names none of them comes back as it was. A changed one gets an id of its own, because only
    its creator may change an object under its id (STIX 2.1, section 3.6). It keeps its times: versions
    of the original are versions of the redacted object too.
    """
    if parties.has(obj.get("id")) or (obj.get("type") == "identity" and _is_named(obj, parties)):
        return _no("redact.party", "It is the identity of the party itself.")
    copy = dict(obj)
    removed = _drop_references(copy, parties)
    lacking = next((path for path in removed if _is_lacking(copy, path)), None)
    if lacking:
        return _no("redact.required", f"Without the party it would have no {_root(lacking)}, which it needs.")
    if removed and copy.get("granular_markings"):
        # They point at places by number: in a list that closed up they would mark the wrong one.
        return _no("redact.marking", "It has markings on its parts, and parts of it would be removed.")
    removed += _replace_texts(copy, parties, _MANNERS[removal].mark)
    if removed:
        copy["id"] = redacted_id(str(obj["id"]), removal)
        if "created" in copy:  # cyber-observables have no creator
            copy["created_by_ref"] = creator
    remaining = next(_traces(copy, parties, "", DEEPEST), None)
    if remaining is not None:
        return _no("redact.remains", f"The party can still be recognised at {remaining}.")
    return Redacted(copy, tuple(removed))


def redacted_id(original: str, removal: Removal = Removal.VICTIMS) -> str:
    """The id under which an object goes after a removal: the same on every node, and never the original's."""
    return f"{original.partition('--')[0]}--{uuid5(NAMESPACE, original + _MANNERS[removal].suffix)}"


def _drop_references(copy: dict[str, Any], parties: Parties) -> list[str]:
    """Take out the references to the parties, giving their paths."""
    removed: list[str] = []
    for name in _REFERENCES:
        value = copy.get(name)
        if isinstance(value, list):
            removed += [f"{name}[{index}]" for index, item in enumerate(value) if parties.has(item)]
            copy[name] = [item for item in value if not parties.has(item)]
            if value and not copy[name]:
                del copy[name]  # STIX knows no empty lists
        elif parties.has(value):
            removed.append(name)
            del copy[name]
    return removed


def _is_lacking(copy: Mapping[str, Any], path: str) -> bool:
    return _root(path) not in copy and _root(path) in _REQUIRED.get(str(copy.get("type")), frozenset())


def _replace_texts(copy: dict[str, Any], parties: Parties, mark: str) -> list[str]:
    """Take the names out of the free texts of the object and of its external references."""
    removed = _replace_in(copy, parties, mark, "")
    references = copy.get("external_references")
    if isinstance(references, list):
        copy["external_references"] = [dict(r) if isinstance(r, Mapping) else r for r in references]
        for index, reference in enumerate(copy["external_references"]):
            if isinstance(reference, dict):
                removed += _replace_in(reference, parties, mark, f"external_references[{index}].")
    return removed


def _replace_in(part: dict[str, Any], parties: Parties, mark: str, where: str) -> list[str]:
    removed = []
    for name in sorted(_FREE_TEXT & part.keys()):
        if isinstance(part[name], str):
            text = without_words(part[name], parties.known_as, mark)
            if text != part[name]:
                part[name] = text
                removed.append(where + name)
    return removed


def _traces(value: object, parties: Parties, where: str, depth: int) -> Iterator[str]:
    """The paths at which an id or a name of the parties is still there, in keys as well as in values."""
    if depth == 0:
        raise TooLarge(where, f"is nested more than {DEEPEST} deep.")
    if isinstance(value, Mapping):
        for key, item in value.items():
            path = f"{where}.{key}" if where else str(key)
            yield from _traces(key, parties, f"the name of {path}", depth - 1)
            yield from _traces(item, parties, path, depth - 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _traces(item, parties, f"{where}[{index}]", depth - 1)
    elif _betrays(str(value), parties):
        yield where


def _betrays(text: str, parties: Parties) -> bool:
    small = text.casefold()
    if any(identity.rpartition("--")[2].casefold() in small for identity in parties.ids):
        return True
    identifier = _ID.fullmatch(text)
    words = identifier.group(1) if identifier else text  # the digits of a UUID spell no name
    return occur(parties.known_as, words)


def _is_named(obj: Mapping[str, Any], parties: Parties) -> bool:
    return folded(str(obj.get("name", ""))) in parties.known_as


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, _SOURCE, text))
