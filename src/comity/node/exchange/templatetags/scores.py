"""What the pages about scores and versions say in signs and words."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from comity.node.exchange.tracing import Had

register = template.Library()


@register.filter
def signed(points: int) -> str:
    """The points with their sign: +5, \N{MINUS SIGN}23."""
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}")


@register.filter
def lacking(having: Iterable[Had], modified: str) -> int:
    """How many partners have an older version than this one."""
    return sum(each.newest != modified for each in having)
