"""The ways in, as a person goes them: password and authenticator app, recovery codes, passkey."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.utils import timezone
from playwright.sync_api import Page

from comity.node.parties.models import Person
from tests.browser.conftest import DESKTOP, PHONE

PASSWORD = "a long sentence of four words"


@pytest.fixture
def person(transactional_db):
    person = Person(email="bilal@example.pk", name="Bilal Ahmed", added=timezone.now())
    person.set_password(PASSWORD)
    person.save()
    return person


def code_of(secret: str) -> str:
    now = list(yield_hotp_counters_from_time())
    code: str = format_hotp_value(hotp_value(secret, now[len(now) // 2]))
    return code


def unused_codes() -> list[str]:
    kept = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    return list(kept.wrap().get_unused_codes())


def sign_in(page: Page, person: Person) -> None:
    page.goto("/account/login/")
    page.fill("#id_login", person.email)
    page.fill("#id_password", PASSWORD)
    page.click("text=Sign in with the password")


def confirm(page: Page) -> None:
    page.fill("#id_password", PASSWORD)
    page.click("button:has-text('Confirm')")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_password_then_app(browser_page, person, look, width, settings):
    settings.MFA_TOTP_TOLERANCE = 1  # the half minute may end between computing the digits and sending them
    page = browser_page(width)
    sign_in(page, person)
    page.goto("/account/mfa/totp/activate/")
    look(page, f"confirm-{width}")
    confirm(page)
    page.wait_for_url("**/totp/activate/")
    look(page, f"totp-activate-{width}")
    assert page.locator(".qr svg").bounding_box()["width"] > 100
    secret = page.locator("code.secret").inner_text()
    page.fill("#id_code", code_of(secret))
    page.click("text=Switch it on")
    page.wait_for_url("**/recovery-codes/")
    look(page, f"recovery-codes-{width}")
    assert page.locator(".codes li").count() == 10
    page.goto("/account/mfa/")
    look(page, f"mfa-{width}")
    page.click("summary:has-text('Bilal Ahmed')")
    look(page, f"who-menu-{width}")
    page.click("text=Sign out")
    sign_in(page, person)
    page.wait_for_url("**/mfa/authenticate/")
    look(page, f"second-factor-{width}")
    page.fill("#id_code", unused_codes()[0])
    page.click("button:has-text('Sign in')")
    page.wait_for_url(lambda url: "/account/mfa/authenticate" not in url)
    assert len(unused_codes()) == 9


def test_passkey(browser_page, person, look):
    page = browser_page()
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    sign_in(page, person)
    page.goto("/account/mfa/webauthn/add/")
    confirm(page)
    page.wait_for_url("**/webauthn/add/")
    look(page, "passkey-add")
    page.fill("#id_name", "Laptop of the duty room")
    page.check("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/")
    page.goto("/account/mfa/webauthn/")
    look(page, "passkeys")
    page.goto("/account/logout/")
    page.click("main button:has-text('Sign out')")
    page.goto("/account/login/")
    page.click("#passkey_login")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto("/account/mfa/")
    assert page.locator("summary").filter(has_text="Bilal Ahmed").is_visible()


def test_signing_in_without_scripts(browser_page, person):
    page = browser_page(scripts=False)
    sign_in(page, person)
    page.goto("/account/mfa/")
    assert page.locator("h1").inner_text() == "Password and second factor"
