"""What a system says of itself, as data on its `AppConfig`; the node composes what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.apps import AppConfig, apps


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation: its title, the name of its page, and the power needed to see it."""

    title: str
    view: str  # URL name, for example "exchange:objects"
    power: str  # name of a power (see parties.powers); the entry is hidden from those who lack it
    weight: int = 50  # smaller comes first


class System(AppConfig):
    """The base of every system's `AppConfig`."""

    title: ClassVar[str]
    mount: ClassVar[str | None] = None  # path below the root, for example "exchange/"; None: no pages
    navigation: ClassVar[tuple[Place, ...]] = ()
    default_auto_field = "django.db.models.BigAutoField"


def systems() -> Iterator[System]:
    """The installed systems, in the order of the settings."""
    return (config for config in apps.get_app_configs() if isinstance(config, System))
