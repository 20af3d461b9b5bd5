"""The parties system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest

from comity.node.site import systems
from comity.node.site.systems import Menu, Place


class Parties(systems.System):
    """Who is who: states, bodies, people."""

    name = "comity.node.parties"
    label = "parties"
    title = "Parties and people"
    mount = "parties/"
    navigation = (
        Place("States", "parties:states", "read-parties", 70),
        Place("Bodies", "parties:bodies", "read-parties", 71),
        Place("People", "parties:people", "read-people", 72),
        Place("Programs", "parties:machines", "manage-people", 73),
        Place("My roles", "parties:me", menu=Menu.PERSONAL, weight=10),
    )

    def frame_words(self, request: HttpRequest) -> Mapping[str, str]:
        """The name and state of the node, which are those of its first body, and the body one acts for."""
        party: Any = self.get_model("Party")
        try:
            ours = list(party.objects.filter(ours=True).order_by("pk").values_list("pk", "name", "state"))
        except DatabaseError:  # a page that says so must still have its frame
            return {}
        acting = getattr(request, "actor", None)
        names = {pk: name for pk, name, _ in ours}
        words = {"node": ours[0][1], "state": ours[0][2]} if ours else {}
        return words | ({"body": names.get(acting.body, "")} if acting else {})
