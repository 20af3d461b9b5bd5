"""The composer of a share: what is chosen stands in one column, whole, however long its names are."""

from __future__ import annotations

import pytest

from comity.base.tlp import Tlp
from comity.node.parties.roles import Role
from tests.browser.conftest import DESKTOP, PHONE
from tests.node.exchange.holding import made, own_work
from tests.node.world import NOW, found_world

SIDEWAYS = "Array.from(document.querySelectorAll('.choices'), box => box.scrollWidth - box.clientWidth)"


@pytest.mark.parametrize(("width", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_many_objects_with_long_names_are_chosen(browser_page, signed_in, look, width, scheme):
    world = found_world(NOW)
    values = [made("file", f"f{n}", Tlp.GREEN, hashes={"SHA-256": f"{n:064x}"}) for n in range(60)]
    for value in values:
        del value["name"], value["created"], value["modified"]
    brought = own_work(world, *values)
    signed_in(Role.ANALYST, body=world.body.name)
    page = browser_page(width, scheme)
    page.goto(f"/exchange/share?brought={brought.pk}")
    assert page.locator(".choices input").count() == len(values)
    assert page.evaluate(SIDEWAYS) == [0]
    look(page, f"composer-{width}")
