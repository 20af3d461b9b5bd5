"""Takes the picture of the README from a running demonstration; `docs/picture.md` says how."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import FLAGS, found

TARGET = Path(__file__).parents[2] / "docs" / "picture.png"
WIDTH, HEIGHT = 1_280, 1_000
MOST_BYTES = 200_000


def take(link: str, target: Path = TARGET) -> int:
    """The picture's size in bytes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        _open_share(page, link)
        page.screenshot(path=target)
        browser.close()
    return target.stat().st_size


def _open_share(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("main button[type=submit]").click()
    page.wait_for_load_state()
    page.goto(urljoin(link, "/acts/?kind=share&direction=sent&state=recorded"))
    page.locator("tbody th a").first.click()
    page.locator("#path").wait_for()


if __name__ == "__main__":
    size = take(sys.argv[1])
    sys.stdout.write(f"{TARGET}: {size:,} bytes\n")
    sys.exit(size > MOST_BYTES)
