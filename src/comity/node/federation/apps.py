"""The federation system."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Place


class Federation(systems.System):
    """Partners and what passes between nodes."""

    name = "comity.node.federation"
    label = "federation"
    title = "Partners"
    mount = ""
    navigation = (Place("Partners", "federation:partners", "read-parties", weight=40),)

    def ready(self) -> None:
        """Offer the way to partners and the acts that declare keys; hear of alarms about their logs."""
        from comity.node.accountability import following  # noqa: PLC0415  models are loaded only now
        from comity.node.acts import kinds  # noqa: PLC0415  models are loaded only now
        from comity.node.federation import declarations, queries  # noqa: PLC0415  as above
        from comity.node.federation.services import inbound  # noqa: PLC0415  as above

        kinds.offer_channel(kinds.Channel("partner node", queries.reaches))
        kinds.register(declarations.DECLARE_KEY)
        following.on_alarm(inbound.doubt)

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """Partners that are not reached, or wait to be compared."""
        from comity.node.federation.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)
