"""What most cases have in common, as the JSON that people and nodes write; a case states what differs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from comity.engines.release.case import Recipient, Relation
from comity.engines.release.handling import Handling
from comity.engines.release.iep import Iep
from comity.engines.release.terms import Terms

DAY = date(2026, 5, 3)

TERMS: dict[str, Any] = {
    "agreement": "mou-pk-xx-2025",
    "title": "Memorandum of Understanding PK-XX",
    "source": "art. 4(2)",
    "since": "2025-01-01",
    "until": "2029-12-31",
    "withdrawn": None,
    "highest": "amber",
    "purposes": ["network-defence", "incident-response"],
    "categories": ["indicator", "malware", "sighting"],
    "remove_victims": False,
    "onward": "within-tlp",
    "retention_days": None,
    "second_person_above": "green",
}

HANDLING: dict[str, Any] = {
    "category": "indicator",
    "ownership": "own",
    "origin": "cert.pk",
    "tlp": "green",
    "policies": [],
    "unknown_markings": [],
    "origin_terms": None,
    "keep_until": None,
    "named": [],
    "names_victims": False,
    "expires": None,
    "revoked": False,
    "recalled": False,
    "conditions_read": [],
}

IEP: dict[str, Any] = {
    "id": "01bc4353-4829-4d55-8d52-0ab7e0790df9",
    "name": "Community policy",
    "description": None,
    "iep_version": 2.0,
    "start_date": "2020-01-01T00:00:00Z",
    "end_date": None,
    "encrypt_in_transit": "may",
    "permitted_actions": "externally-visible-direct-actions",
    "affected_party_notifications": "may",
    "tlp": "green",
    "attribution": "may",
    "unmodified_resale": "may",
    "obfuscate_affected_parties": "may",
    "external_references": [],
}


def terms(**differing: Any) -> Terms:
    """The usual terms, but for what differs."""
    return Terms.from_json({**TERMS, **differing})


def policy(**differing: Any) -> Iep:
    """The usual policy, but for what differs."""
    return Iep.from_json({**IEP, **differing})


def handling(**differing: Any) -> Handling:
    """The usual class, but for what differs; `received_under` alone makes it another's."""
    under = differing.pop("received_under", None)
    if under is not None:
        differing = {
            "ownership": "received",
            "origin": "cert.yy",
            "origin_terms": {**TERMS, **under},
        } | differing
    policies = [{**IEP, **stated} for stated in differing.pop("policies", [])]
    return Handling.from_json({**HANDLING, **differing, "policies": policies})


def recipient(stated: Mapping[str, str] | None = None) -> Recipient:
    """The partner CERT, but for what differs."""
    stated = stated or {}
    return Recipient(stated.get("party", "cert.xx"), Relation(stated.get("relation", "partner")))


def noon(day: date = DAY) -> datetime:
    """The middle of that day."""
    return datetime.combine(day, time(12), UTC)
