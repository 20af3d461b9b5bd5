"""The main jobs in a real browser: without scripts from form to form, with scripts judged as one chooses."""

import pytest

from comity.base.tlp import Tlp
from comity.node.acts.models import Act, ActState
from comity.node.exchange.models import Import
from comity.node.instruments.models import Agreement, AgreementState
from comity.node.parties.roles import Role
from tests.browser.rows import made_rows
from tests.node.exchange.holding import bundle, indicator

GLANCE = "#judged .glance"


@pytest.fixture
def rows(db):
    return made_rows()


@pytest.fixture
def plain_page(browser_page, signed_in, rows):
    """A page of a browser that runs no scripts, for somebody who holds all roles."""
    signed_in(*Role, body=rows.sides.world.body.name)
    return browser_page(scripts=False)


def test_import_judge_and_send(plain_page, rows):
    page = plain_page
    page.goto("/exchange/import")
    content = bundle(indicator("public", Tlp.CLEAR))
    page.set_input_files("#id_file", {"name": "b.json", "mimeType": "application/json", "buffer": content})
    page.fill("#id_note", "A public feed")
    page.get_by_role("button", name="Import").click()
    assert Import.objects.latest("pk").note == "A public feed"
    page.get_by_role("link", name="Share what is new").click()
    page.get_by_role("checkbox", name=rows.sides.party.name).check()
    page.get_by_role("button", name="Judge").click()
    assert page.locator(GLANCE).inner_text() == "1 goes; 0 stay."
    page.get_by_label("Title").fill("What is public")
    page.get_by_role("button", name="Send", exact=True).click()
    assert page.locator("h1").inner_text() == "What is public"
    assert Act.objects.get(title="What is public").state == ActState.RECORDED


def test_approve(plain_page, rows):
    page = plain_page
    page.goto("/")
    page.get_by_role("link", name=rows.awaiting.title).first.click()
    assert "stay" in page.locator("#decide ~ .glance").inner_text()
    page.get_by_role("button", name="Approve and send").click()
    page.get_by_text("The act is signed, recorded and on its way.").wait_for()
    rows.awaiting.refresh_from_db()
    assert rows.awaiting.state == ActState.RECORDED


def test_propose_and_answer(plain_page, rows):
    page = plain_page
    page.goto("/agreements/propose")
    page.get_by_label("Partner", exact=True).select_option(label=rows.sides.party.name)
    page.get_by_label("Title").fill("Second memorandum")
    page.get_by_role("button", name="Propose", exact=True).click()
    assert page.get_by_text("defence of networks").count()
    assert Agreement.objects.get(title="Second memorandum").state == AgreementState.PROPOSED
    page.goto(f"/agreements/{rows.proposed.ref}/answer")
    page.get_by_label("Accept these terms").check()
    page.get_by_label("I have read the terms").check()
    page.get_by_role("button", name="Send the answer").click()
    rows.proposed.refresh_from_db()
    assert rows.proposed.state == AgreementState.IN_FORCE


def test_the_judgement_follows_the_choice_and_is_announced(browser_page, signed_in, axe, rows):
    signed_in(Role.ANALYST, body=rows.sides.world.body.name)
    page = browser_page()
    page.goto(f"/exchange/share?brought={rows.brought.pk}")
    partner = page.get_by_role("checkbox", name=rows.sides.party.name)
    partner.focus()
    page.keyboard.press("Space")
    page.locator(GLANCE).wait_for()
    said = page.locator(GLANCE).inner_text()
    page.wait_for_function("document.getElementById('judged-says').textContent.trim() !== ''")
    assert page.locator("#judged-says").inner_text().strip().endswith(said)
    assert partner.evaluate("field => field === document.activeElement")
    axe(page)


def test_the_skip_link_comes_first_and_leads_to_the_content(browser_page, signed_in, rows):
    signed_in(Role.ANALYST, body=rows.sides.world.body.name)
    page = browser_page()
    page.goto(f"/acts/{rows.received.ref}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
