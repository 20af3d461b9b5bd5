"""Every link to a page of ours leads to a file and a heading that are there."""

from pathlib import Path

import pytest

from tests.docs import pages


@pytest.mark.parametrize("page", pages.pages(), ids=str)
def test_links_resolve(page):
    for target, anchor in pages.links(page):
        assert target.exists(), f"{page} links to {target}, which is not there"
        if anchor:
            assert anchor in pages.anchors(target), f"{page} links to #{anchor}, which {target} does not have"


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [Path("README.md")]
    while waiting:
        page = waiting.pop().resolve()
        if page.suffix == ".md" and page.exists() and page not in reached:
            reached.add(page)
            waiting += [target for target, _ in pages.links(page)]
    assert {page.resolve() for page in pages.pages()} == reached
