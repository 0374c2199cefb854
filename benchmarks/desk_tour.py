"""Measure keystrokes and response times of a day's work at the desk, in a real browser.

Run by `make desk-figures`. The database contains 100,000 orders and 5,000 configurations. For each
task the keystrokes are printed and, as median and 95th percentile, the time until the browser got
the first byte of each response, and the time by the server's own log, because the browser renders
on the same processors. `--record` writes the keystrokes to a file.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from benchmarks.desk_data import Stock, filled
from benchmarks.desk_keys import FORM, Desk, Task, copy, figures
from benchmarks.five_orders import FiveOrders
from benchmarks.product import SCRATCH
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.processes.server import typed

TIMEOUT = 240_000  # milliseconds
LINES = 10
MORE = 4  # further orders with LINES lines
PASTED = 500
IMPORTED = 5_000
CHANGED = 5


def enter_lines(desk: Desk, stock: Stock) -> str:
    """Enter an order line by line and return its code."""
    with desk.task(f"an order of {LINES} lines with attributes", "line", LINES):
        return _enter(desk, stock, "Hotel Nord, lobby", 0)


def enter_more(desk: Desk, stock: Stock) -> None:
    """Enter more such orders, because one has too few responses for a percentile."""
    with desk.task(f"{MORE} more of them", "line", MORE * LINES):
        for number in range(1, MORE + 1):
            desk.press("Enter")  # "New order" has the focus
            _enter(desk, stock, f"Pension West, room {number}", number)


def _enter(desk: Desk, stock: Stock, name: str, number: int) -> str:
    page = desk.page
    page.wait_for_selector("#customerId:focus")
    desk.type("C-7")
    desk.suggestions()
    desk.press("Enter")
    page.wait_for_selector("#metadata-po:focus")
    desk.press("Enter")
    page.wait_for_selector("#name:focus")
    desk.type(name)
    desk.press("Enter")
    for at in range(LINES):
        desk.type(stock.skus[(number * LINES + at) * 97 % len(stock.skus)][-4:])
        desk.suggestions()
        desk.press("Enter")
        desk.type(str(at + 1))
        desk.press("Enter")
    choose_attributes(desk)
    desk.tab_to(page.locator("#metadata-note"))
    desk.type("Ring twice")
    desk.press("Control+Enter")
    return desk.code()


def choose_attributes(desk: Desk) -> None:
    """Choose finish, delivery, and country, which an order must have."""
    desk.tab_to(desk.page.locator("#metadata-finish"))
    desk.type("m")
    desk.press("Tab")
    desk.type("i")
    desk.press("Tab")
    desk.type("a")


def paste_lines(desk: Desk, stock: Stock) -> None:
    """Paste two columns of a spreadsheet."""
    page = desk.page
    with desk.task(f"an order of {PASTED} pasted lines", "line", PASTED):
        desk.press("Enter")  # "New order" has the focus
        page.wait_for_selector("#customerId:focus")
        desk.tab_to(page.locator("#name"))
        desk.type("From a spreadsheet")
        copy(page, "\n".join(f"{sku}\t3" for sku in stock.skus[:PASTED]))
        desk.press("Alt+c", "Control+v")
        page.locator("#lines > li").nth(PASTED - 1).wait_for()
        choose_attributes(desk)
        desk.press("Control+Enter")
        desk.code()


def find_and_duplicate(desk: Desk, stock: Stock, code: str) -> None:
    """Find the first order and enter a copy of it."""
    page = desk.page
    with desk.task("find an order by a part of its customer's name"):
        look_for(desk, "hotel nor")
        page.wait_for_selector(f"a.code[href$='{code}']")
        desk.press("ArrowDown", "Enter")
        page.wait_for_url(f"**/orders/{code}")
    with desk.task("duplicate it and change a line"):
        desk.go_by(page.get_by_role("link", name="Copy order"))
        page.wait_for_url("**/orders/new?**")
        page.wait_for_selector("#cart-0-configurationId:focus")
        page.keyboard.press("Control+a")
        desk.type(stock.skus[7][-4:])
        desk.suggestions()
        desk.press("Enter")
        desk.type("25")
        desk.press("Control+Enter")
        desk.code()


def change_many(desk: Desk, stock: Stock) -> None:
    """Change the status of several orders at once, and undo it."""
    page = desk.page
    with desk.task(f"{CHANGED} statuses changed at once, and undone"):
        look_for(desk, stock.word)
        page.locator("a.code").nth(CHANGED - 1).wait_for()
        desk.press("ArrowDown", "x")
        for _ in range(CHANGED - 1):
            desk.press("j", "x")
        desk.press("s")
        desk.type("C")
        desk.go_by(page.locator("button[value=status]"))
        page.wait_for_selector("#report:has-text('set to Complete')")
        desk.go_by(page.locator(".undo"))
        page.wait_for_selector("#report:has-text('Undone')")


def import_file(desk: Desk, stock: Stock, folder: Path) -> None:
    """Import a file and wait until it is finished."""
    page = desk.page
    with desk.task(f"import {IMPORTED:,} rows", "row", IMPORTED):
        desk.go_by(page.locator(".bar nav a", has_text="Orders"), "Shift+Tab")
        page.wait_for_url("**/orders")
        desk.go_by(page.get_by_role("link", name="Import", exact=True))
        page.wait_for_url("**/orders/import")
        page.wait_for_selector("#file:focus")
        file = folder / "orders.csv"
        file.write_text(stock.as_csv(IMPORTED), "utf-8")
        # The file dialog belongs to the operating system and is not measured.
        page.set_input_files("#file", file)
        desk.go_by(page.get_by_role("button", name="Upload"))
        page.wait_for_url("**/columns")
        desk.go_by(page.get_by_role("button", name="Check orders"))
        page.wait_for_selector("h1:has-text('Ready to import')", timeout=TIMEOUT)
        desk.press("Enter")  # "Import … orders" has the focus
        page.wait_for_selector(".notice:has-text('created')", timeout=TIMEOUT)


def export(desk: Desk, stock: Stock) -> None:
    """Export the result of a search."""
    page = desk.page
    with desk.task("export what is filtered"):
        look_for(desk, stock.word)
        desk.go_by(page.locator("summary", has_text="Export"))
        with page.expect_download() as loading:
            desk.go_by(page.get_by_role("link", name="CSV", exact=True))
        if loading.value.path().stat().st_size < 1_000:
            raise AssertionError("the export is empty")


def look_for(desk: Desk, text: str) -> None:
    """Search in the list of orders."""
    # From within a page, Shift+Tab is the shorter way to the navigation.
    desk.go_by(desk.page.locator(".bar nav a", has_text="Orders"), "Shift+Tab")
    desk.page.wait_for_url("**/orders")
    desk.press("/")
    desk.type(text)
    desk.page.wait_for_url("**q=*")


def report(tasks: list[Task]) -> None:
    """Print the measurements."""
    print(f"{'':61} {'---- waited for ----':>34} {'------- served ------':>26}")
    counted = f"{'answers':>8} {'median':>8} {'p95':>8}"
    print(f"{'':52} {'strokes':>7} {'each':>8} {counted} {counted}")
    for task in tasks:
        each = f"{len(task.strokes) / task.units:.2f}" if task.units else ""
        print(f"{task.name:52} {len(task.strokes):7} {each:>8} {_both(task.answers, task.served)}")
    waited = [answer for task in tasks for answer in task.answers]
    served = [answer for task in tasks for answer in task.served]
    in_form = [
        [one for one in every if any(part in one[0] for part in FORM)] for every in (waited, served)
    ]
    print(f"{'in the form':52} {'':7} {'':8} {_both(*in_form)}")
    print("\nmilliseconds by address:")
    for kind in sorted({_kind(path) for path, _ in waited}):
        own = [[one for one in every if _kind(one[0]) == kind] for every in (waited, served)]
        print(f"{kind:69} {_both(*own)}")


def _both(waited: list[tuple[str, float]], served: list[tuple[str, float]]) -> str:
    return f"{figures([ms for _, ms in waited])} {figures([ms for _, ms in served])}"


def _kind(path: str) -> str:
    """Return a path without codes and IDs."""
    parts = path.split("/")
    return "/".join("…" if any(c.isdigit() for c in part) else part for part in parts)


def main() -> None:
    """Create the data, run all tasks and print the measurements."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk_tour", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--configurations", type=int, default=5_000)
    parser.add_argument("--five", action="store_true", help="only the five orders with goals")
    parser.add_argument("--record", type=Path, help="file for the keystrokes")
    given = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        stock = filled(folder, given.orders, given.configurations)
        with typed(folder, ACCESS_LOG="1") as server, sync_playwright() as playwright:
            desk = Desk(signed_in(playwright, server.address, stock), server)
            missed = FiveOrders(desk, stock, folder / "shortorder.sqlite3").run()
            if not given.five:
                work_a_day(desk, stock, folder)
            desk.page.close()
    if given.record:
        lines = [f"{task.name}: {' '.join(task.strokes)}" for task in desk.tasks]
        given.record.write_text("\n".join(lines) + "\n", "utf-8")
    if missed:
        sys.exit(1)


def signed_in(playwright: Playwright, address: str, stock: Stock) -> Page:
    """Return a page with an empty form, as the salesperson of the org."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{address}/sign-in?next=/orders/new")
    page.fill("#email", stock.email)
    page.fill("#password", stock.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/new?form=*")
    return page


def work_a_day(desk: Desk, stock: Stock, folder: Path) -> None:
    """Run all other tasks, and print their measurements."""
    before = len(desk.tasks)
    desk.page.goto(f"{desk.address}/orders/new")
    code = enter_lines(desk, stock)
    enter_more(desk, stock)
    paste_lines(desk, stock)
    find_and_duplicate(desk, stock, code)
    change_many(desk, stock)
    import_file(desk, stock, folder)
    export(desk, stock)
    print()
    report(desk.tasks[before:])


if __name__ == "__main__":
    main()
