"""Points of a score as people read them."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def signed(points: int) -> str:
    """The points with their sign: +5, \N{MINUS SIGN}23."""
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}")
