"""A day's work at the desk by keyboard alone, in a real browser: keystrokes and times.

Run by `make desk-figures`. The desk holds 100,000 orders and 5,000 configurations. What is printed
are the keystrokes of each piece of work and, as median and 95th percentile, how long the browser
waited for the first byte of each answer, and how long the server took by its own log: the browser
draws on the same processors meanwhile. The keystrokes are recorded as they are pressed, and
written to a file with `--record`.
"""

import argparse
import re
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, sync_playwright

from benchmarks.desk_data import Stock, filled
from benchmarks.product import SCRATCH
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.processes.server import Server, running

PATIENCE = 240_000  # milliseconds
LINES = 10
MORE = 4  # orders of as many lines
PASTED = 500
IMPORTED = 5_000
CHANGED = 5
MOST_TABS = 80  # nothing that a person needs is further away
FORM = ("/orders/new", "/edit")
NOT_COUNTED = ("/static", "/configurations/", "/texts")
# A line of the server's log: method and path, status, milliseconds.
_LOGGED = re.compile(r'"[A-Z]+ (/[^"]*)" [0-9]{3} ([0-9.]+) ms')


@dataclass
class Work:
    """A piece of work: what was pressed, and the milliseconds of each answer by its path.

    `answers` are what the browser waited, `served` what the server took.
    """

    name: str
    unit: str = ""
    units: int = 0
    strokes: list[str] = field(default_factory=list)
    answers: list[tuple[str, float]] = field(default_factory=list)
    served: list[tuple[str, float]] = field(default_factory=list)


