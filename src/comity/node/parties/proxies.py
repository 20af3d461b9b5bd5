"""How many proxies stand before this node: fewer than `proxies` says, and nobody's address is known."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from comity.base.errors import Unavailable

log = logging.getLogger(__name__)

_SEEN = "proxies-seen"
_REMEMBERED = 24 * 3600  # seconds: `comity-node check` is run once a day


class FewerProxies(Unavailable):
    """A request came past fewer proxies than the node is set to stand behind."""

    code = "fewer-proxies"

    def __init__(self, seen: int) -> None:
        super().__init__(
            f"Nobody can log in now: this node is set to stand behind {settings.CONFIG.proxies} proxies, and "
            f"this request came past {seen}. Tell the administrator, who corrects `proxies` in node.toml."
        )


def expect_all(request: HttpRequest) -> None:
    """Raise `FewerProxies`, and remember it, if the request names fewer addresses than there are proxies."""
    forwarded = request.headers.get("X-Forwarded-For")
    seen = len(forwarded.split(",")) if forwarded else 0
    if forwarded and seen < settings.CONFIG.proxies:
        cache.set(_SEEN, (settings.CONFIG.proxies, seen), _REMEMBERED)
        log.error("`proxies` is %s, and a request came past %s", settings.CONFIG.proxies, seen)
        raise FewerProxies(seen)


def seen_fewer() -> int | None:
    """Past how many proxies a request came lately, if past fewer than there are to be; None otherwise."""
    expected, seen = cache.get(_SEEN, (None, None))
    return seen if expected == settings.CONFIG.proxies else None
