"""Every page that links lead to, as somebody who holds all roles would find it."""

import re
from urllib.parse import urlsplit

import pytest

from comity.node.acts.services import composing
from comity.node.parties.roles import Role
from tests.browser.conftest import WIDTHS
from tests.node.far import FarNode
from tests.node.world import NOW, found_world

MOST_PAGES = 60
LINKS = "Array.from(document.querySelectorAll('a[href]:not([download])'), link => link.href)"


def kind_of(path: str) -> str:
    """Pages that differ in an identifier alone are one kind, of which one is enough."""
    return re.sub(r"/(\d+|[a-z-]*--?[0-9a-f-]{8,}|[0-9a-f-]{32,}|[A-Z]{2})(?=/|$)", "/*", path)


def wrong_with(page, path: str, look, name: str) -> list[str]:
    answered = page.goto(path)
    if answered.status != 200:
        return [f"{path}: status {answered.status}"]
    if not answered.headers["content-type"].startswith("text/html"):
        return []
    unknown = re.findall(r"UNKNOWN-VARIABLE\[[^\]]*\]", page.content())
    try:
        look(page, name)
    except AssertionError as error:
        return [f"{path}: {each}" for each in (*unknown, error)]
    return [f"{path}: {each}" for each in unknown]


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_that_links_lead_to(browser_page, signed_in, look, width):
    world = found_world(NOW)
    partner = world.befriend(FarNode(name="CERT Freedonia", state="DE", address="http://far.example/"))
    for word in ("go", "two"):
        composing.compose(actor=world.analyst, draft=world.draft(partner.party, word=word), now=NOW)
    signed_in(*Role, body=world.body.name)
    page = browser_page(width)
    waiting, seen, wrong = ["/"], {"/"}, []
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        wrong += wrong_with(page, path, look, f"page{path}-{width}")
        for link in page.evaluate(LINKS):
            found = urlsplit(link)
            if link.startswith("http://localhost") and kind_of(found.path) not in seen:
                seen.add(kind_of(found.path))
                waiting.append(found.path)
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 10
