"""The exchange system."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Place


class Exchange(systems.System):
    """Threat information: what we hold, what we share, and what each partner may see."""

    name = "comity.node.exchange"
    label = "exchange"
    title = "Exchange"
    mount = ""
    navigation = (
        Place("Objects", "exchange:objects", "read-content", weight=30),
        Place("Feeds", "exchange:feeds", "read-content", weight=31),
        Place("What a partner sees", "exchange:sights", "read-content", weight=32),
        Place(
            "Collections",
            "exchange:collections",
            "read-parties",
            weight=34,
            also=("exchange:accounts", "exchange:webhooks"),
        ),
    )

    def ready(self) -> None:
        """Make the act known by which objects are shared, and what is done every day."""
        from comity.node.acts.kinds import register  # noqa: PLC0415  models are loaded only now
        from comity.node.acts.routines import Routine, offer_routine  # noqa: PLC0415  as above
        from comity.node.exchange.feeds import kinds, lists, misp  # noqa: PLC0415  as above
        from comity.node.exchange.feeds import taxii as taxii_feed  # noqa: PLC0415  as above
        from comity.node.exchange.feeds.running import run_due  # noqa: PLC0415  as above
        from comity.node.exchange.foreseeing import effect  # noqa: PLC0415  as above
        from comity.node.exchange.kinds import SHARE  # noqa: PLC0415  models are loaded only now
        from comity.node.exchange.recalls import RECALL  # noqa: PLC0415  as above
        from comity.node.exchange.scores import read_parameters  # noqa: PLC0415  as above
        from comity.node.exchange.services.calling import call_due  # noqa: PLC0415  as above
        from comity.node.exchange.services.comparing import compare_new  # noqa: PLC0415  as above
        from comity.node.exchange.services.regular_giving import give_all  # noqa: PLC0415  as above
        from comity.node.exchange.services.retention import end_retention  # noqa: PLC0415  as above
        from comity.node.exchange.services.tightening import follow  # noqa: PLC0415  as above
        from comity.node.exchange.taxii import callers  # noqa: PLC0415  as above
        from comity.node.exchange.wordindex import index_all  # noqa: PLC0415  as above
        from comity.node.federation import roots  # noqa: PLC0415  as above
        from comity.node.instruments.foresight import offer_foresight  # noqa: PLC0415  as above

        read_parameters(settings.CONFIG.scoring)  # what is wrong with them is said when the node starts
        register(SHARE, RECALL)
        offer_foresight("exchange", effect)
        roots.offer(callers.roots)
        kinds.register(*lists.KINDS, misp.MISP, taxii_feed.TAXII)
        offer_routine(Routine("find-contradictions", timedelta(minutes=1), compare_new))
        offer_routine(Routine("end-retention", timedelta(days=1), end_retention))
        offer_routine(Routine("call-webhooks", timedelta(seconds=2), call_due))
        offer_routine(Routine("reach-with-stricter-versions", timedelta(seconds=10), follow))
        offer_routine(Routine("give-to-collections", timedelta(minutes=10), give_all))
        offer_routine(Routine("feeds", timedelta(minutes=1), run_due))
        offer_routine(Routine("index-words", timedelta(seconds=10), index_all))

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """What partners have asked back and is still here."""
        from comity.node.exchange.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)
