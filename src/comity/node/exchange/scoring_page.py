"""The parameters of the score for people: one line for each kind alike, and the curves as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from comity.engines.scoring.curve import curve
from comity.engines.scoring.parameters import Decay, Model

WIDTH, HEIGHT = 340.0, 170.0  # of the drawing, in units of its own
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of the drawing, and what it stands for."""

    decay: Decay
    points: str  # as SVG has them
    label_x: str
    label_y: str
    number: int

    @property
    def kinds(self) -> str:
        """The kinds of values that grow old so."""
        return ", ".join(self.decay.kinds)


@dataclass(frozen=True, slots=True)
class Drawing:
    """All lines in one frame; the longest lifetime is its width."""

    lines: tuple[Drawn, ...]
    days: tuple[tuple[str, int], ...]  # place and number
    scores: tuple[tuple[str, int], ...]
    width: str = f"{WIDTH:.0f}"
    height: str = f"{HEIGHT:.0f}"


def drawn(model: Model, most_days: float = 365.0) -> Drawing:
    """How a score falls while nothing is heard, for each way of growing old, in the first year."""
    ways = list(dict.fromkeys(model.decays.values()))
    lines = tuple(_line(decay, number, most_days) for number, decay in enumerate(ways, 1))
    days = tuple((f"{WIDTH * n / _TICKS:.1f}", round(most_days * n / _TICKS)) for n in range(_TICKS + 1))
    scores = tuple((f"{HEIGHT * (1 - n / _TICKS):.1f}", 100 * n // _TICKS) for n in range(_TICKS + 1))
    return Drawing(lines, days, scores)


def _line(decay: Decay, number: int, most_days: float) -> Drawn:
    placed = [
        (WIDTH * day / most_days, HEIGHT * (1 - score / 100))
        for day, score in curve(decay, 240)
        if day <= most_days
    ]
    label = placed[len(placed) * (1 + number % 3) // 5]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    return Drawn(decay, points, f"{label[0]:.1f}", f"{label[1]:.1f}", number)
