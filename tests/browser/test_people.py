"""Invitations, the second factor and preferences in real Chromium, also without JavaScript."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.actors import PASSWORD
from tests.browser.conftest import ALL_LOOKS, Desk, Screen, Watch, sign_in
from tests.desk.people.links_and_codes import code_of
from tests.desk.people.test_confirmation import wait

OWN = "correct battery horse"
CODE_PAGE = re.compile("/sign-in/code")
LIGHT, DARK = "rgb(246, 247, 246)", "rgb(18, 21, 19)"


def invite(page: Page, desk: Desk, email: str) -> str:
    """Invite a person as the signed-in admin; return the link."""
    page.goto(f"{desk.address}/settings/staff/invite")
    page.fill("#email", email)
    page.keyboard.press("Enter")
    page.wait_for_selector("#secret")
    return page.inner_text("#secret")


def join(page: Page, link: str, name: str) -> None:
    page.goto(link)
    assert "link=" not in page.url
    page.fill("#name", name)
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def set_up_factor(page: Page, desk: Desk) -> tuple[str, list[str]]:
    page.goto(f"{desk.address}/account/second-factor")
    secret = page.inner_text("#secret").replace(" ", "")
    page.fill("#proof", OWN)
    page.fill("#code", code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_selector("#codes")
    return secret, page.inner_text("#codes").split()


def test_a_person_joins_sets_up_a_factor_and_signs_in_without_javascript(
    chromium: Browser, watch: Watch, desk: Desk, admin_page: Page
) -> None:
    email = "plain@desk.example"
    link = invite(admin_page, desk, email)
    context = watch.over(chromium.new_context(java_script_enabled=False))
    page = context.new_page()
    join(page, link, "Plain Person")
    expect(page.locator(".notice")).to_contain_text("Welcome!")
    secret, codes = set_up_factor(page, desk)
    assert len(codes) == 10
    page.get_by_role("link", name="Done").click()
    page.click("button.own")
    page.get_by_role("button", name="Sign out").click()
    page.fill("#email", email)
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_url(CODE_PAGE)
    page.fill("#code", code_of(secret, 1))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.address}/")
    context.close()


def test_the_code_page_is_ready_to_type_into(page: Page, desk: Desk, admin_page: Page) -> None:
    email = "typing@desk.example"
    link = invite(admin_page, desk, email)
    page.click("button.own")
    page.get_by_role("button", name="Sign out").click()
    join(page, link, "")
    _secret, codes = set_up_factor(page, desk)
    expect(page.get_by_role("button", name="Copy codes")).to_be_focused()
    page.click("button.own")
    page.get_by_role("button", name="Sign out").click()
    page.fill("#email", email)
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_url(CODE_PAGE)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(
        "Wrong code, or it was already used. Wait for the next one"
    )
    page.get_by_text("Don't have your phone?").click()
    page.fill("#recovery", codes[0].upper())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.address}/")


def test_colors_and_rows_are_as_chosen_before_any_script(
    chromium: Browser, watch: Watch, desk: Desk, admin_page: Page
) -> None:
    link = invite(admin_page, desk, "looks@desk.example")
    context = watch.over(chromium.new_context(color_scheme="light", java_script_enabled=False))
    page = context.new_page()
    join(page, link, "Looks")

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    def height() -> float:
        box = page.locator("#name").bounding_box()
        assert box is not None
        return box["height"]

    roomy = height()
    assert background() == LIGHT
    page.select_option("#theme", "dark")
    page.select_option("#density", "dense")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("html[data-theme=dark]")
    assert background() == DARK
    assert 24 <= height() < roomy
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen", color_scheme="dark")
    page.select_option("#theme", "light")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("html[data-theme=light]")
    assert background() == LIGHT
    context.close()


def check_second_factor(screen: Screen, desk: Desk, email: str) -> None:
    """Set up the second factor and sign in with it; axe runs on each page."""
    page = screen.page
    page.goto(f"{desk.address}/account/second-factor")
    screen.check("second factor")
    set_up_factor(page, desk)
    screen.check("recovery codes")
    page.goto(f"{desk.address}/account/second-factor")
    screen.check("second factor, on")
    page.click("button.own")
    screen.button("Sign out").click()
    page.fill("#email", email)
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_url(CODE_PAGE)
    screen.check("code")
    page.fill("#code", "1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#refused")
    page.locator("summary").click()
    screen.check("code, refused")


def check_confirmation(screen: Screen, desk: Desk) -> None:
    """Add an account some time after the sign-in, and sign in with it; axe runs on each page."""
    page, email = screen.page, f"given-{screen.name}@desk.example"
    wait(desk.org.app)
    desk.sessions.clear()
    page.goto(f"{desk.address}/settings/staff/new")
    page.fill("#email", email)
    page.fill("#password", OWN)
    screen.button("Add account").click()
    expect(page.locator("#confirm_password")).to_be_focused()
    screen.check("confirm that it is you")
    page.keyboard.type(PASSWORD)
    page.fill("[name=password]", OWN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/staff")
    page.click("button.own")
    screen.button("Sign out").click()
    page.fill("#email", email)
    page.fill("#password", OWN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#old_password")
    screen.check("choose your own password")


def test_every_page_is_accessible(screen: Screen, desk: Desk) -> None:
    page, email = screen.page, f"axe-{screen.name}@a-rather-long-name-of-a-domain.desk.example"
    for path in ("/forgot-password", "/reset-password", "/invitation"):
        page.goto(desk.address + path)
        screen.check(path)
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/settings/staff/invite")
    screen.check("invite")
    screen.button("Create link").click()
    page.wait_for_selector("#summary")
    screen.check("invite, with errors")
    link = invite(page, desk, email)
    screen.check("a link")
    page.goto(f"{desk.address}/settings/staff")
    screen.check("staff, with an invitation")
    page.click("button.own")
    screen.button("Sign out").click()
    page.goto(link)
    screen.check("invitation")
    screen.button("Create account").click()
    page.wait_for_selector("#summary")
    screen.check("invitation, with errors")
    join(page, link, "A person with a rather long name " + "n" * 40)
    screen.check("account")
    # What was chosen wins over the device, on every page.
    for chosen, device in (("light", "dark"), ("dark", "light")):
        page.goto(f"{desk.address}/account")
        page.select_option("#theme", chosen)
        page.select_option("#density", "dense")
        screen.button("Save").click()
        page.wait_for_selector(f"html[data-density=dense][data-theme={chosen}]")
        screen.check("account, dense and in the other colors", scheme=device)
        for path in ("/orders/new", "/orders", "/configurations")[: None if ALL_LOOKS else 1]:
            page.goto(desk.address + path)
            screen.check(f"{path}, dense and in the other colors", scheme=device)
    page.goto(f"{desk.address}/account")
    page.select_option("#theme", "system")
    screen.button("Save").click()
    page.wait_for_selector("html:not([data-theme])")
    screen.button("Change password").click()
    page.wait_for_selector("#summary")
    screen.check("account, with errors")
    check_second_factor(screen, desk, email)
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/settings/staff")
    page.get_by_role("link", name=email).click()
    screen.check("an account with a second factor")
    check_confirmation(screen, desk)
