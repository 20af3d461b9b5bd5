"""People before a node: they open its pages, fill in its forms and send them, as a browser would."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx

from comity.base.errors import Conflict, NotFound, Unavailable
from comity.node.commands.demo.stage import PATIENCE

T = TypeVar("T")
Fields = list[tuple[str, str]]


class Visitor:
    """Somebody who is logged in at a node."""

    def __init__(self, address: str, link: str) -> None:
        """Logs in by a one-time link."""
        self.address = address
        self._client = httpx.Client(follow_redirects=True, timeout=PATIENCE, trust_env=False)
        self.submit(link, {}, action=link.removeprefix(address.rstrip("/")))

    def page(self, path: str) -> str:
        """A page's HTML; raises `Unavailable` with its words if it is an error."""
        return self._asked("GET", self._url(path)).text

    def file(self, path: str) -> bytes:
        """What a link downloads."""
        return self._asked("GET", self._url(path)).content

    def api(self, path: str) -> Any:  # noqa: ANN401  JSON of many shapes
        """What the API says under /api/v1/."""
        return self._asked("GET", self._url(f"/api/v1/{path}")).json()

    def submit(
        self,
        path: str,
        fields: Mapping[str, str | Sequence[str]],
        *,
        action: str | None = None,
        upload: Path | None = None,
    ) -> httpx.Response:
        """Open a page, fill in its form with this action (default: the page's own) and send it."""
        page = self._asked("GET", self._url(path))
        form = _form(page.text, action if action is not None else path)
        filled = [(name, value) for name, value in form.fields if name not in fields]
        for name, value in fields.items():
            filled += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        url = urljoin(str(page.url), form.action or str(page.url))
        # A mapping of lists keeps several values under one name, also beside a file.
        data: dict[str, list[str]] = {}
        for name, value in filled:
            data.setdefault(name, []).append(value)
        files = {"file": (upload.name, upload.read_bytes(), "application/json")} if upload else None
        return self._asked("POST", url, data=data, files=files)

    def close(self) -> None:
        """Leave."""
        self._client.close()

    def _url(self, path: str) -> str:
        return urljoin(self.address, path)

    def _asked(self, method: str, url: str, **sent: Any) -> httpx.Response:  # noqa: ANN401  as httpx takes it
        try:
            response = self._client.request(method, url, **sent)
        except httpx.HTTPError as error:
            raise Unavailable(f"{method} {url}: {error}") from error
        if response.is_success:
            return response
        words = re.sub(r"<[^>]+>", " ", response.text.partition("<main")[2] or response.text)
        told = f"{response.request.method} {response.url}: {response.status_code} {' '.join(words.split())}"[
            :500
        ]
        raise Conflict(told) if response.is_client_error else Unavailable(told)


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """The first answer of `look` that is one; raises `Unavailable` when it does not come."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise Unavailable(f"Waited {PATIENCE:g} seconds in vain for {what}. Look into the nodes' *.log files.")


class _Form:
    """A form of a page, with what its fields hold before anybody fills them in."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: Fields = []


class _Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._select = self._textarea = ""
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens a form, or takes a field's value."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(found.get("action", "")))
        elif self.forms and tag == "input" and found.get("name"):
            self._input(found)
        elif tag == "select":
            self._select, self._options = found.get("name", ""), []
        elif tag == "option":
            self._options.append((found.get("value", ""), "selected" in found))
        elif tag == "textarea":
            self._textarea = found.get("name", "")

    def handle_data(self, data: str) -> None:
        """Takes what a text area holds."""
        if self._textarea and data.strip():
            self._add(self._textarea, data.strip())

    def handle_endtag(self, tag: str) -> None:
        """Closes a choice or a text area."""
        if tag == "select":
            chosen = [value for value, selected in self._options if selected]
            for value in chosen or [value for value, _ in self._options[:1]]:  # a browser shows the first
                self._add(self._select, value)
        elif tag == "textarea":
            self._textarea = ""

    def _input(self, found: Mapping[str, str]) -> None:
        kind = found.get("type", "text")
        chosen = "checked" in found if kind in ("checkbox", "radio") else kind not in ("submit", "file")
        if chosen:
            self._add(found["name"], found.get("value", "on" if kind == "checkbox" else ""))

    def _add(self, name: str, value: str) -> None:
        if self.forms:
            self.forms[-1].fields.append((name, value))


def _form(html: str, action: str) -> _Form:
    reader = _Forms()
    reader.feed(html)
    for form in reader.forms:
        if form.action == action or (
            not form.action and any(n == "csrfmiddlewaretoken" for n, _ in form.fields)
        ):
            return form
    raise NotFound(f"form that is sent to {action}")
