"""Entering an order in German: the texts of the scripts, and that they fit."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Watch, check, sign_in


@pytest.fixture
def page(chromium: Browser, watch: Watch, desk: Desk) -> Iterator[Page]:
    """A signed-in salesperson's page on a phone that speaks German, on an empty form."""
    context = watch.over(
        chromium.new_context(locale="de-DE", viewport={"width": 390, "height": 844})
    )
    page = context.new_page()
    sign_in(page, desk)
    yield page
    context.close()


def labels(page: Page) -> list[str | None]:
    return [row.get_attribute("aria-label") for row in page.locator("#lines .count input").all()]


def test_lines_are_moved_counted_and_brought_back(page: Page) -> None:
    said = page.locator("#said")
    page.fill("#cart-0-configurationId", CHAIR)
    page.fill("#cart-0-count", "1234")
    expect(page.locator("#totals")).to_have_text("1 Position, 1.234 Stück")
    page.keyboard.press("Alt+ArrowDown")
    expect(said).to_have_text("Auf Position 2 verschoben.")
    page.keyboard.press("Alt+KeyD")
    expect(said).to_have_text("Position dupliziert.")
    assert labels(page) == [f"Anzahl, Position {number}" for number in (1, 2, 3, 4)]
    expect(page.locator("#totals")).to_have_text("2 Positionen, 2.468 Stück")
    expect(page.locator("#draft-state")).to_contain_text("als Entwurf gesichert")
    page.keyboard.press("Alt+Delete")
    expect(page.locator("#removed span")).to_have_text("Position 3 ist entfernt.")
    check(page, "a removed line")
    page.keyboard.press("Alt+KeyZ")
    expect(said).to_have_text("Position 3 ist wieder da.")
    page.fill("#cart-0-count", "x")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#summary h2")).to_contain_text("Felder, um diese Bestellung aufzugeben")
    assert page.title().startswith("Fehler: Neue Bestellung")
    check(page, "errors")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_signed_out_person_gets_a_notice_and_loses_nothing(page: Page) -> None:
    page.fill("#name", "Tischler")
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Sie sind abgemeldet, und nichts ist verloren.")
    link = trouble.get_by_role("link", name="Melden Sie sich in einem anderen Tab an")
    expect(link).to_have_attribute("href", "/sign-in")
    assert page.input_value("#name") == "Tischler"
