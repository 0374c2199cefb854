"""What is typed outlives its browser: killed in the middle, the order is offered again complete."""

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM, Desk, Watch, sign_in


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
        process.kill()
        process.wait()
        process.stderr.close()


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
        expect(crashing.locator("#draft-state")).to_contain_text("Kept as a draft at")
        # The save that follows the last key, not one that happened to be on its way.
        crashing.wait_for_timeout(1_500)
        process.send_signal(signal.SIGKILL)
        process.wait()

    page.goto(f"{desk.address}/orders/new")
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
    assert page.get_by_role("link", name="Before the crash").count() == 0


def test_leaving_at_once_keeps_the_last_key(page: Page, desk: Desk) -> None:
    page.fill("#name", "Left at once")
    page.goto(f"{desk.address}/orders")
    # The browser sends it while the next page loads.
    for _ in range(50):
        page.goto(f"{desk.address}/orders/new")
        if page.get_by_role("link", name="Left at once").count():
            break
        time.sleep(0.1)
    expect(page.get_by_role("link", name="Left at once")).to_be_visible()
    page.get_by_role("button", name="Discard the draft Left at once").click()
    page.get_by_role("link", name="Open it again").click()
    expect(page.locator("#name")).to_have_value("Left at once")


def test_a_second_window_is_told_and_overwrites_nothing(page: Page, desk: Desk) -> None:
    page.fill("#name", "In two windows")
    expect(page.locator("#draft-state")).to_contain_text("Kept as a draft at")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#name")).to_have_value("In two windows")
    other.fill("#customerId", "FROM-THE-OTHER")
    expect(other.locator("#draft-state")).to_contain_text("Kept as a draft at")
    page.fill("#customerId", "FROM-THE-FIRST")
    expect(page.locator("#draft-state")).to_contain_text("changed in another window")
    other.reload()
    expect(other.locator("#customerId")).to_have_value("FROM-THE-OTHER")


def test_a_server_that_is_away_for_a_while_is_asked_again(
    page: Page, desk: Desk, watch: Watch
) -> None:
    page.route("**/orders/new/draft*", lambda route: route.abort())
    page.fill("#name", "While it was away")
    expect(page.locator("#draft-state")).to_contain_text("Not kept as a draft yet")
    page.unroute("**/orders/new/draft*")
    expect(page.locator("#draft-state")).to_contain_text("Kept as a draft at", timeout=15_000)
