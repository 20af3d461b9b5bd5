"""What lists and searches need of a STIX object: a title, the words it is found by, and whom it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from comity.base.lines import as_line
from comity.base.times import is_written
from comity.formats.stix import ID

LONGEST_TITLE = 200
LONGEST_WORDS = 4_000
LONGEST_PATH = 100
LONGEST_LABEL = 120
LONGEST_RELATION = 100
MOST_LABELS = 100
JOINING = ("relationship", "sighting")
JOINED = ("source_ref", "target_ref", "sighting_of_ref")  # what these are called by
DEFINITIONS = ("marking-definition", "extension-definition")  # they travel with what needs them, never alone

_NAMING = ("_ref", "_refs")  # how the names of properties end that name objects
_TITLES = (
    "name",
    "value",
    "pattern",
    "abstract",
    "relationship_type",
    "path",
    "key",
    "number",
    "subject",
    "display_name",
    "account_login",
    "user_id",
    "command_line",
    "x_misp_value",
    "x_misp_name",
    "description",
    "content",
    "serial_number",
    "message_id",
    "url",
)
_PORTS = (("src_port", "from"), ("dst_port", "to"))
_DIGESTS = ("SHA-256", "SHA-1", "MD5")  # by which a file without a name is called
_WORDS = (
    "name",
    "aliases",
    "pattern",
    "value",
    "abstract",
    "description",
    "labels",
    "hashes",
    "x_misp_value",
)


def links_of(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Every id that the object names, with the property that names it, at any depth, each pair once."""
    found: dict[tuple[str, str], None] = {}
    _gather(value, "", found)
    return tuple(sorted(found))


def title_of(value: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What people call it; a relationship and a sighting by what they join; `names` are titles by id."""
    named = next((str(value[name]) for name in _TITLES if value.get(name)), "")
    if value.get("type") == "relationship":
        named = f" {named} ".join(_called(value, end, names) for end in JOINED[:2])
    if value.get("type") == "sighting":
        named = f"Sighting of {_called(value, JOINED[2], names)}"
    if value.get("type") == "opinion":
        named = f"Opinion: {str(value.get('opinion', '')).replace('-', ' ')}"
    named = named or _described(value)
    return as_line(named[:LONGEST_WORDS])[:LONGEST_TITLE] or str(value.get("id", ""))[:LONGEST_TITLE]


def folded(text: str) -> str:
    """The text without what a search makes no difference of: case, and the ways to write one letter.

    Folded here, and not by a database: SQLite folds ASCII alone, and PostgreSQL by its locale.
    """
    return text.lower() if text.isascii() else normalize("NFKC", normalize("NFKC", text).casefold())


def words_of(value: Mapping[str, Any]) -> str:
    """What the search looks at, folded."""
    found = [str(value["id"]), str(value["type"])]
    for name in _WORDS:
        if name in value:
            found += _texts(value[name])
    references = value.get("external_references")
    for reference in references if isinstance(references, list) else ():
        found += _texts(reference.get("external_id") if isinstance(reference, Mapping) else None)
    return " ".join(folded(" ".join(found)).split())[:LONGEST_WORDS]


def labels_of(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels that an object carries and the sectors that it is about, each with what it is."""
    found: dict[str, None] = {}
    for name, kind in (("labels", "label"), ("sectors", "sector")):
        words = value.get(name)
        for word in words if isinstance(words, list) else ():
            if isinstance(word, str) and word:
                found[f"{kind}:{word.casefold()}"[:LONGEST_LABEL]] = None
    return tuple(found)[:MOST_LABELS]


def facets_of(value: Mapping[str, Any]) -> tuple[str, int | None, str, str, str]:
    """What lists are narrowed by: relation, confidence, created, valid from, valid until."""
    relation = value.get("relationship_type")
    known = isinstance(relation, str) and value.get("type") == "relationship"
    return (
        str(relation)[:LONGEST_RELATION] if known else "",
        confidence_of(value),
        _time(value, "created"),
        _time(value, "valid_from"),
        _time(value, "valid_until"),
    )


def confidence_of(value: Mapping[str, Any]) -> int | None:
    """The confidence on the scale of STIX, 0 to 100."""
    said = value.get("confidence")
    return said if type(said) is int and 0 <= said <= 100 else None  # noqa: PLR2004  as STIX has it


def _time(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    return text if is_written(text) else ""


def _gather(value: Mapping[str, Any], where: str, found: dict[tuple[str, str], None]) -> None:
    for name, member in value.items():
        if "--" in name and ID.fullmatch(name):
            found[(where or name)[:LONGEST_PATH], name] = None  # an extension, named by its definition's id
        kind = type(member)
        if kind is str:
            if name.endswith(_NAMING) and ID.fullmatch(member):
                found[name[:LONGEST_PATH], member] = None
        elif kind is dict:
            _gather(member, name, found)
        elif kind is list:
            _gather_each(member, name, found)


def _gather_each(members: list[Any], name: str, found: dict[tuple[str, str], None]) -> None:
    naming = name.endswith(_NAMING)
    for member in members:
        kind = type(member)
        if kind is dict:
            _gather(member, name, found)
        elif kind is list:
            _gather_each(member, name, found)
        elif naming and kind is str and ID.fullmatch(member):
            found[name[:LONGEST_PATH], member] = None


def _described(value: Mapping[str, Any]) -> str:
    """What stands for a name where there is none: a digest, a statement, what was observed and when."""
    hashes, stated = value.get("hashes"), value.get("definition")
    if isinstance(hashes, Mapping) and hashes:
        return str(next((hashes[name] for name in _DIGESTS if name in hashes), next(iter(hashes.values()))))
    if isinstance(stated, Mapping):
        return str(stated.get("statement", ""))
    if value.get("type") == "observed-data":
        refs = value.get("object_refs")
        types = dict.fromkeys(str(ref).partition("--")[0] for ref in refs) if isinstance(refs, list) else ()
        return f"Observed {str(value.get('first_observed', ''))[:10]}: {', '.join(types).replace('-', ' ')}"
    if value.get("type") == "network-traffic":
        return _traffic(value)
    return ""


def _traffic(value: Mapping[str, Any]) -> str:
    protocols = value.get("protocols")
    spoken = " over ".join(map(str, reversed(protocols))) if isinstance(protocols, list) else "traffic"
    ports = [f"{word} port {value[name]}" for name, word in _PORTS if isinstance(value.get(name), int)]
    return " ".join((spoken, *ports))


def _called(value: Mapping[str, Any], end: str, names: Mapping[str, str]) -> str:
    ref = str(value.get(end, ""))
    return names.get(ref) or ref.partition("--")[0]


def _texts(member: object) -> list[str]:
    if type(member) is str:
        return [member] if member else []
    if isinstance(member, Mapping):
        return [str(text) for text in member.values()]
    if isinstance(member, list):
        return [str(text) for text in member]
    return [str(member)] if member else []
