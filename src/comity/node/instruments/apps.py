"""The instruments system."""

from __future__ import annotations

from comity.node.site import systems
from comity.node.site.systems import Place


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
