"""How a feed is reached: over HTTP with every bound that a stranger's server needs, or in a folder of files.

A feed is asked for by its address alone: requests are not signed, and carry a credential only to the host
that it is for. A private address is refused before a byte is sent, whatever the name resolved to: else an
address could make the node ask its own network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import httpx

from comity.base.errors import Malformed, TooLarge, Unavailable
from comity.formats.conversation import Ask, Reply
from comity.link.transport import Patience, PrivateAddress, Watch
from comity.node.config import Config
from comity.node.exchange.feeds.credentials import Credential

MAX_BODY = 64 * 2**20
MAX_HEADER = 500
MOST_REDIRECTS = 5
LONGEST_WAIT = 86_400  # seconds that a server may ask us to wait
FILE = "file:"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK, _UNCHANGED = 200, 304
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,100}){0,5}/?")
_AGENT = "Comity"


class FeedUnavailable(Unavailable):
    """The feed cannot be read now; `wait` are the seconds that the server asks us to stay away."""

    code = "feed-unavailable"

    def __init__(self, message: str, wait: int = 0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Got:
    """What stands at an address, and by what it is known again."""

    body: bytes
    etag: str = ""
    last_modified: str = ""
    media_type: str = ""


class Reach(Protocol):
    """Gets what stands at an address; None if it is what it was."""

    def get(
        self, address: str, *, etag: str = "", last_modified: str = "", most: int = MAX_BODY
    ) -> Got | None:
        """The bytes; raises `FeedUnavailable`, `Malformed` or `TooLarge`."""
        ...


def check_address(address: str, config: Config) -> None:
    """Raise `Malformed` for an address at which this node reads no feed."""
    if address.startswith(FILE):
        if not _NAME.fullmatch(address.removeprefix(FILE)):
            raise Malformed("address", f"expected {FILE}NAME, a file in the folder of feeds")
        return
    parts = _parts(address)
    if parts.scheme == "http" and parts.hostname not in hosts_allowed(config):
        text = "expected https://; without TLS only a host may be asked that `feed_hosts` names"
        raise Malformed("address", text)


def hosts_allowed(config: Config) -> frozenset[str]:
    """The hosts that the operator named: private, without TLS, or the aim of a redirect."""
    return frozenset(each.strip().lower() for each in config.feed_hosts.split(",") if each.strip())


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise Malformed("address", f"{address[:100]!r} is no address.") from error
    good = parts.scheme in ("http", "https") and parts.hostname and not (parts.username or parts.password)
    if not good or port == 0 or not address.isascii() or not address.isprintable() or " " in address:
        raise Malformed("address", f"{address[:100]!r} is not https://HOST/… without a name or password.")
    return parts


@dataclass
class Folder:
    """Files in the node's folder of feeds; what was read is known again by its time and length."""

    folder: Path

    def get(
        self, address: str, *, etag: str = "", last_modified: str = "", most: int = MAX_BODY
    ) -> Got | None:
        """The bytes of the file."""
        del last_modified
        name = address.removeprefix(FILE)
        if not _NAME.fullmatch(name):
            raise Malformed("address", f"{address[:100]!r} names no file in the folder of feeds")
        path = self.folder / name
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise Malformed("address", f"{name} leads out of the folder of feeds")
            with path.open("rb") as file:
                body = file.read(most + 1)
                told = path.stat()
        except OSError as error:
            why = (error.strerror or "cannot be read").lower()
            raise FeedUnavailable(f"{name}: {why}. Put it into the folder of feeds.") from error
        mark = f"{told.st_mtime_ns}-{told.st_size}"
        return None if etag == mark else Got(_bounded(body, most, name), etag=mark)


