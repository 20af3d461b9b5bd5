"""The ways in, as a person goes them: password and authenticator app, recovery codes, passkey."""

import base64
import hmac
import struct
import time

import pytest
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
    """RFC 6238 with SHA-1, 30 seconds and six digits, as authenticator apps do it."""
    moment = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), moment, "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, start)[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(page: Page, person: Person) -> None:
    page.goto("/account/login/")
    page.fill("#id_login", person.email)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
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
    codes = page.locator(".codes li").all_inner_texts()
    assert len(set(codes)) == 10
    page.goto("/account/mfa/")
    look(page, f"mfa-{width}")
    page.click("summary:has-text('Bilal Ahmed')")
    look(page, f"who-menu-{width}")
    with page.expect_navigation():
        page.click("text=Sign out")
    sign_in(page, person)
    page.wait_for_url("**/mfa/authenticate/")
    look(page, f"second-factor-{width}")
    page.fill("#id_code", codes[0])
    page.click("button:has-text('Sign in')")
    page.wait_for_url(lambda url: "/account/mfa/authenticate" not in url)
    page.goto("/account/mfa/")
    assert page.get_by_text("9 codes are left").is_visible()


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
    with page.expect_navigation():
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
