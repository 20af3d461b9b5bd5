"""What validation says: each finding names the object, the place in it, the rule, and the section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

_SHOWN = 80


class Level(Enum):
    """An error breaks a MUST of the standard; a warning a SHOULD, or uses what the standard calls old."""

    ERROR = "error"
    WARNING = "warning"


class Rule(StrEnum):
    """The stable ids of all rules; `docs/wire/stix.md` has a line for each."""

    OBJECT = "stix.object"
    TYPE = "stix.type"
    CUSTOM_TYPE = "stix.custom-type"
    REQUIRED = "stix.required"
    REQUIRED_ONE = "stix.required-one"
    TOGETHER = "stix.together"
    EXCLUSIVE = "stix.exclusive"
    KIND = "stix.kind"
    NULL = "stix.null"
    RANGE = "stix.range"
    EMPTY = "stix.empty"
    ID = "stix.id"
    ID_VERSION = "stix.id-version"
    ID_VERSION_NEEDED = "stix.id-version-needed"
    ID_DETERMINISTIC = "stix.id-deterministic"
    SPEC_VERSION = "stix.spec-version"
    TIMESTAMP = "stix.timestamp"
    PRECISION = "stix.precision"
    ORDER = "stix.order"
    REFERENCE = "stix.reference"
    REFERENCE_TYPE = "stix.reference-type"
    RELATIONSHIP = "stix.relationship"
    VOCABULARY = "stix.vocabulary"
    ENUMERATION = "stix.enumeration"
    HASH = "stix.hash"
    HASH_NAME = "stix.hash-name"
    HEX = "stix.hex"
    BINARY = "stix.binary"
    KEY = "stix.key"
    PROPERTY_NAME = "stix.property-name"
    RESERVED = "stix.reserved"
    CUSTOM_PROPERTY = "stix.custom-property"
    UNKNOWN_PROPERTY = "stix.unknown-property"
    CUSTOM_EXTENSION = "stix.custom-extension"
    DEFANGED = "stix.defanged"
    DEPRECATED = "stix.deprecated"
    EXTERNAL_ID = "stix.external-id"
    LANGUAGE = "stix.language"
    URL = "stix.url"
    ADDRESS = "stix.address"
    MIME_TYPE = "stix.mime-type"
    CHARACTER_SET = "stix.character-set"
    CPE = "stix.cpe"
    HIVE = "stix.hive"
    SELECTOR = "stix.selector"
    MARKING_CYCLE = "stix.marking-cycle"
    TLP = "stix.tlp"
    PATTERN = "stix.pattern"


WARNINGS = frozenset(
    {
        Rule.CUSTOM_TYPE,
        Rule.ID_VERSION,
        Rule.ID_DETERMINISTIC,
        Rule.RELATIONSHIP,
        Rule.VOCABULARY,
        Rule.HASH_NAME,
        Rule.CUSTOM_PROPERTY,
        Rule.UNKNOWN_PROPERTY,
        Rule.CUSTOM_EXTENSION,
        Rule.DEPRECATED,
        Rule.MIME_TYPE,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place inside a value; `where` is a JSON pointer from that value on."""

    rule: Rule
    text: str
    section: str
    where: str = ""


Problems = tuple[Problem, ...]
FINE: Problems = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of one object; its sentence is made when somebody reads it."""

    ref: str  # the id of the object, empty where it has none
    kind: object  # its type, or what stands in its place
    problem: Problem  # its place begins at the value that was validated

    @property
    def level(self) -> Level:
        """Whether the standard is broken, or only its advice."""
        return Level.WARNING if self.problem.rule in WARNINGS else Level.ERROR

    @property
    def rule(self) -> Rule:
        """The rule that the object does not keep."""
        return self.problem.rule

    @property
    def where(self) -> str:
        """A JSON pointer (RFC 6901) into the value that was validated."""
        return self.problem.where

    @property
    def text(self) -> str:
        """The problem as a sentence that names the object, the property and the section."""
        place = f" {self.problem.where}" if self.problem.where else ""
        named = self.ref or shown(self.kind)
        return f"{named}{place}: {self.problem.text} (STIX 2.1, section {self.problem.section})."


def under(step: str | int, problems: Iterable[Problem]) -> Problems:
    """The problems of a part, as problems of the whole."""
    prefix = "/" + str(step).replace("~", "~0").replace("/", "~1")
    return tuple(Problem(each.rule, each.text, each.section, prefix + each.where) for each in problems)


def unlike(found: object, expected: str, section: str) -> Problems:
    """The problem of a value of another kind than it must be; null is one of its own."""
    rule = Rule.NULL if found is None else Rule.KIND
    return (Problem(rule, f"is {shown(found)}, and must be {expected}", section),)


def shown(found: object) -> str:
    """A value in a sentence: short, and without walking into containers."""
    if found is None:
        return "null"
    if isinstance(found, dict):
        return "an object"
    if isinstance(found, list):
        return "a list"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        return str(found) if found.bit_length() <= 256 else "a huge number"  # noqa: PLR2004  78 digits
    text = repr(found)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
