"""The kinds of feeds, registered as data: each reads its settings, and does one run in small steps.

A kind that is not known any more leaves its feeds standing; their runs fail and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.base.errors import Malformed

if TYPE_CHECKING:
    from comity.node.exchange.feeds.looking import Glance, Glimpse
    from comity.node.exchange.feeds.pulling import Pull


@dataclass(frozen=True, slots=True)
class Kind:
    """What a feed can be."""

    name: str
    title: str
    check: Callable[[Mapping[str, Any]], None]  # raises `Malformed` for settings that it cannot use
    pull: Callable[[Pull], None]  # one run; raises a `ComityError` if it fails, keeps nothing half
    look: Callable[[Glance], Glimpse] | None = None  # what a run would bring, without keeping anything


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Make kinds of feeds known to this node; called once, when the exchange is ready."""
    _kinds.update({kind.name: kind for kind in kinds})


def kinds() -> Iterable[Kind]:
    """All kinds, by name."""
    return (_kinds[name] for name in sorted(_kinds))


def kind_of(name: str) -> Kind:
    """The kind of this name; raises `Malformed` with those that there are."""
    if name not in _kinds:
        raise Malformed("kind", f"{name[:40]!r} is no kind of feed; there are {', '.join(sorted(_kinds))}.")
    return _kinds[name]
