"""What became of everything that was read: nothing is dropped without being counted here."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_SAMPLES = 20
MOST_OF_ONE = 5  # samples of one source, so that one bad file does not hide the others
SHOWN = 200  # characters of a sample


@dataclass(frozen=True, slots=True)
class Unread:
    """A line, or with line 0 the source itself, of which nothing could be made."""

    source: str
    line: int
    why: str
    text: str = ""

    def __str__(self) -> str:
        place = f"{self.source}, line {self.line}" if self.line else self.source
        return f"{place}: {self.why}" + (f" {self.text!r}" if self.text else "")


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts that grow while logs are read; whoever reads shows them."""

    sources: int = 0  # that were opened
    read: int = 0  # bytes of what is stored, packed or not
    rows: int = 0
    unread: int = 0  # lines
    broken: int = 0  # sources of which nothing, or only the beginning, could be read
    strange: int = 0  # lines with bytes that are no UTF-8, each kept as \xHH
    unfit: int = 0  # values that are not of their column's kind, and so are empty
    timeless: int = 0  # rows whose time is missing or could not be read
    zoneless: int = 0  # rows whose time says no zone, so that the setting decided
    samples: list[Unread] = field(default_factory=list)
    breaks: list[Unread] = field(default_factory=list)

    def note(self, source: str, line: int, why: str, text: bytes | str = b"") -> None:
        """One line could not be read."""
        self.unread += 1
        of_it = sum(each.source == source for each in self.samples)
        if len(self.samples) < MOST_SAMPLES and of_it < MOST_OF_ONE:
            self.samples.append(Unread(source, line, why, _shortened(text)))

    def note_break(self, source: str, why: str) -> None:
        """A source could not be read, or not to its end."""
        self.broken += 1
        if len(self.breaks) < MOST_SAMPLES:
            self.breaks.append(Unread(source, 0, why))


def _shortened(text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text[:SHOWN].decode("utf-8", "backslashreplace")
    return text[:SHOWN].strip()