class Desk:
    """A person at the desk who has a keyboard and nothing else."""

    def __init__(self, page: Page, server: Server) -> None:
        """Watch the page's answers from now on."""
        self.page, self.address, self._log = page, server.address, server.log
        self.works: list[Work] = []
        page.on("requestfinished", self._note)

    def _note(self, request: Request) -> None:
        path = request.url.removeprefix(self.address).partition("?")[0]
        if self.works and not path.startswith(NOT_COUNTED):
            timing = request.timing
            self.works[-1].answers.append((path, timing["responseStart"] - timing["requestStart"]))

    @contextmanager
    def work(self, name: str, unit: str = "", units: int = 0) -> Iterator[None]:
        """Record a piece of work."""
        self.works.append(Work(name, unit, units))
        start = self._log.stat().st_size
        yield
        self.page.wait_for_load_state("networkidle")
        logged = _LOGGED.findall(self._log.read_bytes()[start:].decode())
        self.works[-1].served += [
            (path, float(ms)) for path, ms in logged if not path.startswith(NOT_COUNTED)
        ]

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.works[-1].strokes.append(key)
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text, as fast as a quick typist."""
        self.works[-1].strokes += list(text)
        self.page.keyboard.type(text, delay=40)

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab, or another key, until the target has the focus."""
        for _ in range(MOST_TABS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{target} cannot be reached by Tab")

    def go_by(self, target: Locator, key: str = "Tab") -> None:
        """Go to a link or button by Tab and press it."""
        self.tab_to(target, key)
        self.press("Enter")

    def suggestions(self) -> None:
        """Wait until there is something to choose."""
        self.page.wait_for_selector("#suggestions [role=option]")

    def code(self) -> str:
        """Give the code of the order that was placed."""
        self.page.wait_for_url("**/placed")
        return self.page.url.split("/")[-2]


def enter_lines(desk: Desk, stock: Stock) -> str:
    """Enter an order line by line; gives its code."""
    with desk.work(f"an order of {LINES} lines with attributes", "line", LINES):
        return _enter(desk, stock, "Hotel Nord, lobby", 0)


def enter_more(desk: Desk, stock: Stock) -> None:
    """Enter more of the same: of the answers of one order no percentile can be told."""
    with desk.work(f"{MORE} more of them", "line", MORE * LINES):
        for number in range(1, MORE + 1):
            desk.press("Enter")  # "Enter another" has the focus
            _enter(desk, stock, f"Pension West, room {number}", number)


def _enter(desk: Desk, stock: Stock, name: str, number: int) -> str:
    page = desk.page
    page.wait_for_selector("#name:focus")
    desk.type(name)
    desk.press("Tab")
    desk.type("C-7")
    desk.suggestions()
    desk.press("Enter")
    desk.tab_to(page.locator("#metadata-finish"))
    desk.type("m")
    desk.press("Tab")
    desk.type("Ring twice")
    desk.press("Alt+c")
    for at in range(LINES):
        desk.type(stock.skus[(number * LINES + at) * 97 % len(stock.skus)][-4:])
        desk.suggestions()
        desk.press("Enter")
        desk.type(str(at + 1))
        desk.press("Enter")
    desk.press("Control+Enter")
    return desk.code()


def paste_lines(desk: Desk, stock: Stock) -> None:
    """Paste two columns of a spreadsheet."""
    page = desk.page
    with desk.work(f"an order of {PASTED} pasted lines", "line", PASTED):
        desk.press("Enter")  # "Enter another" has the focus
        page.wait_for_selector("#name:focus")
        desk.type("From a spreadsheet")
        desk.tab_to(page.locator("#metadata-finish"))
        desk.type("g")
        copy(page, "\n".join(f"{sku}\t3" for sku in stock.skus[:PASTED]))
        desk.press("Alt+c", "Control+v")
        page.locator("#lines > li").nth(PASTED - 1).wait_for()
        desk.press("Control+Enter")
        desk.code()


def find_and_duplicate(desk: Desk, stock: Stock, code: str) -> None:
    """Find the first order again, and enter one like it."""
    page = desk.page
    with desk.work("find an order by a part of its customer's name"):
        look_for(desk, "hotel nor")
        page.wait_for_selector(f"a.code[href$='{code}']")
        desk.press("ArrowDown", "Enter")
        page.wait_for_url(f"**/orders/{code}")
    with desk.work("duplicate it and change a line"):
        desk.go_by(page.get_by_role("link", name="New from this order"))
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
    """Set a status for several orders at once, and take it back."""
    page = desk.page
    with desk.work(f"{CHANGED} statuses changed at once, and undone"):
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
    """Import a file, and wait until all of it is done."""
    page = desk.page
    with desk.work(f"import {IMPORTED:,} rows", "row", IMPORTED):
        desk.go_by(page.locator(".bar nav a", has_text="Orders"), "Shift+Tab")
        page.wait_for_url("**/orders")
        desk.go_by(page.get_by_role("link", name="Import", exact=True))
        page.wait_for_url("**/orders/import")
        page.wait_for_selector("#file:focus")
        file = folder / "orders.csv"
        file.write_text(stock.as_csv(IMPORTED), "utf-8")
        # The window that lets people choose a file is the system's own: it is not counted.
        page.set_input_files("#file", file)
        desk.go_by(page.get_by_role("button", name="Upload"))
        page.wait_for_url("**/columns")
        desk.go_by(page.get_by_role("button", name="Check the orders"))
        page.wait_for_selector("h1:has-text('Ready to import')", timeout=PATIENCE)
        desk.press("Enter")  # "Import … orders" has the focus
        page.wait_for_selector(".notice:has-text('were made')", timeout=PATIENCE)


def export(desk: Desk, stock: Stock) -> None:
    """Export what a search finds."""
    page = desk.page
    with desk.work("export what is filtered"):
        look_for(desk, stock.word)
        desk.go_by(page.locator("summary", has_text="Export"))
        with page.expect_download() as loading:
            desk.go_by(page.get_by_role("link", name="CSV", exact=True))
        if loading.value.path().stat().st_size < 1_000:
            raise AssertionError("the export is empty")


def look_for(desk: Desk, text: str) -> None:
    """Search in the list of orders."""
    # The way back to the navigation is the shorter one from within a page.
    desk.go_by(desk.page.locator(".bar nav a", has_text="Orders"), "Shift+Tab")
    desk.page.wait_for_url("**/orders")
    desk.press("/")
    desk.type(text)
    desk.page.wait_for_url("**q=*")


def copy(page: Page, text: str) -> None:
    """Put a text into the clipboard, as if it had been copied from a spreadsheet."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def report(works: list[Work]) -> None:
    """Print the figures."""
    print(f"{'':61} {'---- waited for ----':>34} {'------- served ------':>26}")
    counted = f"{'answers':>8} {'median':>8} {'p95':>8}"
    print(f"{'':52} {'strokes':>7} {'each':>8} {counted} {counted}")
    for work in works:
        each = f"{len(work.strokes) / work.units:.2f}" if work.units else ""
        print(f"{work.name:52} {len(work.strokes):7} {each:>8} {_both(work.answers, work.served)}")
    waited = [answer for work in works for answer in work.answers]
    served = [answer for work in works for answer in work.served]
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
    """Give an address without the codes and IDs in it."""
    parts = path.split("/")
    return "/".join("…" if any(c.isdigit() for c in part) else part for part in parts)


def figures(times: list[float]) -> str:
    """Give count, median and 95th percentile of milliseconds."""
    if not times:
        return f"{0:8} {chr(45):>8} {chr(45):>8}"
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{len(times):8} {statistics.median(ordered):8.1f} {p95:8.1f}"


def main() -> None:
    """Read the options, make the data, do the work, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk_tour", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--configurations", type=int, default=5_000)
    parser.add_argument("--record", type=Path, help="file for the keystrokes")
    given = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        stock = filled(folder, given.orders, given.configurations)
        with running(folder, ACCESS_LOG="1") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(
                viewport={"width": 1440, "height": 900},
                permissions=["clipboard-read", "clipboard-write"],
            )
            context.set_default_timeout(60_000)
            page = context.new_page()
            page.goto(f"{server.address}/sign-in?next=/orders/new")
            page.fill("#email", stock.email)
            page.fill("#password", stock.password)
            page.keyboard.press("Enter")
            page.wait_for_url("**/orders/new?form=*")
            desk = Desk(page, server)
            code = enter_lines(desk, stock)
            enter_more(desk, stock)
            paste_lines(desk, stock)
            find_and_duplicate(desk, stock, code)
            change_many(desk, stock)
            import_file(desk, stock, folder)
            export(desk, stock)
            browser.close()
    report(desk.works)
    if given.record:
        lines = [f"{work.name}: {' '.join(work.strokes)}" for work in desk.works]
        given.record.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
