"""A client of one TAXII collection that looks at the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeVar

import httpx

from bench.kit.content import PAGE
from tests.peers.servers import MEDIA_TYPE, Door

MOST_PAGES = 10  # of one walk
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: how long it took, how many objects it held, and how to go on."""

    seconds: float
    count: int
    following: str


class Asking:
    """A client of one collection; who is told to come later comes later, and the wait does not count."""

    def __init__(self, door: Door) -> None:
        self._door = door
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, **door.headers}
        self._client = httpx.Client(headers=headers, timeout=3_600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, body: bytes) -> float:
        """Post an envelope, all of which is taken: the seconds."""
        seconds, reply = self._timed("POST", content=body)
        status = reply.json()
        if status["failure_count"] or status["status"] != "complete":
            raise RuntimeError(f"{self._door.name} took less than all: {reply.text[:2_000]}")
        return seconds

    def page(self, query: dict[str, str]) -> Page:
        """One page."""
        seconds, reply = self._timed("GET", params=query)
        value = reply.json()
        return Page(seconds, len(value.get("objects", ())), value["next"] if value.get("more") else "")

    def walk(self, since: datetime | None = None, most: int = MOST_PAGES) -> list[float]:
        """The seconds of each full page, one after another, no more than there are or `most`."""
        query = {"limit": str(PAGE)} | ({"added_after": written(since)} if since else {})
        page, seconds = self.page(query), list[float]()
        if page.count < PAGE:
            raise RuntimeError(f"{self._door.name} gave {page.count} objects, not {PAGE:,}")
        while page.count == PAGE:
            seconds.append(page.seconds)
            if not page.following or len(seconds) == most:
                break
            page = self.page(query | {"next": page.following})
        return seconds

    def _timed(
        self, method: str, *, params: dict[str, str] | None = None, content: bytes | None = None
    ) -> tuple[float, httpx.Response]:
        while True:
            begun = time.perf_counter()
            reply = self._client.request(method, self._door.objects, params=params, content=content)
            seconds = time.perf_counter() - begun
            if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
                time.sleep(float(reply.headers.get("Retry-After", "1")))
                continue
            if reply.is_error:
                raise RuntimeError(f"{self._door.name}: {reply.status_code} {reply.text[:2_000]}")
            return seconds, reply


def several(work: Callable[[], T], runs: int, seconds: float) -> list[T]:
    """What several runs gave: at least one, and none more after so many seconds."""
    until = time.monotonic() + seconds
    found = [work()]
    while len(found) < runs and time.monotonic() < until:
        found.append(work())
    return found


def written(when: datetime) -> str:
    """A time as TAXII writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
