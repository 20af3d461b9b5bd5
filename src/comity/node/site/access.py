"""The two declarations that need no role, for this system's own pages and those above.

What a role may open is declared with `needs` in the parties system, whose middleware reads `view.access`
and refuses every view that has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Everybody who logged in, whatever their roles, and why no power is asked."""

    why: str


@dataclass(frozen=True, slots=True)
class OpenToAll:
    """Everybody, and why that is right."""

    why: str


def signed_in(why: str) -> Callable[[V], V]:
    """Declares that a view is for everybody who logged in."""
    return lambda view: _declared(view, SignedIn(why))


def open_to_all(why: str) -> Callable[[V], V]:
    """Declares that a view is for everybody."""
    return lambda view: _declared(view, OpenToAll(why))


def _declared(view: V, access: SignedIn | OpenToAll) -> V:
    view.access = access  # type: ignore[attr-defined]  # a mark on the function, as Django's csrf_exempt
    return view
