"""Suggestions of configurations and customers while typing, and actions on rows of the cart."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk


def first_row(page: Page) -> None:
    page.select_option("#metadata-finish", "matt")
    page.keyboard.press("Alt+C")


def options(page: Page) -> list[str]:
    page.wait_for_selector("#suggestions [role=option]")
    return [
        one.inner_text().split("\n")[0] for one in page.locator("#suggestions [role=option]").all()
    ]


def test_a_part_of_the_name_and_enter_are_enough(page: Page, desk: Desk) -> None:
    first_row(page)
    page.keyboard.type("oslo tb")
    expect(page.locator("#suggestions [role=option]")).to_have_count(1)
    assert options(page) == [f"Oslo TB {desk.skus[1]}"]
    field = page.locator("#cart-0-configurationId")
    assert field.get_attribute("aria-activedescendant") == "suggestion-0"
    page.keyboard.press("Enter")
    expect(field).to_have_value(desk.skus[1])
    expect(page.locator("#cart-0-count")).to_be_focused()
    expect(page.locator("#cart-0-configurationId-error")).to_contain_text("Oslo TB")
    expect(page.locator("#suggestions")).to_have_count(0)
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#cart-1-configurationId")).to_be_focused()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    # What was used last is offered first, before anything is typed.
    page.goto(f"{desk.address}/orders/new")
    page.keyboard.press("Alt+C")
    page.keyboard.press("F4")
    assert options(page)[0] == f"Oslo TB {desk.skus[1]}"


def test_arrows_escape_and_the_mouse(page: Page, desk: Desk) -> None:
    first_row(page)
    page.keyboard.type("oslo")
    shown = options(page)
    assert len(shown) >= 3
    page.keyboard.press("ArrowUp")
    last = page.locator(f"#suggestion-{len(shown) - 1}")
    expect(last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_have_count(0)
    expect(page.locator("#cart-0-configurationId")).to_have_value("oslo")
    page.keyboard.press("F4")
    assert options(page) == shown
    page.locator("#suggestion-1").click()
    expect(page.locator("#cart-0-count")).to_be_focused()
    assert page.input_value("#cart-0-configurationId") in shown[1]


def test_typing_on_selects_the_only_match(page: Page, desk: Desk) -> None:
    desk.org.save("Solitaire lamp", "SOL-LP-01")
    first_row(page)
    page.keyboard.type("solitaire")
    page.keyboard.press("Enter")  # before the answer is here
    page.keyboard.type("9")
    expect(page.locator("#cart-0-configurationId")).to_have_value("SOL-LP-01")
    expect(page.locator("#cart-0-count")).to_have_value("9")
    expect(page.locator("#cart-0-configurationId-error")).to_contain_text("Solitaire lamp")


def test_typing_on_selects_the_only_match_though_an_earlier_answer_is_shown(
    page: Page, desk: Desk
) -> None:
    desk.org.save("Solarium lamp", "SOL-LP-02")
    desk.org.save("Soloist lamp", "SOL-LP-03")
    first_row(page)
    page.keyboard.type("sol")
    expect(page.locator("#suggestions [role=option]").nth(1)).to_be_visible()
    page.keyboard.type("arium")
    page.keyboard.press("Enter")  # the list still answers "sol"
    page.keyboard.type("9")
    expect(page.locator("#cart-0-configurationId")).to_have_value("SOL-LP-02")
    expect(page.locator("#cart-0-count")).to_have_value("9")
    expect(page.locator("#suggestions")).to_have_count(0)


def test_a_text_without_a_match_lists_what_may_be_meant(page: Page, desk: Desk) -> None:
    first_row(page)
    page.keyboard.type("oslo")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    page.get_by_role("button", name=f"Oslo CH {desk.skus[0]}").click()
    expect(page.locator("#cart-0-count")).to_be_focused()
    expect(page.locator("#cart-0-configurationId-error strong")).to_have_text("Oslo CH")


def test_customers_are_remembered(page: Page, desk: Desk) -> None:
    page.fill("#customerId", "REMEMBERED-1")
    page.fill("#name", "Hotel Nord")
    first_row(page)
    page.keyboard.type(desk.skus[0])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    page.goto(f"{desk.address}/orders/new")
    page.focus("#customerId")
    page.keyboard.type("nord")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("Enter")
    expect(page.locator("#customerId")).to_have_value("REMEMBERED-1")
    expect(page.locator("#name")).to_be_focused()


def test_the_same_configuration_twice_can_be_joined(page: Page, desk: Desk) -> None:
    first_row(page)
    for sku, count in ((desk.skus[0], "2"), (desk.skus[1], "1"), (desk.skus[0], "5")):
        for text in (sku, count):
            page.keyboard.type(text)
            page.keyboard.press("Enter")
    page.get_by_role("button", name="Merge lines").click()
    expect(page.locator("#cart-0-count")).to_have_value("7")
    expect(page.locator("#cart-0-count")).to_be_focused()
    expect(page.locator("#totals")).to_have_text("2 lines, 8 items")
    assert page.get_by_role("button", name="Merge lines").count() == 0


def test_a_removed_line_comes_back(page: Page, desk: Desk) -> None:
    first_row(page)
    for sku in desk.skus:
        page.keyboard.type(sku)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    for _ in range(2):
        page.focus("#lines li:nth-child(2) .reference")
        page.keyboard.press("Alt+Delete")
    expect(page.locator("#totals")).to_have_text("1 line, 1 item")
    page.keyboard.press("Alt+Z")
    page.locator("#removed button").click()
    expect(page.locator("#totals")).to_have_text("3 lines, 3 items")
    shown = [page.input_value(f"#lines li:nth-child({at}) .reference") for at in (1, 2, 3)]
    assert shown == list(desk.skus)
    expect(page.locator("#removed")).to_be_hidden()


def test_rows_without_javascript(plain_page: Page, desk: Desk) -> None:
    page = plain_page
    page.fill("#cart-0-configurationId", "oslo lp")
    page.fill("#cart-1-configurationId", desk.skus[2])
    page.fill("#cart-1-count", "4")
    page.click("button[value='details:1']")
    page.fill("#cart-1-metadata", "room: 7")
    page.click("button[value=place]")
    page.get_by_role("button", name=f"Oslo LP {desk.skus[2]}").click()
    page.click("button[value='details:0']")
    page.fill("#cart-0-metadata", "room: 7")
    page.press("#name", "Enter")
    page.get_by_role("button", name="Merge lines").click()
    assert page.input_value("#cart-0-count") == "5"
    page.click("button[value='remove:0']")
    expect(page.locator("#removed")).to_contain_text("Line 1 removed.")
    page.click("button[value=undo]")
    assert page.input_value(".reference >> nth=0") in {desk.short_id, desk.skus[2]}


def test_an_order_is_changed_and_duplicated_by_keyboard(page: Page, desk: Desk) -> None:
    page.fill("#name", "To be changed")
    first_row(page)
    page.keyboard.type(desk.skus[0])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    code = page.url.split("/")[-2]
    page.goto(f"{desk.address}/orders/{code}/edit")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("12")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/orders/{code}")
    expect(page.locator(".cart-lines")).to_contain_text("12")
    page.goto(f"{desk.address}/orders/new?from={code}")
    expect(page.locator("#name")).to_have_value("To be changed")
    expect(page.locator("#cart-0-count")).to_have_value("12")


def test_the_whole_list_is_on_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    page.goto(page.url)
    page.focus("#cart-1-configurationId")
    page.keyboard.type("oslo")
    page.wait_for_selector("#suggestions [role=option]")
    shown = page.locator("#suggestions").bounding_box()
    typed = page.locator("#cart-1-configurationId").bounding_box()
    assert shown is not None
    assert typed is not None
    assert typed["y"] >= 0
    assert shown["y"] + shown["height"] < 601  # pixels are parted
