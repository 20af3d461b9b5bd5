"""The browser: Debian's Chromium driven by Playwright against a live node.

A page opened here is watched: when the test ends, no request may have left the host, the browser may not
have refused anything under the Content-Security-Policy, and no script may have failed.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from comity.node.keys import KeyUse, create
from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.models import Membership, Party, PartyKind, Person
from comity.node.parties.roles import Role
from tests.browser.chromium import FLAGS, found

DESKTOP, PHONE = 1280, 390
WIDTHS = (DESKTOP, PHONE)
SCHEMES = ("light", "dark")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


class OpenPage(Protocol):
    def __call__(self, width: int = DESKTOP, scheme: str = "light", *, scripts: bool = True) -> Page: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = found()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "1"  # Playwright's loop runs in this thread; Django's is a live server
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session", autouse=True)
def _node_keys() -> None:
    for use in KeyUse:
        if not (settings.CONFIG.keys / f"{use.value}.pem").exists():
            create(settings.CONFIG.keys, use)


class _Watched:
    """The contexts a test opened, and what went wrong in them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.contexts: list[BrowserContext] = []
        self.cookies: list[dict[str, Any]] = []
        self.wrong: list[str] = []

    def watch(self, context: BrowserContext) -> Page:
        self.contexts.append(context)
        context.set_default_timeout(8_000)
        context.on("request", lambda request: self._asked(request.url))
        page = context.new_page()
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.wrong.append(f"script failed: {error}"))
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith(self.address):
            self.wrong.append(f"request left the host: {url}")

    def _said(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or "Permissions-Policy" in text:
            self.wrong.append(f"{kind}: {text}")


@pytest.fixture
def watched(live_server: Any) -> Iterator[_Watched]:
    watched = _Watched(live_server.url)
    yield watched
    for context in watched.contexts:
        context.close()
    assert not watched.wrong, "\n".join(watched.wrong)


@pytest.fixture
def browser_page(chromium: Browser, watched: _Watched) -> OpenPage:
    """Opens a page of this width and colour scheme; those of `signed_in` see it as that person."""

    def opened(width: int = DESKTOP, scheme: str = "light", *, scripts: bool = True) -> Page:
        context = chromium.new_context(
            base_url=watched.address,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        if watched.cookies:
            context.add_cookies(watched.cookies)  # type: ignore[arg-type]  # plain dicts of the right keys
        return watched.watch(context)

    return opened


@pytest.fixture
def signed_in(watched: _Watched) -> Callable[..., Person]:
    """Signs a new person with these roles in: every page opened afterwards is theirs."""

    def sign_in(*roles: Role, name: str = "Ayesha Khan", body: str = "PKCERT") -> Person:
        now = timezone.now()
        party = Party.objects.filter(ours=True, name=body).first() or Party.objects.create(
            ref=f"identity--{uuid.uuid4()}",
            kind=PartyKind.NATIONAL_CERT,
            name=body,
            state="PK",
            ours=True,
            added=now,
        )
        person = Person.objects.create(email=f"{uuid.uuid4().hex[:8]}@example.pk", name=name, added=now)
        for role in roles:
            Membership.objects.create(person=person, body=party, role=role.value, since=now)
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session[ONE_TIME_KEY] = True  # stands for the second factor, as after a one-time link
        session.save()
        cookie = {
            "name": settings.SESSION_COOKIE_NAME,
            "value": session.session_key,
            "url": watched.address,
        }
        watched.cookies = [cookie]
        return person

    return sign_in


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Asserts that the page, as it stands, breaks no rule of WCAG 2.2 A and AA that a program can check."""

    def check(page: Page) -> None:
        found = Axe().run(page, options={"runOnly": list(WCAG), "resultTypes": ["violations"]})
        told = [
            f"{rule['id']}: {rule['help']}\n" + "\n".join(f"    {node['html']}" for node in rule["nodes"])
            for rule in found.response["violations"]
        ]
        assert not told, "\n".join(told)

    return check


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Saves a picture of the whole page in the folder that SHOTS names, if it names one."""
    folder = os.environ.get("SHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{re.sub(r'[^a-z0-9-]+', '-', name)}.png", full_page=True)

    return take


@pytest.fixture
def look(axe: Callable[[Page], None], shot: Callable[[Page, str], None]) -> Callable[[Page, str], None]:
    """Takes a picture of the page, then asserts what `axe` asserts and that nothing scrolls sideways."""

    def looked(page: Page, name: str) -> None:
        shot(page, name)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"

    return looked
