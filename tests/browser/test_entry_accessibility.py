"""axe-core finds nothing on the order form in any of its states."""

from playwright.sync_api import Page

from tests.browser.conftest import Desk, Screen, sign_in

SAVED = "Template saved. The order is not placed yet."


def unfold(page: Page) -> None:
    """Open the order's details, which a phone folds."""
    page.locator("#order-details").evaluate("one => { one.open = true; }")


def test_every_state_of_the_form(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    name = f"States {screen.name}"
    page.fill("#name", name)
    unfold(page)
    page.select_option("#metadata-finish", "matt")
    page.focus("#cart-0-configurationId")
    page.keyboard.type("oslo")
    page.wait_for_selector("#suggestions [role=option]")
    screen.check("suggestions")
    page.keyboard.press("Enter")
    page.fill("#cart-1-configurationId", page.input_value("#cart-0-configurationId"))
    page.focus("#cart-1-configurationId")
    page.keyboard.press("Alt+M")
    page.wait_for_selector(".twice")
    screen.check("details, and the same twice")
    page.fill("#cart-2-configurationId", "oslo")
    page.keyboard.press("Tab")
    page.wait_for_selector(".candidates")
    screen.check("what may be meant")
    page.focus("#cart-1-configurationId")
    page.keyboard.press("Alt+Delete")
    screen.check("a removed line")
    unfold(page)
    page.click("#as-template > summary")
    page.fill("#templateName", name)
    screen.check("the template's name")
    page.click("button[value=template]")
    page.wait_for_selector(f"text={screen.say(SAVED)}")
    screen.check("a saved template")
    page.goto(f"{desk.address}/orders/new")
    page.wait_for_selector(f".drafts a:has-text('{name}')", state="attached")
    page.click(".drafts summary")
    screen.check("drafts")
    page.click(".templates summary")
    screen.check("templates")


def test_every_state_of_a_change(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    page.fill("#name", "To be changed")
    unfold(page)
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    code = page.url.split("/")[-2]
    page.goto(f"{desk.address}/orders/{code}/edit")
    screen.check("opened")
    other = page.context.new_page()
    other.goto(f"{desk.address}/orders/{code}/edit")
    other.fill("#name", "By the other")
    other.keyboard.press("Control+Enter")
    other.wait_for_url(f"**/orders/{code}")
    page.fill("#name", "By me")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=By the other")
    screen.check("a conflict")
    page.fill("#name", "By me after all")
    page.wait_for_function("document.querySelector('[name=draft_version]').value !== '0'")
    page.goto(f"{desk.address}/orders/{code}")
    page.wait_for_selector(".unsaved")
    screen.check("unsaved changes, on the order's page")
    page.goto(f"{desk.address}/orders/{code}/edit")
    page.wait_for_selector(".unsaved")
    page.fill("#name", "Beside them")
    page.wait_for_selector(".not-kept")
    screen.check("unsaved changes, above the form")
    screen.link("Continue editing").click()
    page.wait_for_selector("[name=draft_version]:not([value='0'])", state="attached")
    screen.check("gone on with")
    page.locator(".unsaved").get_by_role("button", name=screen.say("Discard")).click()
    page.wait_for_selector(f"text={screen.say('This is the saved order.')}")
