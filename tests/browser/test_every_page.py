"""Every page that links lead to, as somebody who holds all roles in a busy node would find it."""

import re
from urllib.parse import urlsplit

import pytest

from comity.node.parties.roles import Role
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.rows import made_rows

MOST_PAGES = 120
LINKS = """Array.from(
    document.querySelectorAll("a[href]:not([download])"),
    link => new URL(link.getAttribute("href"), document.baseURI).href,  // in a drawing, `href` is no text
)"""
FOLDED = "document.querySelectorAll('main details').forEach(details => details.open = true)"


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
    raw = re.findall(r"\bTrue\b|\bFalse\b|\['[a-z]", page.inner_text("main"))
    page.evaluate(FOLDED)
    try:
        look(page, name)
    except AssertionError as error:
        return [f"{path}: {each}" for each in (*unknown, *raw, error)]
    return [f"{path}: {each}" for each in (*unknown, *raw)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("width", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_pages_that_links_lead_to(browser_page, signed_in, look, width, scheme):
    rows = made_rows()
    signed_in(*Role, body=rows.sides.world.body.name)
    page = browser_page(width, scheme)
    waiting, wrong = ["/", *rows.paths], []
    seen = {kind_of(urlsplit(path).path) for path in waiting}
    told = 0
    while waiting and told < MOST_PAGES:
        path, told = waiting.pop(0), told + 1
        wrong += wrong_with(page, path, look, f"page{path}-{width}")
        for link in page.evaluate(LINKS):
            found = urlsplit(link)
            if link.startswith("http://localhost") and kind_of(found.path) not in seen:
                seen.add(kind_of(found.path))
                waiting.append(found.path)
    assert not wrong, "\n".join(wrong)
    assert not waiting, f"more than {MOST_PAGES} pages: {waiting}"
    assert len(seen) > 25
