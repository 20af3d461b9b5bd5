"""Terms: what the sharing provision of an agreement lets through, to whom, what for and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any, Self

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.tlp import Tlp

MOST_DAYS = 36_525  # a hundred years: longer than any retention that is meant


class Purpose(Enum):
    """What a thing is shared for."""

    NETWORK_DEFENCE = "network-defence"
    INCIDENT_RESPONSE = "incident-response"
    VICTIM_NOTIFICATION = "victim-notification"
    LAW_ENFORCEMENT = "law-enforcement"
    SITUATIONAL_AWARENESS = "situational-awareness"
    RESEARCH = "research"
    CAPACITY_BUILDING = "capacity-building"

    @property
    def words(self) -> str:
        """As people say it."""
        return _PURPOSE_WORDS[self]


class Category(Enum):
    """What kind of thing is shared, in the words that agreements use."""

    INDICATOR = "indicator"
    MALWARE = "malware"
    VULNERABILITY = "vulnerability"
    THREAT_ACTOR = "threat-actor"
    INCIDENT = "incident"
    SIGHTING = "sighting"
    OBSERVATION = "observation"
    IDENTITY = "identity"
    COURSE_OF_ACTION = "course-of-action"
    REPORT = "report"
    OTHER = "other"

    @property
    def words(self) -> str:
        """As people say it, of many."""
        return _CATEGORY_WORDS[self]


class Onward(Enum):
    """How far a receiver may pass on what it was given."""

    NONE = "none"
    OWN_CONSTITUENCY = "own-constituency"
    WITHIN_TLP = "within-tlp"


_PURPOSE_WORDS: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.NETWORK_DEFENCE: "defence of networks",
        Purpose.INCIDENT_RESPONSE: "response to incidents",
        Purpose.VICTIM_NOTIFICATION: "telling victims",
        Purpose.LAW_ENFORCEMENT: "law enforcement",
        Purpose.SITUATIONAL_AWARENESS: "situational awareness",
        Purpose.RESEARCH: "research",
        Purpose.CAPACITY_BUILDING: "building capacity",
    }
)
_CATEGORY_WORDS: Mapping[Category, str] = MappingProxyType(
    {
        Category.INDICATOR: "indicators",
        Category.MALWARE: "malware and tools",
        Category.VULNERABILITY: "vulnerabilities",
        Category.THREAT_ACTOR: "threat actors and their ways",
        Category.INCIDENT: "incidents",
        Category.SIGHTING: "sightings",
        Category.OBSERVATION: "observations",
        Category.IDENTITY: "identities",
        Category.COURSE_OF_ACTION: "courses of action",
        Category.REPORT: "reports and notes",
        Category.OTHER: "relationships and everything else",
    }
)

# Relationships and types of others' making are OTHER: an agreement that means them has to say so.
CATEGORY_OF_TYPE: Mapping[str, Category] = MappingProxyType({
    "attack-pattern": Category.THREAT_ACTOR,
    "campaign": Category.THREAT_ACTOR,
    "infrastructure": Category.THREAT_ACTOR,
    "intrusion-set": Category.THREAT_ACTOR,
    "threat-actor": Category.THREAT_ACTOR,
    "course-of-action": Category.COURSE_OF_ACTION,
    "grouping": Category.REPORT,
    "note": Category.REPORT,
    "opinion": Category.REPORT,
    "report": Category.REPORT,
    "identity": Category.IDENTITY,
    "incident": Category.INCIDENT,
    "indicator": Category.INDICATOR,
    "malware": Category.MALWARE,
    "malware-analysis": Category.MALWARE,
    "tool": Category.MALWARE,
    "sighting": Category.SIGHTING,
    "vulnerability": Category.VULNERABILITY,
    "observed-data": Category.OBSERVATION,
    **dict.fromkeys(
        ("artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file",
         "ipv4-addr", "ipv6-addr", "mac-addr", "mutex", "network-traffic", "process", "software", "url",
         "user-account", "windows-registry-key", "x509-certificate"),
        Category.OBSERVATION,
    ),
})  # fmt: skip  # the eighteen STIX cyber-observables read better as a block


def category_of(stix_type: str) -> Category:
    """The category of a STIX 2.1 type; OTHER for a type that no agreement has a word for."""
    return CATEGORY_OF_TYPE.get(stix_type, Category.OTHER)


@dataclass(frozen=True, slots=True)
class Terms:
    """The sharing provision of one agreement, as it stands between this node's side and one partner."""

    agreement: str
    title: str
    source: str  # the provision: "art. 4(2)"
    since: date  # first day in force
    highest: Tlp
    purposes: frozenset[Purpose]
    categories: frozenset[Category]
    onward: Onward
    second_person_above: Tlp
    until: date | None = None  # last day in force
    withdrawn: date | None = None  # first day on which a withdrawal has effect
    remove_victims: bool = False
    retention_days: int | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise ValueError("terms end on or after the day they begin")

    @property
    def cited(self) -> str:
        """The provision as a ground cites it."""
        return f"{self.title}, {self.source}"

    @classmethod
    def from_json(cls, raw: object, where: str = "terms") -> Self:
        """Decode what `as_json` writes; anything else is `Malformed`."""
        fields = Fields(raw, where)
        terms: dict[str, Any] = {
            "agreement": fields.prose("agreement"),
            "title": fields.line("title"),
            "source": fields.line("source"),
            "since": fields.day("since"),
            "until": fields.nullable(fields.day, "until"),
            "withdrawn": fields.nullable(fields.day, "withdrawn"),
            "highest": fields.choice("highest", Tlp),
            "purposes": fields.choices("purposes", Purpose),
            "categories": fields.choices("categories", Category),
            "remove_victims": fields.truth("remove_victims"),
            "onward": fields.choice("onward", Onward),
            "retention_days": fields.nullable(
                lambda name: fields.number(name, least=1, most=MOST_DAYS), "retention_days"
            ),
            "second_person_above": fields.choice("second_person_above", Tlp),
        }
        fields.nothing_else()
        try:
            return cls(**terms)
        except ValueError as problem:
            raise Malformed(where, f"{problem}.") from problem

    def as_json(self) -> dict[str, Any]:
        """The terms as they are kept with an agreement and travel in a proposal."""
        return {
            "agreement": self.agreement,
            "title": self.title,
            "source": self.source,
            "since": self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "withdrawn": self.withdrawn and self.withdrawn.isoformat(),
            "highest": self.highest.value,
            "purposes": sorted(purpose.value for purpose in self.purposes),
            "categories": sorted(category.value for category in self.categories),
            "remove_victims": self.remove_victims,
            "onward": self.onward.value,
            "retention_days": self.retention_days,
            "second_person_above": self.second_person_above.value,
        }
