"""What parties read of a node and are told by it: a collection, an account, a webhook, a stricter version."""

from __future__ import annotations

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.node.exchange.models import Collection, HookForm, StricterVersion
from comity.node.exchange.services.tightening import follow
from comity.node.exchange.services.webhooks import Subscription, subscribe
from comity.node.exchange.taxii.chosen import Query
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_recalls import given
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW


def collected(sides: Sides) -> Collection:
    """A collection that a program read with its account, and of which an address is told."""
    made = opened(sides.world, title="Indicators for power companies", query=Query(types=("indicator",)))
    reader_of(sides, made, name="freedonia-poller").ids()
    wish = Subscription(made, sides.party, "https://soc.freedonia.example/comity", HookForm.NOTICE)
    subscribe(actor=sides.world.approver, wish=wish, now=NOW)
    return made


def made_stricter(sides: Sides) -> StricterVersion:
    """An object that a partner was given, of which a version came that it may not have."""
    mine = indicator("beacon of a loader", Tlp.GREEN)
    own_work(sides.world, mine)
    given(sides, mine)
    newer = {"modified": "2026-11-22T01:00:00.000Z", "object_marking_refs": [TLP_IDS[Tlp.RED]]}
    own_work(sides.world, mine | newer)
    follow(NOW)
    return StricterVersion.objects.get()
