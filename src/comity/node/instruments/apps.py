"""The instruments system."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Mention, Place


class Instruments(systems.System):
    """Agreements between this node's bodies and their partners."""

    name = "comity.node.instruments"
    label = "instruments"
    title = "Agreements"
    mount = "agreements/"
    navigation = (Place("Agreements", "instruments:list", "read-acts", weight=50),)

    def ready(self) -> None:
        """Make the acts known by which agreements come about and end."""
        from comity.node.acts.kinds import register  # noqa: PLC0415  models are loaded only now
        from comity.node.instruments.kinds import KINDS  # noqa: PLC0415  models are loaded only now

        register(*KINDS)

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """Proposals that wait for an answer."""
        from comity.node.instruments.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)

    def with_party(self, request: HttpRequest, party: int) -> Iterable[Mention]:
        """The agreements with the party."""
        from comity.node.instruments.matters import with_party  # noqa: PLC0415  models are loaded only now

        return with_party(request, party)
