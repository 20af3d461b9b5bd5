"""The detect system."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Mention, Place


class Detect(systems.System):
    """Shared indicators run over logs, where the logs are."""

    name = "comity.node.detect"
    label = "detect"
    title = "Detection"
    mount = ""
    navigation = (Place("Sensors", "detect:sensors", "read-content", weight=33, also=("detect:usefulness",)),)

    def ready(self) -> None:
        """Make known what is counted again and again."""
        from comity.node.acts.routines import Routine, offer_routine  # noqa: PLC0415  models are loaded only now
        from comity.node.detect.services import usefulness  # noqa: PLC0415  as above

        offer_routine(Routine("usefulness", usefulness.EVERY, usefulness.reckon_all))

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """Sensors that are silent."""
        from comity.node.detect.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)

    def with_party(self, request: HttpRequest, party: int) -> Iterable[Mention]:
        """How useful its indicators have been."""
        from comity.node.detect.matters import with_party  # noqa: PLC0415  models are loaded only now

        return with_party(request, party)
