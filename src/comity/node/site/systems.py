"""What a system says of itself, as data on its `AppConfig`; the node composes what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from django.apps import AppConfig, apps
from django.http import HttpRequest


class Menu(Enum):
    """Where an entry stands: beside every page, or under the name of the person who is signed in."""

    MAIN = "main"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation: its title, the name of its page, and the power needed to see it."""

    title: str
    view: str  # URL name, for example "exchange:objects"
    power: str = ""  # value of a power (see parties.roles), "read-acts"; empty: everybody who is signed in
    weight: int = 50  # smaller comes first
    menu: Menu = Menu.MAIN
    also: tuple[str, ...] = ()  # pages at other addresses that belong to it


@dataclass(frozen=True, slots=True)
class Matter:
    """A line of the first page: something awaits the reader, or is wrong, and where it is looked after."""

    words: str  # "2 acts to approve"
    url: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A line that a system writes on the page of a partner: what there is between us, and how it stands."""

    title: str
    url: str
    state: str  # a word of `site.states`
    note: str = ""


class System(AppConfig):
    """The base of every system's `AppConfig`."""

    title: ClassVar[str]
    mount: ClassVar[str | None] = None  # path below the root, for example "exchange/"; None: no pages
    navigation: ClassVar[tuple[Place, ...]] = ()
    default_auto_field = "django.db.models.BigAutoField"

    def frame_words(self, request: HttpRequest) -> Mapping[str, str]:
        """Words this system puts into the frame of the page: `node`, `state` (alpha-2), `body`."""
        return {}

    def matters(self, request: HttpRequest) -> Iterable[Matter]:
        """What awaits this reader in this system, and what is wrong in it."""
        return ()

    def with_party(self, request: HttpRequest, party: int) -> Iterable[Mention]:
        """What this system holds between the reader's body and the party of this key."""
        return ()


def systems() -> Iterator[System]:
    """The installed systems, in the order of the settings."""
    return (config for config in apps.get_app_configs() if isinstance(config, System))
