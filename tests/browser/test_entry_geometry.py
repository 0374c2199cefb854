"""The order form as a sheet: what is seen on opening, what has the focus is never covered, keys."""

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.conftest import Desk
from tests.browser.test_order_page import place_order

# What of the element with the focus lies outside the screen or under something else: its corners
# are looked up, and so is its middle. Null for an element that is not the page's main part.
COVERED = """() => {
    const field = document.activeElement;
    if (!field.closest("main")) return null;
    const bar = document.querySelector(".submit");
    const box = field.getBoundingClientRect();
    const sticky = getComputedStyle(bar).position === "sticky" && !bar.contains(field);
    const end = sticky ? bar.getBoundingClientRect().top : innerHeight;
    const points = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2],
                    [box.left + box.width / 2, box.top + box.height / 2]];
    const seen = points.every(([x, y]) => {
        const there = document.elementFromPoint(x, y);
        return there && (field.contains(there) || there.contains(field) || there.closest("label"));
    });
    const isHigh = box.height > 0 && box.top >= 0 && box.bottom <= end;
    const isWide = box.left >= 0 && box.right <= innerWidth;
    const name = field.id || field.outerHTML.slice(0, 80);
    return seen && isHigh && isWide ? "" : `${name} ${box.top} ${box.bottom} ${end}`;
}"""
SCREENS = [(1366, 768), (1440, 900), (1920, 1080)]


def cells(page: Page) -> list[tuple[str, str]]:
    """Read reference and quantity of each line."""
    lines = page.locator("#lines > .line")
    texts: list[tuple[str, str]] = lines.evaluate_all(
        "lines => lines.map(one => [referenceOf(one).value, countOf(one).value])"
    )
    return [(reference, count) for reference, count in texts]


def fill(page: Page, *lines: tuple[str, str]) -> None:
    """Type lines, and go back to the first."""
    page.focus("#cart-0-configurationId")
    for line in lines:
        for text in line:
            page.keyboard.type(text)
            page.keyboard.press("Enter")
    page.focus("#cart-0-configurationId")


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_first_lines_are_seen_on_opening(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.reload()
    expect(page.locator("#customerId")).to_be_focused()
    end = page.evaluate("document.querySelector('.submit').getBoundingClientRect().top")
    third = page.locator("#lines > .line").nth(2).bounding_box()
    assert third is not None
    assert third["y"] + third["height"] < end <= height
    # The bar ends the screen, and the page is as wide as it, up to 1920 px.
    assert page.evaluate("document.querySelector('main').offsetWidth") == width
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize(("width", "height", "most"), [(1366, 768, 3), (390, 844, 1)])
def test_a_known_customer_does_not_push_the_cart_away(
    page: Page, desk: Desk, width: int, height: int, most: int
) -> None:
    customer = f"SIX-PRODUCTS-{width}"
    with desk.org.app.app_context():
        names = [f"Birch wardrobe with {word} drawers" for word in ("two", "three", "four")]
        cards = [desk.org.save(name, f"{customer}-{n}") for n, name in enumerate([*names, *names])]
    for status in ("New", "New", "In Cart"):
        cart = [{"configurationId": card.id, "count": 14} for card in cards]
        metadata = {"finish": "matt", "gift": False}
        place_order(desk, customerId=customer, status=status, cart=cart, metadata=metadata)
    page.set_viewport_size({"width": width, "height": height})
    page.reload()
    page.keyboard.type(customer)
    page.keyboard.press("Tab")
    expect(page.locator(".usual-lines button")).to_have_count(6)
    expect(page.locator(".usual-values button")).to_be_visible()
    end = page.evaluate("document.querySelector('.submit').getBoundingClientRect().top")
    line = page.locator("#lines > .line").nth(most - 1).bounding_box()
    assert line is not None
    assert line["y"] + line["height"] < end
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Nothing is said of a box that is usually not ticked, or of no lines.
    expect(page.locator(".usual-values")).not_to_contain_text("No")
    expect(page.locator(".read-back")).to_have_text(f"{customer}, matt. No lines yet")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 700)])
def test_what_has_the_focus_is_never_covered(
    page: Page, desk: Desk, width: int, height: int
) -> None:
    cart = [{"configurationId": desk.short_id, "count": n + 1} for n in range(40)]
    code = place_order(desk, cart=cart)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{desk.address}/orders/{code}/edit")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()

    def press(key: str, most: int) -> Iterator[str]:
        for _ in range(most):
            page.keyboard.press(key)
            found = page.evaluate(COVERED)
            if found is None:
                return
            yield found

    covered = [*press("ArrowDown", 39), *press("Enter", 2), *press("ArrowUp", 40)]
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    expect(page.locator("#lines > .line")).to_have_count(41)
    # To the end of the page, and back to its beginning, with everything that is folded opened.
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    page.focus("#customerId")
    forth, back = list(press("Tab", 200)), list(press("Shift+Tab", 200))
    assert 100 < len(forth) < len(back) < 200
    assert [one for one in (*covered, *forth, *back) if one] == []


