"""The set of patterns of a sensor, in step with the indicators that it keeps, and saved now and then.

The saved file is only a short cut: it says up to which change it goes, what changed since is added when it is
read, and where it is lost or broken the set is made anew of what is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from comity.base.errors import Malformed
from comity.detection.pulling import CHANGE, Change
from comity.detection.state import State
from comity.engines.patterns.sets.patternset import MOST_PATTERNS, Indicated, PatternSet
from comity.engines.patterns.sets.storing import load, save

SAVED = "saved"  # what the state calls the change up to which the file goes
_FILE = "patterns"
_PORTION = 10_000  # changes that are taken into a set at once
_MANY = 100_000  # changes beyond which the set is made anew


@dataclass(slots=True)
class Patterns:
    """The set as it is now."""

    folder: Path
    state: State
    set: PatternSet

    @classmethod
    def open(cls, folder: Path, state: State) -> Patterns:
        """The set of all that is kept."""
        found = cls(folder, state, PatternSet.of(()))
        if not found._read():
            found._make()
            found.save()
        return found

    def take(self, change: Change) -> None:
        """Look for what is new, and no longer for what is gone."""
        if self.set.following + len(change.add) > MOST_PATTERNS:
            self._make()
        else:
            add = (Indicated(ref, pattern) for ref, pattern in change.add.items())
            self.set = self.set.changed(add=add, remove=change.remove)

    def save(self) -> None:
        """Keep the set in its file."""
        number = self._change
        save(self.set, self.folder / _FILE)
        self.state.note(SAVED, number)

    def to_save(self) -> int:
        """How many changes the file lacks."""
        return self._change - (self.state.noted(SAVED) or 0)

    @property
    def _change(self) -> int:
        return int(self.state.noted(CHANGE) or 0)

    def _make(self) -> None:
        self.set = PatternSet.of(
            Indicated(ref, pattern) for ref, pattern in self.state.looked_for() if pattern is not None
        )

    def _read(self) -> bool:
        """The file and what changed since; False where that would be no short cut."""
        since = self.state.noted(SAVED)
        if since is None or not (self.folder / _FILE).exists():
            return False
        try:
            self.set = load(self.folder / _FILE)
        except Malformed:
            return False
        missing = list(self.state.looked_for(since=since))
        if len(missing) > _MANY:
            return False
        for portion in _portions(missing):
            change = Change()
            for ref, pattern in portion:
                change.note(ref, pattern)
            self.take(change)
        return True


def _portions(found: list[tuple[str, str | None]]) -> Iterator[Iterable[tuple[str, str | None]]]:
    return (found[begin : begin + _PORTION] for begin in range(0, len(found), _PORTION))
