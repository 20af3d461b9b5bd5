"""The detect system."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Place


class Detect(systems.System):
    """Shared indicators run over logs, where the logs are."""

    name = "comity.node.detect"
    label = "detect"
    title = "Detection"
    mount = ""
    navigation = (Place("Sensors", "detect:sensors", "read-content", weight=33),)

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """Sensors that are silent."""
        from comity.node.detect.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)
