"""The ids in addresses of operations."""

from __future__ import annotations

from uuid import UUID

from comity.base.errors import NotFound


def id_of(ref: str, what: str) -> UUID:
    """The id of `what`; raises `NotFound` for a text that is none."""
    try:
        return UUID(ref)
    except ValueError as error:
        raise NotFound(what) from error
