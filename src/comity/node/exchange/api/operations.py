"""The operations of the HTTP API about threat information, from the modules beside this one."""

from __future__ import annotations

from ninja import Router

from comity.node.exchange.api import accounts, collections, feeds, files, objects, remarks, values, views

router = Router()
for part in (objects, values, remarks, files, views, collections, accounts, feeds):
    router.add_router("", part.router)
