"""The frame of every page: whose node, who acts, where one can go, how the reader wants it shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi

from comity.node.site.preferences import Preferences, preferences_of
from comity.node.site.systems import Menu, Place, systems

VERSION = version("comity")


class Acting(Protocol):
    """What the frame wants to know of the actor that the parties system puts on the request."""

    @property
    def name(self) -> str:
        """What others call them."""

    @property
    def roles(self) -> Iterable[Enum]:
        """What they are in the body they act for."""

    @property
    def powers(self) -> Iterable[Enum]:
        """What those roles carry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that this reader may go to."""

    title: str
    url: str
    current: bool


class Frame:
    """What `site/base.html` shows around the content; each part is found out only when it is shown."""

    version = VERSION

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def actor(self) -> Acting | None:
        """Who acts, or None before anybody signed in."""
        return getattr(self._request, "actor", None)

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The actor's roles in words."""
        return tuple(sorted(_words(role) for role in self.actor.roles)) if self.actor else ()

    @cached_property
    def powers(self) -> tuple[str, ...]:
        """What the actor may do, in words."""
        return tuple(sorted(_words(power) for power in self.actor.powers)) if self.actor else ()

    @cached_property
    def _told(self) -> Mapping[str, str]:
        return {
            name: word for system in systems() for name, word in system.frame_words(self._request).items()
        }

    @property
    def node(self) -> str:
        """The name of the node; the host of its address as long as it has none."""
        return self._told.get("node") or urlsplit(settings.CONFIG.address).netloc

    @property
    def state(self) -> str:
        """The state whose node this is, as ISO 3166-1 alpha-2, or empty."""
        return self._told.get("state", "")

    @property
    def body(self) -> str:
        """The body that the actor acts for, or empty."""
        return self._told.get("body", "")

    @cached_property
    def main(self) -> tuple[Entry, ...]:
        """The entries beside every page."""
        return self._entries(Menu.MAIN)

    @cached_property
    def personal(self) -> tuple[Entry, ...]:
        """The entries under the reader's name."""
        return self._entries(Menu.PERSONAL)

    @cached_property
    def search(self) -> str:
        """Where the search box leads: the page `search` of the uppermost system that has one, or empty.

        Empty as well for those who may see nothing that is searched.
        """
        if not self.actor or "read-acts" not in {power.value for power in self.actor.powers}:
            return ""
        found = [_url(f"{system.label}:search") for system in systems()]
        return next((url for url in found if url), "")

    @cached_property
    def preferences(self) -> Preferences:
        """Theme and zone."""
        return preferences_of(self._request)

    @cached_property
    def now(self) -> datetime:
        """The server's clock."""
        return timezone.now()

    @property
    def language(self) -> str:
        """The language of the page's own words."""
        return get_language() or settings.LANGUAGE_CODE

    @property
    def direction(self) -> str:
        """The direction of writing in that language."""
        return "rtl" if get_language_bidi() else "ltr"

    def _entries(self, menu: Menu) -> tuple[Entry, ...]:
        if self.actor is None:
            return ()
        urls = self._places
        under = {place: {url, *map(_url, place.also)} - {""} for place, url in urls.items()}
        here = self._here(url for each in under.values() for url in each)
        ordered = sorted(urls, key=lambda place: (place.weight, place.title))
        return tuple(Entry(p.title, urls[p], here in under[p]) for p in ordered if p.menu is menu)

    @cached_property
    def _places(self) -> dict[Place, str]:
        """The places of every menu that this reader may go to, with their addresses."""
        powers = {power.value for power in self.actor.powers} if self.actor else set()
        places = [place for system in systems() for place in system.navigation]
        seen = [place for place in places if not place.power or place.power in powers]
        return {place: url for place in seen if (url := _url(place.view))}

    def _here(self, urls: Iterable[str]) -> str:
        """The entry, of whatever menu, with the longest address that the present one begins with."""
        path = self._request.path
        return max(
            (url for url in urls if path == url or (url != "/" and path.startswith(url))), key=len, default=""
        )


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"frame": Frame(request)}


def _url(view: str) -> str:
    """The address of a page, or empty when the system that has it is not installed."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


def _words(member: Enum) -> str:
    return str(member.value).replace("-", " ")