@dataclass
class Web:
    """Feeds over HTTP; use it as a context. Each request may take `seconds`, redirects included."""

    allowed: frozenset[str] = frozenset()
    seconds: float = 60.0
    credential: Credential = field(default_factory=Credential)
    _client: httpx.Client | None = None
    _lines: list[Any] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._client = httpx.Client(timeout=self.seconds, follow_redirects=False, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._client:
            self._client.close()
            self._client = None

    def get(
        self, address: str, *, etag: str = "", last_modified: str = "", most: int = MAX_BODY
    ) -> Got | None:
        """The bytes at the address, or where it leads."""
        asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in asked.items() if value}
        with self._patient(address) as patience:
            return self._follow(address, headers, most, patience)

    def ask(self, ask: Ask) -> Reply:
        """The reply to a question of a conversation, whatever it is; no redirect is followed."""
        query = f"?{urlencode(ask.query)}" if ask.query else ""
        at, headers = _parts(f"{ask.url}{query}"), {"Accept": ask.accept}
        with (
            self._patient(ask.url) as patience,
            self._asked(at, headers, patience, self.credential) as response,
        ):
            body = _read_up_to(response, ask.limit)
        told = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, told, body)

    @contextmanager
    def _patient(self, address: str) -> Iterator[Patience]:
        """The time that a request may take, and every way of getting nothing in words."""
        with Patience(self.seconds, self._lines) as patience:
            try:
                yield patience
            except PrivateAddress as error:
                raise FeedUnavailable(error.message) from error
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                late = patience.lost or isinstance(error, httpx.TimeoutException)
                raise FeedUnavailable(self._late(address) if late else _failed(address, error)) from error
        if patience.lost:  # a body without a length ends where we hung up, and looks whole
            raise FeedUnavailable(self._late(address))

    def _follow(self, address: str, headers: Mapping[str, str], most: int, patience: Patience) -> Got | None:
        start = at = _parts(address)
        for _ in range(MOST_REDIRECTS + 1):
            found = self._ask(at, headers, most, patience, known=_origin(at) == _origin(start))
            if not isinstance(found, str):
                return found
            at = _parts(urljoin(at.geturl(), found))
            self._may_lead(start, at)
        raise FeedUnavailable(f"{address} leads on and on: more than {MOST_REDIRECTS} redirects.")

    def _may_lead(self, start: SplitResult, to: SplitResult) -> None:
        """A list that comes from another host than was opened is another's list."""
        host = to.hostname or ""
        if host != start.hostname and host not in self.allowed:
            text = f"{start.hostname} leads to {host}, which `feed_hosts` does not name."
            raise FeedUnavailable(text)
        if to.scheme == "http" and start.scheme == "https":
            raise FeedUnavailable(f"{start.hostname} leads away from https://; nothing was asked there.")

    def _ask(
        self, at: SplitResult, headers: Mapping[str, str], most: int, patience: Patience, *, known: bool
    ) -> Got | str | None:
        """The reply of one server: bytes, where it leads, or None for what did not change."""
        secret = self.credential if known else Credential()
        with self._asked(at, headers, patience, secret) as response:
            return self._read(response, at, most)

    @contextmanager
    def _asked(
        self, at: SplitResult, headers: Mapping[str, str], patience: Patience, secret: Credential
    ) -> Iterator[httpx.Response]:
        """The response whose body is not read yet; it is closed at the end."""
        if self._client is None:
            raise RuntimeError("Web is used as a context")
        request = self._client.build_request(
            "GET", secret.added_to(at.geturl()), headers={"User-Agent": _AGENT, **headers, **secret.headers}
        )
        request.headers["Accept-Encoding"] = "identity"  # a small reply must not unfold into a large one
        request.extensions["trace"] = Watch(patience, (at.hostname or "") in self.allowed)
        response = self._client.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def _read(self, response: httpx.Response, at: SplitResult, most: int) -> Got | str | None:
        where, told = at.hostname, response.headers
        if response.status_code == _UNCHANGED:
            return None
        if response.status_code in _REDIRECTS and told.get("location"):
            return str(told["location"])
        if response.status_code != _OK:
            wait = _wait(told.get("retry-after", ""))
            raise FeedUnavailable(f"{where} answers {response.status_code} {response.reason_phrase}.", wait)
        if told.get("content-encoding", "identity").lower() not in ("identity", "gzip", "x-gzip"):
            raise FeedUnavailable(f"{where} sends a coding that nobody asked for.")
        if (length := told.get("content-length", "")).isdigit() and int(length) > most:
            raise TooLarge(at.geturl(), f"{int(length):,} bytes; at most {most:,} are read")
        return Got(
            _bounded(_read_up_to(response, most), most, at.geturl()),
            etag=told.get("etag", "")[:MAX_HEADER],
            last_modified=told.get("last-modified", "")[:100],
            media_type=told.get("content-type", "").partition(";")[0].strip().lower(),
        )

    def _late(self, address: str) -> str:
        return f"{_host(address)} did not send all of it within {self.seconds:g} seconds."


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port


def _host(address: str) -> str:
    return urlsplit(address).hostname or address


def _failed(address: str, error: Exception) -> str:
    return f"{_host(address)} cannot be reached: {str(error) or type(error).__name__}."


def _read_up_to(response: httpx.Response, most: int) -> bytes:
    """The body as it came over the line, a little more than so much of it at most."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def _bounded(body: bytes, most: int, where: str) -> bytes:
    if len(body) > most:
        raise TooLarge(where, f"more than {most:,} bytes, the most that is read")
    return body


def _wait(said: str) -> int:
    """The seconds of a Retry-After header, bounded; 0 for a date, since the next run comes late enough."""
    return min(int(said[:9]), LONGEST_WAIT) if said.isascii() and said.isdigit() else 0
