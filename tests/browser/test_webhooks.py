"""Webhooks in real Chromium: by keyboard alone, without JavaScript, and accessible."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, Watch, sign_in
from tests.browser.test_settings import tab_to

# Nobody is there, under any name server.
NOWHERE = "https://hooks.shop.invalid/orders"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


def place_order(page: Page, desk: Desk) -> dict[str, Any]:
    """Place an order by JSON, as a shop does."""
    answer = page.request.post(
        f"{desk.address}/api/orders",
        data={"metadata": {"finish": "matt"}, "cart": [{"configurationId": CHAIR, "count": 1}]},
        headers={"Authorization": f"Bearer {desk.org.private.secret}"},
    )
    assert answer.status == 201, answer.text()
    order: dict[str, Any] = answer.json()
    return order


def make(page: Page, desk: Desk, address: str) -> None:
    page.goto(f"{desk.address}/settings/webhooks/new")
    page.fill("#address", address)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/settings/webhooks/[0-9a-f-]{36}$"))


def wait_for_state(page: Page, state: str, look_again: str = "Refresh") -> None:
    """Look again, by the link of that name, until the newest message is in this state."""
    for _ in range(100):
        page.get_by_role("link", name=look_again).click()
        if state in page.locator(".messages .state").first.inner_text():
            return
        page.wait_for_timeout(100)
    pytest.fail(f"no message came to be {state!r}")


def test_a_webhook_is_made_changed_and_binned_by_keyboard_alone(
    admin_page: Page, context: BrowserContext, desk: Desk
) -> None:
    page, keys = admin_page, admin_page.keyboard
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=desk.address)
    page.goto(f"{desk.address}/settings/webhooks")
    tab_to(page, page.get_by_role("link", name="New webhook"))
    keys.press("Enter")
    expect(page.locator("#topic")).to_be_focused()
    keys.type("An order is d")
    keys.press("Tab")
    keys.type("http://localhost")
    keys.press("Enter")
    # What is wrong has the focus, and all that was chosen is still there.
    expect(page.locator("#address")).to_be_focused()
    expect(page.locator("#address-error")).to_contain_text("private network")
    expect(page.locator("#topic")).to_have_value("order.deleted")
    keys.press("Control+A")
    keys.type("https://keyboard.shop.invalid/")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text(
        "Webhook created. Give the secret to the receiver, so it can verify our messages"
    )
    tab_to(page, page.get_by_role("button", name="Show secret"))
    keys.press("Enter")
    expect(page.get_by_role("button", name="Copy secret")).to_be_focused()
    secret = page.inner_text("#secret")
    assert SECRET.fullmatch(secret)
    assert secret not in page.url
    keys.press("Enter")
    expect(page.locator("#said")).to_have_text("Secret copied.")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    keys.press("Tab")
    keys.press("Enter")
    tab_to(page, page.get_by_label("Complete"))
    keys.press("Space")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Webhook saved")
    expect(page.locator(".facts")).to_contain_text("An order is deleted (Complete)")
    tab_to(page, page.get_by_text("Delete webhook…"))
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Webhook deleted")
    expect(page.get_by_role("link", name="https://keyboard.shop.invalid/")).to_be_hidden()


def test_the_state_of_a_message_is_shown_and_it_is_sent_again_without_javascript(
    chromium: Browser, watch: Watch, desk: Desk
) -> None:
    context = watch.over(chromium.new_context(java_script_enabled=False))
    page = context.new_page()
    sign_in(page, desk, desk.org.admin().email)
    make(page, desk, f"{NOWHERE}/plain")
    code = place_order(page, desk)["shortId"]
    page.reload()
    row = page.locator(".messages tbody tr")
    expect(row.get_by_role("link")).to_have_attribute("href", f"/orders/{code}")
    wait_for_state(page, "Trying again")
    expect(row).to_contain_text("The host name could not be resolved.")
    row.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_contain_text(
        "The message is being sent again. The result appears here in a moment"
    )
    page.get_by_text("Delete webhook…").click()
    page.get_by_role("button", name="Delete webhook").click()
    page.get_by_text("Deleted:").click()
    page.get_by_role("link", name=f"{NOWHERE}/plain").click()
    expect(row).to_contain_text("Given up")
    page.get_by_role("button", name="Restore webhook").click()
    expect(page.get_by_role("status")).to_contain_text("restored")
    page.get_by_text("Delete webhook…").click()
    page.get_by_role("button", name="Delete webhook").click()
    context.close()


def test_every_page_is_accessible(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/settings/webhooks/new")
    screen.check("new, empty")
    page.fill("#address", "nowhere")
    screen.button("Create webhook").click()
    page.wait_for_selector("#summary")
    screen.check("new, with errors")
    make(page, desk, f"{NOWHERE}/{screen.name}/{'long' * 40}")
    screen.check("one without messages")
    place_order(page, desk)
    page.reload()
    wait_for_state(page, screen.say("Trying again"), screen.say("Refresh"))
    for question in page.locator(".confirm summary").all():
        question.click()
    screen.check("one with a message and its questions")
    screen.button("Delete webhook").click()
    page.locator(".binned summary").click()
    screen.check("the list with the bin")
    page.locator(".binned a").first.click()
    screen.check("one deleted")
    make(page, desk, f"{NOWHERE}/{screen.name}")
    screen.button("Show secret").click()
    screen.check("the secret")
    screen.link("Back to webhook").click()
    page.locator(".confirm summary").last.click()
    screen.button("Delete webhook").click()
