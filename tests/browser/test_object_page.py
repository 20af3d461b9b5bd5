"""The page of an object: its graph is reached by keys, told as a table, and fits a narrow screen."""

from __future__ import annotations

import pytest

from comity.base.tlp import Tlp
from comity.engines.scoring.remarks import Opinion
from comity.node.exchange.comments import Said
from comity.node.exchange.services.commenting import comment
from comity.node.parties.roles import Role
from tests.browser.conftest import DESKTOP, PHONE
from tests.node.exchange.holding import from_elsewhere, indicator, joined, made, own_work, shared
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, sides_of
from tests.node.world import NOW, found_world

HUB = made(
    "attack-pattern",
    "Spearphishing attachment",
    Tlp.CLEAR,
    external_references=[{"source_name": "mitre-attack", "external_id": "T1566.001"}],
)
FAMILY = made("malware", "DemoLoader", is_family=True, description="A loader.", labels=["loader"])
GROUP = made("intrusion-set", "A group with a name that is much longer than any box could ever be")
EARLIER = "2026-11-19T06:30:00.000Z"
CAMPAIGN = made("campaign", "Spring campaign")


def held() -> Sides:
    """A star of forty, and a few things two steps away."""
    sides = sides_of(
        found_world(NOW), FarNode(name="CERT Freedonia", state="DE", address="http://far.example/")
    )
    sides.conclude()
    users = [made("malware", f"Family {number}", is_family=True) for number in range(40)]
    uses = [
        joined(f"u{number}", each, HUB) | {"relationship_type": "uses"} for number, each in enumerate(users)
    ]
    seeks = [indicator(f"host{number}", confidence=10 * number) for number in range(4)]
    shows = [joined(f"i{number}", each, FAMILY) for number, each in enumerate(seeks)]
    more = [
        joined("uses", FAMILY, HUB) | {"relationship_type": "uses"},
        joined("by", FAMILY, GROUP) | {"relationship_type": "authored-by"},
        joined("in", CAMPAIGN, FAMILY) | {"relationship_type": "uses"},
        joined("from", CAMPAIGN, GROUP) | {"relationship_type": "attributed-to"},
        made(
            "report", "Annual report", published="2026-11-20T06:30:00Z", object_refs=[FAMILY["id"], HUB["id"]]
        ),
    ]
    older = {"modified": EARLIER, "created": EARLIER, "description": "A dropper."}
    own_work(sides.world, FAMILY | older | {"object_marking_refs": []})
    own_work(sides.world, HUB, FAMILY, GROUP, CAMPAIGN, *users, *uses, *seeks, *shows, *more)
    twin = indicator("twin", confidence=75) | {"pattern": seeks[0]["pattern"]}
    from_elsewhere(sides.world, twin, party=sides.party)
    analyst = sides.world.analyst
    waits = Said(text="It waits for an hour.", abstract="Slow")
    comment(actor=analyst, ref=FAMILY["id"], said=waits, now=NOW)
    agrees = Said(text="We saw it too.", opinion=Opinion.AGREE, authors=("Ayesha",))
    comment(actor=analyst, ref=FAMILY["id"], said=agrees, now=NOW)
    shared(sides, seeks[0])
    return sides


@pytest.mark.parametrize(("width", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_object_pages(browser_page, signed_in, look, width, scheme):
    sides = held()
    signed_in(*Role, body=sides.world.body.name)
    page = browser_page(width, scheme)
    seek = indicator("host0")["id"]
    for path in (
        f"objects/{FAMILY['id']}/",
        f"objects/{FAMILY['id']}/compare",
        f"objects/{FAMILY['id']}/note",
        f"objects/{HUB['id']}/",
        f"objects/{HUB['id']}/graph",
        f"objects/{seek}/",
        f"objects/{seek}/seen",
        "values/domain/host0.example",
        "?related=uses+T1566.001&order=oldest",
        "?related=T9",
        "?words=host",
    ):
        page.goto(f"/exchange/{path}")
        look(page, f"object-{path}-{width}")


def test_the_graph_is_walked_with_keys(browser_page, signed_in):
    sides = held()
    signed_in(Role.ANALYST, body=sides.world.body.name)
    page = browser_page(scripts=False)
    page.goto(f"/exchange/objects/{FAMILY['id']}/")
    links = page.locator(".graph a")
    names = links.all_text_contents()
    assert any("DemoLoader" in name for name in names)
    frame = page.locator(".graph-frame")
    frame.focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.graph') !== null")
    address = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")
    page.goto(f"/exchange/objects/{HUB['id']}/")
    page.locator(".graph-more").first.click()
    page.wait_for_url("**related=uses**")
    assert "related by “uses” to Spearphishing attachment" in page.inner_text("main")
