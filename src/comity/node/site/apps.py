"""The site system: the frame of every page."""

from __future__ import annotations

from comity.node.site import systems


class Site(systems.System):
    """The frame of every page."""

    name = "comity.node.site"
    label = "site"
    title = "Site"
    mount = ""
