"""What a reader chose for how pages look: the theme and the zone of the clock, kept in two cookies.

The choice belongs to the browser, not to the person: the night shift's screen is dark whoever sits there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse

THEME_COOKIE = "comity-theme"
ZONE_COOKIE = "comity-zone"
_YEAR = 365 * 24 * 3600
UTC_NAME = "UTC"


class Theme(Enum):
    """Light, dark, or as the device says."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


# Regions that tzdata keeps for old links only; a person looks for a city.
_OLD_REGIONS = ("Etc/", "SystemV/", "US/", "posix", "right")
ZONES = tuple(
    sorted(name for name in available_timezones() if "/" in name and not name.startswith(_OLD_REGIONS))
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """A theme and a zone that exist."""

    theme: Theme = Theme.AUTO
    zone: ZoneInfo = ZoneInfo(UTC_NAME)  # noqa: RUF009  immutable

    def keep(self, response: HttpResponse, *, secure: bool) -> None:
        """Write the choice into the browser's cookies."""
        for name, value in ((THEME_COOKIE, self.theme.value), (ZONE_COOKIE, self.zone.key)):
            response.set_cookie(name, value, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")


def preferences_of(request: HttpRequest) -> Preferences:
    """What the browser's cookies say; whatever is not a choice of ours counts as not chosen."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    zone = request.COOKIES.get(ZONE_COOKIE, "")
    return Preferences(
        theme=Theme(theme) if theme in {each.value for each in Theme} else Theme.AUTO,
        zone=ZoneInfo(zone if zone in ZONES else UTC_NAME),
    )
