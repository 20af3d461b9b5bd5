"""The site's own pages in a real browser: looked at by axe at both widths and in both colour schemes."""

import pytest

from comity.node.parties.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, SCHEMES, WIDTHS

PAGES = [
    *("/style", "/style?page=7", "/decided", "/preferences", "/no-such-page"),
    *("/account/mfa/", "/account/logout/", "/account/password/set/"),
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_can_be_read_by_everybody(browser_page, signed_in, look, width, scheme):
    signed_in(Role.DUTY_OFFICER, Role.ADMINISTRATOR)
    page = browser_page(width, scheme)
    for path in PAGES:
        page.goto(path)
        look(page, f"{path}-{width}-{scheme}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wrong_password_is_told_in_words(browser_page, look, width):
    page = browser_page(width)
    page.goto("/account/login/")
    look(page, f"login-{width}")
    page.fill("#id_login", "nobody@example.pk")
    page.fill("#id_password", "not the password")
    page.click("text=Sign in with the password")
    page.locator(".error-summary").wait_for()
    look(page, f"login-wrong-{width}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wrong_form_leads_to_the_wrong_fields(browser_page, signed_in, look, width):
    signed_in(Role.ANALYST)
    page = browser_page(width)
    page.goto("/style")
    page.click("main form button:has-text('Check')")
    page.locator(".error-summary").wait_for()
    look(page, f"form-wrong-{width}")
    links = page.locator(".error-summary a")
    assert links.count() == 4
    for index in range(links.count()):
        assert page.locator(links.nth(index).get_attribute("href")).count() == 1


def test_the_chosen_colours_and_zone_are_kept(browser_page, signed_in, look):
    signed_in(Role.ANALYST)
    page = browser_page(DESKTOP, "light")
    page.goto("/preferences?back=/style")
    page.check("input[value=dark]")
    page.select_option("#id_zone", "Asia/Karachi")
    page.click("text=Keep this choice")
    page.wait_for_url("**/style")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(14, 21, 23)"
    assert "PKT" in page.locator(".table time").first.inner_text()
    look(page, "chosen")


def test_keyboard_reaches_the_content_first(browser_page, signed_in):
    signed_in(Role.ANALYST)
    page = browser_page()
    page.goto("/style")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_navigation_on_a_phone_without_scripts(browser_page, signed_in):
    signed_in(Role.DUTY_OFFICER)
    page = browser_page(PHONE, scripts=False)
    page.goto("/decided")
    assert not page.locator(".menu nav").is_visible()
    page.click(".menu summary")
    assert page.locator(".menu nav").is_visible()


def test_right_to_left(browser_page, signed_in, shot):
    signed_in(Role.DUTY_OFFICER)
    page = browser_page()
    page.goto("/style")
    page.evaluate("document.documentElement.dir = 'rtl'")
    shot(page, "right-to-left")
    main, side = (page.locator(name).bounding_box() for name in ("main", ".side"))
    assert side["x"] > main["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_what_is_wrong(browser_page, signed_in, axe):
    signed_in(Role.ANALYST)
    page = browser_page()
    page.goto("/decided")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><img src=x>')")
    with pytest.raises(AssertionError, match="label"):
        axe(page)


def test_what_the_browser_refuses_is_noticed(browser_page, signed_in, watched):
    signed_in(Role.ANALYST)
    page = browser_page()
    page.goto("/decided")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')")
    page.evaluate("new Image().src = 'http://elsewhere.invalid/'")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in each for each in watched.wrong)
    watched.wrong.clear()
