"""The accountability system."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Matter, Place


class Accountability(systems.System):
    """The transparency log, and what was seen of the logs of others."""

    name = "comity.node.accountability"
    label = "accountability"
    title = "Accountability"
    mount = ""  # its pages stand under accountability/, the log itself where its origin says: under log/
    navigation = (
        Place("Log", "accountability:log", "read-log", weight=80),
        Place("Log alarms", "accountability:alarms", "read-log", weight=81),
    )

    def ready(self) -> None:
        """Record every change of people and their roles."""
        from comity.node.accountability import services  # noqa: PLC0415  models are loaded only now
        from comity.node.parties.services import changes  # noqa: PLC0415  as above

        changes.on_change(services.people_changed)

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """Logs that contradicted themselves."""
        from comity.node.accountability.matters import matters  # noqa: PLC0415  models are loaded only now

        return matters(request)
