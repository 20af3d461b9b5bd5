"""Tags and sharing groups to markings: a TLP tag becomes the marking, never only a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid5

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS, TLP_OF_ID
from comity.formats.misp.parts import NAMESPACE, Json, Unmapped

TLP_TAGS: Mapping[str, Tlp] = {f"tlp:{tlp.value}": tlp for tlp in Tlp} | {"tlp:white": Tlp.CLEAR}
# MISP's own scale, and the credibility of information as Appendix A of STIX 2.1 maps it.
CONFIDENCE: Mapping[str, int] = {
    'misp:confidence-level="completely-confident"': 100,
    'misp:confidence-level="usually-confident"': 75,
    'misp:confidence-level="fairly-confident"': 50,
    'misp:confidence-level="rarely-confident"': 25,
    'misp:confidence-level="unconfident"': 0,
    'admiralty-scale:information-credibility="1"': 90,
    'admiralty-scale:information-credibility="2"': 70,
    'admiralty-scale:information-credibility="3"': 50,
    'admiralty-scale:information-credibility="4"': 30,
    'admiralty-scale:information-credibility="5"': 10,
}
_IN_GROUP = "4"  # the distribution "sharing group"
# A group has one definition, whichever event it came with and whenever.
_CREATED = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Marks:
    """How far something may go: the strictest label, and the sharing groups it was given to."""

    label: Tlp | None = None
    groups: frozenset[str] = frozenset()

    def refs(self) -> list[str]:
        """The markings of an object with these marks."""
        return ([TLP_IDS[self.label]] if self.label else []) + sorted(self.groups)


def strictest(*marks: Marks) -> Marks:
    """What holds for something that tells of all of them."""
    labels = [each.label for each in marks if each.label]
    groups = frozenset(ref for each in marks for ref in each.groups)
    return Marks(max(labels, key=lambda label: label.rank, default=None), groups)


def label_of(tags: Iterable[str]) -> Tlp | None:
    """The strictest label; a TLP tag that nobody knows counts as RED."""
    names = (tag.lower().strip() for tag in tags)
    found = (TLP_TAGS.get(name, Tlp.RED) for name in names if name.startswith("tlp:"))
    return max(found, key=lambda label: label.rank, default=None)


def unknown_labels(uuid: str, tags: Iterable[str]) -> list[Unmapped]:
    """The TLP tags that nobody knows."""
    names = (tag.lower().strip() for tag in tags)
    strange = dict.fromkeys(name for name in names if name.startswith("tlp:") and name not in TLP_TAGS)
    reason = "is not a TLP label; what it marks is treated as TLP:RED."
    return [Unmapped(uuid, f"tag {name!r}", reason, kept=True) for name in strange]


def words_of(tags: Iterable[str]) -> list[str]:
    """The tags that are labels in STIX: all but those of TLP."""
    return [tag for tag in tags if not tag.lower().strip().startswith("tlp:")]


def confidence_of(tags: Iterable[str]) -> int | None:
    """The least confidence that a tag gives."""
    return min((CONFIDENCE[tag] for tag in tags if tag in CONFIDENCE), default=None)


def marks_of_library(refs: Iterable[str]) -> list[str]:
    """The markings that are not of TLP: we set those ourselves."""
    return [ref for ref in refs if ref not in TLP_OF_ID]


def group_of(part: Json, uuid: str) -> dict[str, Any] | None:
    """The marking of what was given to a sharing group only, or None for anything else.

    Nobody outside can tell who is in it now: the statement says what the event says, and a person decides.
    """
    if str(part.get("distribution", "")) != _IN_GROUP:
        return None
    found = part.get("SharingGroup")
    group: Json = found if isinstance(found, dict) else {}
    name = group.get("name") or f"number {part.get('sharing_group_id')} of the instance that made {uuid}"
    releasable = f" Releasable to: {group['releasability']}." if group.get("releasability") else ""
    text = f"MISP sharing group {name}.{releasable}{_members(group)}"
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid5(NAMESPACE, text)}",
        "created": _CREATED,
        "definition_type": "statement",
        "definition": {"statement": text},
    }


def _members(group: Json) -> str:
    found = group.get("SharingGroupOrg")
    orgs = (
        [each.get("Organisation") for each in found if isinstance(each, dict)]
        if isinstance(found, list)
        else []
    )
    names = sorted(str(each.get("name")) for each in orgs if isinstance(each, dict))
    return f" Members: {', '.join(names)}." if names else ""
