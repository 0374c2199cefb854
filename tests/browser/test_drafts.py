"""Input survives its browser: after a kill, the order is offered again, complete."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from sqlalchemy import delete

from orders.storage import database, tables
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Desk, Watch, sign_in


@pytest.fixture(autouse=True)
def no_other_drafts(desk: Desk) -> None:
    """Other tests leave drafts."""
    with desk.org.app.app_context():
        database.write(lambda connection: connection.execute(delete(tables.draft)).rowcount)


@contextlib.contextmanager
def chromium_to_kill(
    driver: Playwright, folder: Path
) -> Iterator[tuple[Browser, subprocess.Popen[str]]]:
    """Start Chromium as a process of our own, so that it can be killed as a crash would do."""
    process = subprocess.Popen(
        [CHROMIUM, *ARGUMENTS, "--headless=new", "--remote-debugging-port=0",
         f"--user-data-dir={folder}", "about:blank"],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                yield driver.chromium.connect_over_cdp(found[1]), process
                return
    finally:
        crash(process)
        process.stderr.close()


def crash(process: subprocess.Popen[str]) -> None:
    """Kill Chromium with all of its processes: what was started may be a script around it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_browser_loses_nothing(
    driver: Playwright, page: Page, desk: Desk, tmp_path: Path
) -> None:
    with chromium_to_kill(driver, tmp_path) as (browser, process):
        crashing = browser.new_context().new_page()
        sign_in(crashing, desk)
        crashing.fill("#name", "Before the crash")
        crashing.select_option("#metadata-finish", "gloss")
        crashing.fill("#metadata-note", "Ring twice")
        crashing.check("#metadata-gift")
        for row, sku in enumerate(desk.skus):
            crashing.fill(f"#cart-{row}-configurationId", sku)
            crashing.fill(f"#cart-{row}-count", str(row + 7))
        crashing.focus("#cart-1-configurationId")
        crashing.keyboard.press("Alt+M")
        crashing.keyboard.type("Engraving: For Anna")
        expect(crashing.locator("#draft-state")).to_contain_text(":")
        # The save that follows the last key, not one that happened to be on its way.
        crashing.wait_for_timeout(1_500)
        crash(process)

    page.goto(f"{desk.address}/orders/new")
    page.click(".drafts summary")
    page.get_by_role("link", name="Before the crash").click()
    expect(page.locator("#name")).to_have_value("Before the crash")
    expect(page.locator("#metadata-finish")).to_have_value("gloss")
    expect(page.locator("#metadata-note")).to_have_value("Ring twice")
    expect(page.locator("#metadata-gift")).to_be_checked()
    for row, sku in enumerate(desk.skus):
        expect(page.locator(f"#cart-{row}-configurationId")).to_have_value(sku)
        expect(page.locator(f"#cart-{row}-count")).to_have_value(str(row + 7))
    expect(page.locator("#cart-1-metadata")).to_have_value("Engraving: For Anna")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    page.goto(f"{desk.address}/orders/new")
    assert page.locator(".drafts a").filter(has_text="Before the crash").count() == 0


def test_leaving_at_once_keeps_the_last_key(page: Page, desk: Desk) -> None:
    page.fill("#customerId", "Left at once")
    page.goto(f"{desk.address}/orders")
    # The browser sends it while the next page loads.
    for _ in range(50):
        page.goto(f"{desk.address}/orders/new")
        if page.locator(".drafts a").filter(has_text="Left at once").count():
            break
        time.sleep(0.1)
    page.click(".drafts summary")
    expect(page.get_by_role("link", name="Left at once")).to_be_visible()
    page.get_by_role("button", name="Discard draft Left at once").click()
    page.get_by_role("link", name="Restore draft").click()
    expect(page.locator("#customerId")).to_have_value("Left at once")


def test_a_second_window_gets_a_notice_and_overwrites_nothing(page: Page, desk: Desk) -> None:
    page.fill("#name", "In two windows")
    page.fill("#cart-0-configurationId", desk.skus[0])
    expect(page.locator("#draft-state")).to_contain_text(":")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#name")).to_have_value("In two windows")
    other.fill("#customerId", "FROM-THE-OTHER")
    expect(other.locator("#draft-state")).to_contain_text(":")
    page.fill("#customerId", "FROM-THE-FIRST")
    expect(page.locator("#draft-state")).to_contain_text("changed in another window")
    other.reload()
    expect(other.locator("#customerId")).to_have_value("FROM-THE-OTHER")


