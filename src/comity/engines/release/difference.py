"""What other terms would change: each class before and after, and the counts of objects by change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from comity.engines.release.explain import Picture, Reason, picture
from comity.engines.release.judge import Release


class Change(Enum):
    """What can become of a class; one that stays visible can change in several ways at once."""

    MORE = "more"
    FEWER = "fewer"
    CUT = "cut"
    RESTORED = "restored"
    APPROVED = "approved"
    FREED = "freed"

    @property
    def words(self) -> str:
        """As people say it, after a number of objects."""
        return _WORDS[self]


_WORDS: Mapping[Change, str] = MappingProxyType(
    {
        Change.MORE: "more would be seen",
        Change.FEWER: "fewer would be seen",
        Change.CUT: "would be seen with more taken out",
        Change.RESTORED: "would be seen with less taken out",
        Change.APPROVED: "would need a second person before they leave",
        Change.FREED: "would no longer need a second person before they leave",
    }
)


@dataclass(frozen=True, slots=True)
class Shift:
    """The judgement of one class before and after."""

    before: Release
    after: Release

    @property
    def changes(self) -> frozenset[Change]:
        """What is different; empty for a class that is not concerned."""
        was, is_ = self.before.verdict.allowed, self.after.verdict.allowed
        if was != is_:
            return frozenset({Change.MORE if is_ else Change.FEWER})
        told = {
            Change.CUT: self.after.removals - self.before.removals,
            Change.RESTORED: self.before.removals - self.after.removals,
            Change.APPROVED: self.after.second_person and not self.before.second_person,
            Change.FREED: self.before.second_person and not self.after.second_person,
        }
        return frozenset(change for change, holds in told.items() if holds)


@dataclass(frozen=True, slots=True)
class Difference:
    """Counts of objects: both pictures, what changes between them, and why some would no longer be seen."""

    before: Picture
    after: Picture
    objects: Mapping[Change, int]
    lost: tuple[Reason, ...]  # grounds that would close the door to what is seen now, most objects first

    def count(self, change: Change) -> int:
        """How many objects change so."""
        return self.objects.get(change, 0)

    @property
    def nothing(self) -> bool:
        """Whether the partner would see the same, in the same form, by the same approvals."""
        return not any(self.objects.values())

    def as_json(self) -> dict[str, Any]:
        """The difference as the API and the command show it."""
        return {
            "changes": {change.value: self.count(change) for change in Change},
            "lost": [reason.as_json() for reason in self.lost],
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


def difference(shifts: Iterable[tuple[Shift, int]]) -> Difference:
    """Count pairs of a class's judgements and how many objects the class has."""
    known = list(shifts)
    objects: Counter[Change] = Counter()
    for shift, count in known:
        objects.update(dict.fromkeys(shift.changes, count))
    closing = ((shift.after, count) for shift, count in known if Change.FEWER in shift.changes)
    return Difference(
        before=picture((shift.before, count) for shift, count in known),
        after=picture((shift.after, count) for shift, count in known),
        objects=MappingProxyType(objects),
        lost=picture(closing).reasons,
    )