def test_arrows_move_between_cells_and_typing_replaces(page: Page, desk: Desk) -> None:
    first, second = desk.skus[:2]
    fill(page, (first, "12"), (second, "3"))
    press, cell = page.keyboard.press, "#cart-{}-{}"
    press("ArrowDown")
    expect(page.locator(cell.format(1, "configurationId"))).to_be_focused()
    press("ArrowRight")  # all of it is selected
    expect(page.locator(cell.format(1, "count"))).to_be_focused()
    press("ArrowUp")
    page.keyboard.type("40")
    assert cells(page)[:2] == [(first, "40"), (second, "3")]
    press("ArrowLeft")
    press("ArrowLeft")
    expect(page.locator(cell.format(0, "count"))).to_be_focused()  # the caret was in the text
    press("ArrowLeft")
    expect(page.locator(cell.format(0, "configurationId"))).to_be_focused()
    press("F2")
    page.keyboard.type("X")
    press("Backspace")
    assert cells(page)[0] == (first, "40")
    press("ArrowLeft")
    press("ArrowRight")
    expect(page.locator(cell.format(0, "configurationId"))).to_be_focused()
    press("ArrowRight")
    expect(page.locator(cell.format(0, "count"))).to_be_focused()
    # The buttons of a row are not between its cells and the next row's.
    press("Tab")
    expect(page.locator(cell.format(1, "configurationId"))).to_be_focused()


def test_arrows_stay_in_open_suggestions(page: Page) -> None:
    page.focus("#cart-0-configurationId")
    page.keyboard.type("oslo")
    expect(page.locator("#suggestion-1")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#suggestion-1")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cart-1-configurationId")).to_be_focused()


def test_a_cell_is_copied_down_and_cleared_with_undo(page: Page, desk: Desk) -> None:
    first, second = desk.skus[:2]
    fill(page, (first, "12"), (second, "3"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+d")
    expect(page.locator("#cart-1-configurationId-error")).to_contain_text("Oslo CH")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+d")
    assert cells(page)[1] == (first, "12")
    page.keyboard.press("Delete")
    assert cells(page)[1] == (first, "")
    expect(page.locator("#removed")).to_contain_text("Line 2 cleared.")
    page.keyboard.press("Delete")  # an empty cell clears its line
    assert cells(page)[1] == ("", "1")
    expect(page.locator("#cart-1-configurationId-error .what")).to_have_count(0)
    page.keyboard.press("Alt+z")
    page.keyboard.press("Alt+z")
    assert cells(page)[1] == (first, "12")
    expect(page.locator("#cart-1-configurationId-error")).to_contain_text("Oslo CH")
    expect(page.locator("#removed")).to_be_hidden()
    page.keyboard.press("Alt+Delete")
    assert cells(page)[:2] == [(first, "12"), ("", "1")]
    page.keyboard.press("Alt+z")
    expect(page.locator("#totals")).to_have_text("2 lines, 24 items")


def test_a_slow_check_of_an_earlier_value_is_replaced(page: Page, desk: Desk) -> None:
    held: list[Route] = []
    is_slow = True

    def hold(route: Route) -> None:
        if is_slow:
            held.append(route)
        else:
            route.continue_()

    page.route("**/orders/new/check?*", hold)
    for sku in desk.skus:
        with page.expect_request("**/orders/new/check?*"):
            page.eval_on_selector(
                "#cart-0-configurationId",
                "(field, text) => { field.value = text;"
                " field.dispatchEvent(new Event('change', { bubbles: true })); }",
                sku,
            )
    is_slow = False
    for route in held:
        with contextlib.suppress(Error):  # the page has given it up
            route.continue_()
    expect(page.locator("#cart-0-configurationId-error")).to_contain_text(desk.skus[-1])


def test_f8_goes_from_problem_to_problem(page: Page, desk: Desk) -> None:
    page.keyboard.press("F8")
    expect(page.locator("#said")).to_have_text("No problems.")
    page.focus("#cart-0-configurationId")
    for line in (("NO-SUCH-SKU", "1"), (desk.skus[0], "many")):
        for text in line:
            page.keyboard.type(text)
            page.keyboard.press("Enter")
    page.evaluate("document.querySelector('#metadata-note-error').dataset.doubtful = ''")
    expect(page.locator("#lines [aria-invalid]")).to_have_count(2)
    page.focus("#customerId")
    wrong = ("#cart-0-configurationId", "#cart-1-count", "#metadata-note")
    for field in (*wrong, wrong[0]):
        page.keyboard.press("F8")
        expect(page.locator(field)).to_be_focused()
    for field in (wrong[2], wrong[1]):
        page.keyboard.press("Shift+F8")
        expect(page.locator(field)).to_be_focused()
    expect(page.locator("#said")).to_have_text("Problem 2 of 3.")


def test_a_product_offered_elsewhere_fills_the_first_blank_line(page: Page, desk: Desk) -> None:
    page.fill("#cart-0-configurationId", desk.skus[0])
    for sku, count in ((desk.skus[1], 4), (desk.skus[2], 2), (desk.skus[0], 9)):
        page.evaluate(
            "detail => document.dispatchEvent(new CustomEvent('order:add-line', {detail}))",
            {"reference": sku, "count": count},
        )
    expect(page.locator("#lines .what")).to_have_count(4)
    skus = [*desk.skus, desk.skus[0]]
    assert cells(page) == list(zip(skus, ["1", "4", "2", "9"], strict=True))
    expect(page.locator("#cart-3-count")).to_be_focused()


def test_a_phone_folds_the_details_until_they_are_needed(page: Page, desk: Desk) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    page.reload()
    expect(page.locator("#metadata-finish")).to_be_hidden()
    page.fill("#customerId", "ON-THE-PHONE")
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.keyboard.press("Control+Enter")
    expect(page.locator("#metadata-finish")).to_be_focused()  # it is required
    page.keyboard.type("Matt")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    expect(page.locator(".spoken li")).to_have_count(3)
    page.keyboard.press("a")  # another for this customer
    page.wait_for_url("**/orders/new?form=*customer=ON-THE-PHONE*")
    expect(page.locator("#customerId")).to_have_value("ON-THE-PHONE")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    page.set_viewport_size({"width": 1366, "height": 700})
    expect(page.locator("#metadata-finish")).to_be_visible()
