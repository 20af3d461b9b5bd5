"""What people do on the pages of a node, in a client that keeps their session."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def fill_in(client: httpx.Client, page: str, action: str = "", **answers: Any) -> httpx.Response:
    """Send the form of a page with these answers and what it held already; the page that follows."""
    opened = client.get(page).raise_for_status().text
    token = _TOKEN.search(opened)
    assert token, opened
    sent = client.post(action or page, data={"csrfmiddlewaretoken": token[1], **answers})
    assert sent.status_code == httpx.codes.OK, sent.text
    return sent


def introduce(administrator: httpx.Client, address: str) -> tuple[str, list[str]]:
    """Add the node at this address; the partner's page, and the words shown there."""
    page = fill_in(administrator, "/partners/add", address=address)
    found = re.search(r'name="fingerprint" value="([a-z0-9 -]+)"', page.text)
    assert found, page.text
    return page.url.path, html.unescape(found[1]).split()


def accept(administrator: httpx.Client, partner: str, words: list[str]) -> None:
    """Trust the node: the words that its administrator read out are those on our page."""
    page = fill_in(administrator, partner, f"{partner}accept", compared="on", fingerprint=" ".join(words))
    assert "is accepted" in page.text


def own_words(administrator: httpx.Client) -> str:
    """The page on which a node shows its own words, to be read out."""
    return administrator.get("/partners/this-node").raise_for_status().text


def befriend(administrator: httpx.Client, address: str) -> str:
    """Introduce and accept; the partner's page."""
    partner, words = introduce(administrator, address)
    accept(administrator, partner, words)
    return partner
