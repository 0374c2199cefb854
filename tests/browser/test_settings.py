"""The settings in real Chromium: by keyboard alone, without JavaScript, and accessible."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import Desk, Screen, Watch, sign_in

SECRET = re.compile(r"so_(prv|pub)_[A-Za-z0-9_-]{43}")
MOST_TABS = 60  # no page has more places to stop at


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(MOST_TABS):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {target}")


def test_a_token_is_made_by_keyboard_alone(
    admin_page: Page, context: BrowserContext, desk: Desk
) -> None:
    page, keys = admin_page, admin_page.keyboard
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=desk.address)
    tab_to(page, page.locator("button.own"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Settings", exact=True))
    keys.press("Enter")
    tab_to(page, page.get_by_role("link", name="Access tokens", exact=True))
    keys.press("Enter")
    tab_to(page, page.get_by_role("link", name="New token"))
    keys.press("Enter")
    expect(page.locator("#name")).to_be_focused()
    keys.type("By keyboard")
    keys.press("Tab")
    keys.type("Pub")
    keys.press("Tab")
    keys.type("https://wrong.example")
    keys.press("Tab")  # which token it replaces
    keys.press("Tab")
    keys.press("Enter")
    # What is wrong has the focus, and all that was typed is still there.
    expect(page.locator("#domain")).to_be_focused()
    expect(page.locator("#name")).to_have_value("By keyboard")
    keys.press("Control+A")
    keys.type("shop.example")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("#secret")
    secret = page.inner_text("#secret")
    assert SECRET.fullmatch(secret)
    assert secret not in page.url
    expect(page.get_by_role("button", name="Copy secret")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#said")).to_have_text("Secret copied.")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    headers = {"Authorization": f"Bearer {secret}", "Origin": "https://shop.example"}
    assert page.request.get(f"{desk.address}/api/orders/none", headers=headers).status == 404
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/settings/tokens")
    assert secret not in page.content()


def test_a_token_is_changed_and_revoked_by_keyboard_alone(admin_page: Page, desk: Desk) -> None:
    page, keys = admin_page, admin_page.keyboard
    page.goto(f"{desk.address}/settings/tokens/new")
    page.fill("#name", "Doomed")
    keys.press("Enter")
    headers = {"Authorization": f"Bearer {page.inner_text('#secret')}"}
    page.goto(f"{desk.address}/settings/tokens")
    tab_to(page, page.get_by_role("link", name="Doomed"))
    keys.press("Enter")
    tab_to(page, page.locator("#name"))
    keys.press("End")
    keys.type(" script")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Token saved.")
    expect(page.get_by_role("status")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Doomed script"))
    keys.press("Enter")
    tab_to(page, page.locator(".confirm summary"))
    keys.press("Enter")
    keys.press("Tab")
    expect(page.get_by_role("button", name="Revoke permanently")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("“Doomed script” revoked")
    assert page.request.get(f"{desk.address}/api/orders/none", headers=headers).status == 401


def test_a_double_click_makes_one_token_and_shows_its_secret(admin_page: Page, desk: Desk) -> None:
    admin_page.goto(f"{desk.address}/settings/tokens/new")
    admin_page.fill("#name", "Clicked twice")
    admin_page.get_by_role("button", name="Create token").dblclick()
    admin_page.wait_for_selector("#secret")
    admin_page.goto(f"{desk.address}/settings/tokens")
    assert admin_page.get_by_role("link", name="Clicked twice").count() == 1


def test_attributes_are_defined_moved_and_removed_without_javascript(
    chromium: Browser, watch: Watch, desk: Desk
) -> None:
    context = watch.over(chromium.new_context(java_script_enabled=False))
    page = context.new_page()
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/settings/attributes/new")
    page.fill("#key", "plainWood")
    page.fill("#label", "Wood")
    page.fill("#option", "oak=Oak\nash")
    page.fill("#default", "beech")
    page.get_by_role("button", name="Add attribute").click()
    expect(page.locator("#default-error")).to_contain_text("is not one of: oak, ash")
    expect(page.locator("#option")).to_have_value("oak=Oak\nash")
    page.fill("#default", "oak")
    page.get_by_role("button", name="Add attribute").click()
    expect(page.get_by_role("status")).to_contain_text("“Wood” added to the order form")
    page.get_by_role("button", name="Move Wood up").click()
    expect(page.get_by_role("status")).to_contain_text("“Wood” moved to position")
    expect(page.get_by_role("button", name="Move Wood up")).to_be_focused()
    page.goto(f"{desk.address}/orders/new")
    expect(page.get_by_label("Wood")).to_have_value("oak")
    page.goto(f"{desk.address}/settings/attributes")
    page.get_by_role("link", name="Wood").click()
    page.get_by_text("Remove attribute…").click()
    page.get_by_role("button", name="Remove attribute").click()
    expect(page.get_by_role("status")).to_contain_text("“Wood” removed")
    context.close()


def test_an_attribute_shows_the_fields_of_its_type_and_those_with_an_error(
    admin_page: Page, desk: Desk
) -> None:
    page = admin_page
    page.goto(f"{desk.address}/settings/attributes/new")
    fields = ("option", "is_due", "total")
    for kind, shown in (
        ("text", []), ("date", ["is_due"]), ("number", ["total"]), ("money", ["option", "total"]),
    ):  # fmt: skip
        page.select_option("#kind", kind)
        assert [name for name in fields if page.locator(f"#{name}").is_visible()] == shown
    page.fill("#key", "gift")
    page.fill("#label", "Gift")
    page.fill("#option", "a=A")
    page.select_option("#kind", "text")
    page.get_by_role("button", name="Add attribute").click()
    expect(page.locator("#summary a")).to_have_text("Options")
    expect(page.locator("#option")).to_be_visible()


def test_every_page_is_accessible(screen: Screen, desk: Desk) -> None:
    page = screen.page
    settings = f"{desk.address}/settings"
    sign_in(page, desk)
    assert page.goto(settings)
    screen.check("settings, refused to sales")
    page.click("button.own")
    screen.button("Sign out").click()
    sign_in(page, desk, desk.org.admin().email)
    for path in ("organization", "staff", "staff/new", "tokens", "tokens/new", "attributes",
                 "attributes/new", "audit", "erase?id=ACME"):  # fmt: skip
        page.goto(f"{settings}/{path}")
        screen.check(path)
    for path, button in (("staff", "Add account"), ("tokens", "Create token"),
                         ("attributes", "Add attribute")):  # fmt: skip
        page.goto(f"{settings}/{path}/new")
        screen.button(button).click()
        page.wait_for_selector("#summary")
        screen.check(f"{path}/new, with errors")
    name = f"Accessible {screen.name} " + "long" * 20
    page.goto(f"{settings}/tokens/new")
    page.fill("#name", name)
    screen.button("Create token").click()
    page.wait_for_selector("#secret")
    screen.check("token made")
    page.goto(f"{settings}/tokens")
    page.get_by_role("link", name=name).click()
    page.locator(".confirm summary").click()
    screen.check("token, asked whether to revoke")
    screen.button("Revoke permanently").click()
    screen.check("tokens, with a message and a revoked one")
    page.get_by_role("link", name=name).click()
    screen.check("a revoked token")
    email = f"{screen.name}@a-rather-long-name-of-a-domain.desk.example"
    page.goto(f"{settings}/staff/new")
    page.fill("#email", email)
    page.fill("#password", "long enough")
    screen.button("Add account").click()
    page.get_by_role("link", name=email, exact=True).click()
    screen.check("an account")
    page.locator(".confirm summary").click()
    screen.button("Disable account").click()
    screen.check("a disabled account")
    page.goto(f"{settings}/attributes")
    page.get_by_role("link", name="Finish").click()
    page.locator(".confirm summary").click()
    screen.check("an attribute, asked whether to remove it")
