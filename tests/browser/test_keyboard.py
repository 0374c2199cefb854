"""The order form by unusual keyboards: AltGr and Option, input methods, barcode scanners."""

from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_entry import references

# Sends a key as a browser does, and tells whether the form has taken it for itself.
PRESS = """(field, key) => {
    field.focus();
    const event = new KeyboardEvent("keydown", {bubbles: true, cancelable: true, ...key});
    return !field.dispatchEvent(event);
}"""
ALT_GR = {"modifierAltGraph": True}
WINDOWS = {"altKey": True, "ctrlKey": True, **ALT_GR}


def lines(page: Page) -> int:
    return page.locator("#lines > .line").count()


@pytest.mark.parametrize("field", ["#name", "#cart-0-configurationId", "#cart-0-count"])
def test_keys_that_type_a_letter_stay_letters(page: Page, field: str) -> None:
    keys = [
        {"key": "ć", "code": "KeyC", "altKey": True},
        {"key": "ç", "code": "KeyC", "altKey": True},
        {"key": "Ç", "code": "KeyC", "altKey": True, "shiftKey": True},
        {"key": "ż", "code": "KeyZ", "altKey": True},
        {"key": "Ω", "code": "KeyZ", "altKey": True},
        {"key": "∂", "code": "KeyD", "altKey": True},
        {"key": "µ", "code": "KeyM", "altKey": True},
        {"key": "ć", "code": "KeyC", **WINDOWS},
        {"key": "ż", "code": "KeyZ", **WINDOWS},
        {"key": "ć", "code": "KeyC", **ALT_GR},
        {"key": "c", "code": "KeyC", **WINDOWS},
        {"key": "d", "code": "KeyD", "altKey": True, "ctrlKey": True},
    ]
    before = lines(page)
    for key in keys:
        assert not page.locator(field).evaluate(PRESS, key), key
        expect(page.locator(field)).to_be_focused()
    assert lines(page) == before


def test_alt_with_a_letter_is_a_shortcut_in_any_layout(page: Page) -> None:
    for key in ("c", "C", "с", "ψ", "ש"):  # noqa: RUF001 - Cyrillic, Greek, Hebrew
        event = {"key": key, "code": "KeyC", "altKey": True}
        assert page.locator("#name").evaluate(PRESS, event), key
        expect(page.locator("#cart-0-configurationId")).to_be_focused()
    # The letter counts, wherever its key is.
    assert page.locator("#name").evaluate(PRESS, {"key": "c", "code": "KeyI", "altKey": True})
    assert not page.locator("#name").evaluate(PRESS, {"key": "j", "code": "KeyC", "altKey": True})


def test_enter_that_confirms_a_composition_moves_nothing(page: Page, desk: Desk) -> None:
    page.fill("#name", "日本")
    for field in ("#name", "#cart-0-configurationId", "#cart-0-count"):
        for composing in ({"isComposing": True}, {"keyCode": 229}):
            for key in ("Enter", "Tab", "ArrowDown"):
                event = {"key": key, "code": key, **composing}
                assert not page.locator(field).evaluate(PRESS, event), (field, event)
                expect(page.locator(field)).to_be_focused()
    page.locator("#cart-0-configurationId").press_sequentially("oslo ch")
    expect(page.locator("#suggestions")).to_be_visible()
    event = {"key": "Enter", "code": "Enter", "keyCode": 229}
    assert not page.locator("#cart-0-configurationId").evaluate(PRESS, event)
    expect(page.locator("#cart-0-configurationId")).to_have_value("oslo ch")


@pytest.mark.parametrize("end", ["Enter", "Tab"])
def test_a_scanner_fills_line_after_line(page: Page, desk: Desk, end: str) -> None:
    scanned = [desk.skus[at % 3] for at in (0, 1, 2, 0, 1, 2, 0)]
    page.focus("#cart-0-configurationId")
    for sku in scanned:
        page.keyboard.type(sku)
        page.keyboard.press(end)
    with suppress(AssertionError):  # the lines say more about what went wrong
        expect(page.locator("#totals")).to_have_text("7 lines, 7 items")
    assert references(page) == scanned
    expect(page.locator("#totals")).to_have_text("7 lines, 7 items")
    expect(page.locator("#lines .count + .product .sku")).to_have_text(scanned)
    expect(page.locator("#lines [aria-invalid]")).to_have_count(0)


def test_a_known_sku_in_a_count_opens_the_next_line(page: Page, desk: Desk) -> None:
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.fill("#cart-0-count", "4")
    page.focus("#cart-0-count")
    page.keyboard.press("Control+a")
    page.keyboard.type(desk.skus[1].lower())
    page.keyboard.press("Enter")
    expect(page.locator("#cart-0-count")).to_have_value("4")
    expect(page.locator("#cart-1-configurationId")).to_have_value(desk.skus[1].lower())
    expect(page.locator("#cart-1-count")).to_be_focused()
    page.keyboard.type("7")
    expect(page.locator("#totals")).to_have_text("2 lines, 11 items")


def test_any_other_text_in_a_count_stays_there_with_its_error(page: Page, desk: Desk) -> None:
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.focus("#cart-0-count")
    for wrong in ("many", "1.5", "2000000", "OSL"):
        page.fill("#cart-0-count", wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#cart-0-count-error")).not_to_be_empty()
        expect(page.locator("#cart-0-count")).to_have_value(wrong)
    assert references(page) == [desk.skus[0]]
