"""A product by keyboard alone, in a real browser; axe finds nothing."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Screen, sign_in
from tests.uploads import PNG


def test_an_admin_adds_and_retires_a_product(screen: Screen, desk: Desk, tmp_path: Path) -> None:
    page, keys = screen.page, screen.page.keyboard
    (shot := tmp_path / "shot.png").write_bytes(PNG)
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/configurations?view=grid")
    screen.check("products as pictures")
    screen.link("Add product").click()
    expect(page.locator("#metadata-name")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#metadata-name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#metadata-name")).to_be_focused()
    page.set_input_files("#thumbnail", shot)
    for text in ("Bergen stool", f"BER-{screen.name}", "Wood", "Ash"):
        keys.type(text)
        keys.press("Tab")
    # The button that removes the row; three more rows of options, then the button that adds one.
    page.locator("#add-option").focus()
    keys.press("Enter")
    expect(page.locator("#option-3-key")).to_be_focused()
    expect(page.locator("#option-3-key")).to_have_accessible_name(
        screen.say("Name of option %(number)s") % {"number": 4}
    )
    keys.type("Legs")
    keys.press("Tab")
    keys.type("Brass")
    page.locator("[value='remove:option:1']").focus()
    keys.press("Enter")
    expect(page.locator("#option-2-key")).to_be_focused()
    expect(page.locator("#options > li")).to_have_count(3)
    screen.check("form of a product")

    page.locator("#option-3-value").focus()
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bergen stool")
    expect(page.get_by_role("status")).to_be_focused()
    # Rows that the browser adds do not lose the file, as a new page would.
    expect(page.locator("img.large")).to_have_count(1)
    assert page.locator("dd", has_text="Brass").count() == 1
    screen.button("Retire").focus()
    keys.press("Enter")
    expect(screen.button("Restore")).to_be_visible()
    screen.check("a retired product")
    page.goto(f"{desk.address}/configurations?view=grid&retired=1")
    page.fill("#q", f"ber-{screen.name}")
    expect(page.locator(".grid li")).to_have_count(1)
    page.reload()
    expect(page.locator(".grid li")).to_have_count(1)


def test_back_shows_what_was_typed_and_a_sign_out_clears_it(page: Page, desk: Desk) -> None:
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/configurations/new")
    page.fill("#metadata-name", "Bergen stool")
    page.click("#add-option")
    typed = {"#metadata-name": "Bergen stool", "#option-3-key": "Legs", "#option-3-value": "Brass"}
    for field, text in typed.items():
        page.fill(field, text)
    key = page.input_value("[name=key]")
    # This Chromium has no cache of whole pages, as others have none for those with `no-store`.
    page.get_by_role("link", name="Cancel").click()
    page.go_back()
    assert {field: page.input_value(field) for field in typed} == typed
    assert page.input_value("[name=key]") == key
    page.goto(f"{desk.address}/settings/tokens/new")
    assert page.input_value("#name") == ""
    page.fill("#name", "Till")
    page.evaluate("sessionStorage.setItem('shortorder.token', 'as the API reference keeps one')")
    page.locator("form[action='/sign-out'] button").first.evaluate("button => button.click()")
    page.wait_for_url("**/sign-in*")
    assert page.evaluate("sessionStorage.length") == 0
