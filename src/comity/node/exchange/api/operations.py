"""The operations of the HTTP API about threat information, from the modules beside this one."""

from __future__ import annotations

from ninja import Router

from comity.node.exchange.api import (
    accounts,
    collections,
    feeds,
    files,
    following,
    objects,
    remarks,
    remotes,
    surroundings,
    values,
    views,
    webhooks,
)

_PARTS = (
    objects,
    surroundings,
    values,
    remarks,
    following,
    files,
    views,
    collections,
    webhooks,
    remotes,
    accounts,
    feeds,
)
router = Router()
for part in _PARTS:
    router.add_router("", part.router)
