"""A passkey in real Chromium, with its virtual authenticator, and the pages without JavaScript."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.actors import PASSWORD
from tests.browser.conftest import Desk, Watch


def sign_in(page: Page, address: str, desk: Desk) -> None:
    page.goto(f"{address}/sign-in?next=/account")
    page.fill("#email", desk.org.email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def sign_out(page: Page) -> None:
    page.click("button.own")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")


def test_a_passkey_is_added_and_signs_in(chromium: Browser, desk: Desk) -> None:
    # Passkeys belong to host names, and 127.0.0.1 is none.
    address = f"http://localhost:{urlsplit(desk.address).port}"
    watch = Watch(address)
    context = watch.over(chromium.new_context())
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    made = devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    sign_in(page, address, desk)
    page.get_by_role("button", name="Add a passkey").click()
    page.fill("#name", "Phone")
    page.get_by_role("button", name="Create passkey").click()
    page.wait_for_url("**/account")
    expect(page.locator(".notice")).to_contain_text("Passkey added")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{address}/")
    # A person who cancels sees a sentence, and stays where they are.
    sign_out(page)
    devices.send(
        "WebAuthn.setUserVerified",
        {"authenticatorId": made["authenticatorId"], "isUserVerified": False},
    )
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    context.close()
    assert watch.faults == []


def test_without_javascript_the_page_says_so(chromium: Browser, watch: Watch, desk: Desk) -> None:
    context = watch.over(chromium.new_context(java_script_enabled=False))
    page = context.new_page()
    page.goto(f"{desk.address}/sign-in")
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.locator("[data-passkey]")).to_be_hidden()
    sign_in(page, desk.address, desk)
    context.close()
