"""How a score falls while nothing is heard: the points of a curve."""

from __future__ import annotations

from comity.engines.scoring.parameters import Decay


def curve(decay: Decay, points: int = 60) -> tuple[tuple[float, float], ...]:
    """Days and score, from today's base to the end of the lifetime, at even distances."""
    days = [decay.lifetime * step / points for step in range(points + 1)]
    return tuple((day, decay.base * decay.left(day)) for day in days)