def test_an_unavailable_server_is_tried_again(page: Page, desk: Desk, watch: Watch) -> None:
    page.route("**/orders/new/draft*", lambda route: route.abort())
    page.fill("#customerId", "While it was away")
    expect(page.locator("#draft-state")).to_contain_text("Draft not saved yet. Trying again")
    page.unroute("**/orders/new/draft*")
    expect(page.locator("#draft-state")).to_contain_text(":", timeout=15_000)


def new_order(page: Page, desk: Desk, name: str) -> str:
    """Place an order; return the address of its page."""
    page.fill("#name", name)
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    return page.url.removesuffix("/placed")


def test_a_browser_killed_in_the_middle_of_a_change_loses_nothing(
    driver: Playwright, page: Page, desk: Desk, tmp_path: Path
) -> None:
    order = new_order(page, desk, "Before the change")
    with chromium_to_kill(driver, tmp_path) as (browser, process):
        crashing = browser.new_context().new_page()
        sign_in(crashing, desk)
        crashing.goto(f"{order}/edit")
        crashing.fill("#name", "Typed before the crash")
        crashing.check("#metadata-gift")
        crashing.fill("#cart-0-count", "12")
        crashing.get_by_role("button", name="Add line").click()
        crashing.locator(".line .reference").last.fill(desk.skus[1])
        crashing.focus("#cart-0-configurationId")
        crashing.keyboard.press("Alt+M")
        crashing.keyboard.type("Engraving: For Anna")
        expect(crashing.locator("#draft-state")).to_contain_text(":")
        crashing.wait_for_timeout(1_500)  # the save that follows the last key, as above
        crash(process)

    # Meanwhile the customer is set by another way.
    page.goto(f"{order}/edit")
    expect(page.locator("#name")).to_have_value("Before the change")
    page.fill("#customerId", "C-MEANWHILE")
    expect(page.locator("#draft-state")).to_contain_text(
        "Draft not saved: you changed or closed this order in another window. "
        "Save here, or open the order again"
    )
    page.keyboard.press("Control+Enter")
    page.wait_for_url(order)

    expect(page.get_by_text("You have unsaved changes from")).to_be_visible()
    page.get_by_role("link", name="Continue editing").click()
    expect(page.locator("#name")).to_have_value("Typed before the crash")
    expect(page.locator("#customerId")).to_have_value("")
    expect(page.locator("#metadata-gift")).to_be_checked()
    expect(page.locator("#cart-0-count")).to_have_value("12")
    expect(page.locator("#cart-0-metadata")).to_have_value("Engraving: For Anna")
    expect(page.locator(".line .reference").nth(1)).to_have_value(desk.skus[1])
    page.fill("#name", "Carried on")
    expect(page.locator("#draft-state")).to_contain_text(":")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(order)
    expect(page.get_by_text("Saved and merged with changes by others")).to_be_visible()
    expect(page.locator(".subtitle")).to_contain_text("Carried on")
    expect(page.get_by_text("C-MEANWHILE").first).to_be_visible()
    page.reload()
    assert page.get_by_text("You have unsaved changes from").count() == 0


def test_a_change_can_be_discarded_and_is_no_new_order(page: Page, desk: Desk) -> None:
    order = new_order(page, desk, "Not to be changed")
    page.goto(f"{order}/edit")
    page.fill("#name", "Thought better of")
    expect(page.locator("#draft-state")).to_contain_text(":")
    page.goto(f"{desk.address}/orders/new")
    assert page.locator(".drafts a").filter(has_text="Thought better of").count() == 0
    page.goto(f"{order}/edit")
    page.get_by_role("link", name="Continue editing").click()
    page.fill("#name", "Thought better of it")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("This is the saved order.")).to_be_visible()
    expect(page.locator("#name")).to_have_value("Not to be changed")
    page.goto(order)
    assert page.get_by_text("You have unsaved changes from").count() == 0


def test_a_signed_out_person_does_not_see_that_it_is_saved(page: Page, desk: Desk) -> None:
    expect(page.locator("#draft-state")).to_be_hidden()
    page.context.clear_cookies()
    page.fill("#name", "While signed out")
    expect(page.locator("#draft-state")).to_contain_text("Draft not saved yet. Trying again")
