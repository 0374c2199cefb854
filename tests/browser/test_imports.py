"""A complete import in a browser: by keyboard, without JavaScript, and accessible."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, sign_in
from tests.sheets import csv_of, xlsx_of

HEADS = ("Bestellung", "Titel", "Artikel", "Menge", "Finish")
# Thousands of orders are each on the disk before the next.
LONG = 240_000  # milliseconds


def go_on(page: Page) -> None:
    """Go from a page that is being worked on to the next, without JavaScript."""
    for _ in range(200):
        if "ready to import" in page.title() or ": done" in page.title():
            return
        page.wait_for_timeout(200)
        page.get_by_role("link", name="Reload").click()
    raise AssertionError(page.title())


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.soak)])
def test_thousands_of_rows(page: Page, desk: Desk, tmp_path: Path, count: int) -> None:
    file = tmp_path / "many.csv"
    good = f"{count // 2 - 1:,}"
    rows = [(n // 2, f"Import {n // 2}", CHAIR, n % 9 + 1, "Matt") for n in range(count - 2)]
    bad = [("last", "Bad", CHAIR, "many", "Matt"), ("last", "Bad", "NOPE", 1, "")]
    file.write_text(csv_of(HEADS, *rows, *bad, delimiter=";"), encoding="utf-8")
    page.goto(f"{desk.address}/orders/import")
    expect(page.locator("#file")).to_be_focused()
    page.set_input_files("#file", file)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/columns")
    assert page.locator("select").evaluate_all("all => all.map(one => one.value)") == [
        "order", "name", "sku", "count", "metadata.finish", "0",
    ]  # fmt: skip
    page.get_by_role("button", name="Check orders").press("Enter")
    expect(page.locator("h1")).to_have_text("Ready to import many.csv", timeout=LONG)
    expect(page.locator(".tally li")).to_have_text([f"{good} orders ready", "1 with errors"])
    assert page.locator(".faults").first.inner_text().splitlines()[0] == (
        f"Row {count}, Menge: A whole number from 1 to 1,000,000."
    )
    expect(page.locator("#mode-skip")).to_be_checked()
    expect(page.get_by_role("button", name=f"Import {good} orders")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Importing many.csv")
    address = page.url
    expect(page.locator(".figures")).to_have_text(
        re.compile(f"[1-9][0-9,]* of {good} orders created"), timeout=LONG
    )
    # Whoever closes the page finds it again.
    page.goto(f"{desk.address}/orders/import")
    page.get_by_role("link", name="many.csv").click()
    page.wait_for_url(address)
    expect(page.locator(".notice")).to_contain_text(f"{good} orders created.", timeout=LONG)
    expect(page.locator(".tally li")).to_have_text([f"{good} created", "1 with errors"])
    page.locator("a.code").first.click()
    expect(page.locator("body")).to_contain_text("Import 0")


def test_without_javascript(plain_page: Page, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "plain.xlsx"
    file.write_bytes(xlsx_of(HEADS, *((n, f"Plain {n}", CHAIR, 2, "Gloss") for n in range(30))))
    page = plain_page
    page.goto(f"{desk.address}/orders/import")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check orders").click()
    go_on(page)
    page.get_by_role("button", name="Import 30 orders").click()
    go_on(page)
    assert "30 orders created." in page.locator(".notice").inner_text()


def look_at_progress(screen: Screen, button: str) -> None:
    """Begin the import, and look at it while it cannot go on to the next page."""
    page = screen.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.resource_type in {"fetch", "xhr"}:  # how it asks for what comes next
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/orders/import/"), hold)
    page.click(button)
    page.wait_for_load_state()
    if page.locator("progress").count():
        screen.check("progress")
    for route in held:
        route.continue_()
    page.unroute_all()


def test_every_page_is_accessible(screen: Screen, desk: Desk, tmp_path: Path) -> None:
    page = screen.page
    sign_in(page, desk)
    name = f"a-rather-long-name-of-a-file-{screen.name}.csv"
    rows = [(n, f"{screen.name} {n}", CHAIR, 1, "Matt") for n in range(30)]
    bad = ("x" * 90, "y" * 300, "NOPE" * 20, "many", "shiny")
    file = tmp_path / name
    file.write_bytes(csv_of(HEADS, bad, *rows).encode() + "ü,ü,,,\n".encode("cp1252"))
    page.goto(f"{desk.address}/orders/import")
    screen.check("upload")
    page.set_input_files("#file", {"name": "empty.csv", "mimeType": "text/csv", "buffer": b" "})
    screen.button("Upload").click()
    expect(page.locator("#file-error")).to_contain_text(screen.say("This file is empty."))
    screen.check("upload, refused")
    page.set_input_files("#file", file)
    screen.button("Upload").click()
    page.wait_for_url("**/columns")
    screen.check("columns")
    page.select_option("#column-0", "count")
    screen.button("Check orders").click()
    expect(page.locator("#summary")).to_be_focused()
    screen.check("columns, refused")
    page.select_option("#column-0", "order")
    screen.button("Check orders").click()
    page.wait_for_selector("#mode-skip")
    screen.check("preview")
    page.check("#mode-all")
    page.click("form:has(#mode-all) button[type=submit]")
    expect(page.locator("#summary")).to_be_focused()
    screen.check("preview, refused")
    page.check("#mode-skip")
    look_at_progress(screen, "form:has(#mode-skip) button[type=submit]")
    expect(page.locator("a.code").first).to_be_visible()
    screen.check("result")
    page.goto(f"{desk.address}/orders/import")
    screen.check("list")
