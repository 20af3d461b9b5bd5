"""The parties system."""

from __future__ import annotations

from comity.node.site import systems


class Parties(systems.System):
    """Who is who: states, bodies, people."""

    name = "comity.node.parties"
    label = "parties"
    title = "Parties and people"
    mount = "parties/"
