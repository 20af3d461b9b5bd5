"""The acts system."""

from __future__ import annotations

from comity.node.site import systems
from comity.node.site.systems import Place


class Acts(systems.System):
    """The one path of every act."""

    name = "comity.node.acts"
    label = "acts"
    title = "Acts"
    mount = ""
    navigation = (
        Place("Awaiting me", "acts:desk", "read-acts", weight=10),
        Place("Acts", "acts:list", "read-acts", weight=20),
    )
