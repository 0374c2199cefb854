"""A person who works at the desk by keyboard only, in a real browser; each key is recorded."""

import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, Request

from tests.processes.server import Server

MAX_TABS = 80  # until an element must have the focus
FORM = ("/orders/new", "/edit")  # parts of the paths of the form
NOT_COUNTED = ("/static", "/configurations/", "/texts")
# A line of the server's log: path and milliseconds.
_LOGGED = re.compile(r'"[A-Z]+ (/[^"]*)" [0-9]{3} ([0-9.]+) ms')


@dataclass
class Task:
    """A task: the keys pressed, and path and milliseconds of each response.

    `answers` are measured in the browser, `served` by the server.
    """

    name: str
    unit: str = ""
    units: int = 0
    strokes: list[str] = field(default_factory=list)
    answers: list[tuple[str, float]] = field(default_factory=list)
    served: list[tuple[str, float]] = field(default_factory=list)

    @property
    def keys(self) -> int:
        """Return the number of keys: 2 for a chord such as Ctrl+V, 1 for every other one."""
        return sum(2 if len(one) > 1 and "+" in one else 1 for one in self.strokes)


class Desk:
    """A person who works at the desk by keyboard only."""

    def __init__(self, page: Page, server: Server) -> None:
        """Record the page's responses from now on."""
        self.page, self.address, self._log = page, server.address, server.log
        self.tasks: list[Task] = []
        page.on("requestfinished", self._record)

    def _record(self, request: Request) -> None:
        path = request.url.removeprefix(self.address).partition("?")[0]
        if self.tasks and not path.startswith(NOT_COUNTED):
            timing = request.timing
            self.tasks[-1].answers.append((path, timing["responseStart"] - timing["requestStart"]))

    @contextmanager
    def task(self, name: str, unit: str = "", units: int = 0) -> Iterator[None]:
        """Record a task."""
        self.tasks.append(Task(name, unit, units))
        start = self._log.stat().st_size
        yield
        self.page.wait_for_load_state("networkidle")
        logged = _LOGGED.findall(self._log.read_bytes()[start:].decode())
        self.tasks[-1].served += [
            (path, float(ms)) for path, ms in logged if not path.startswith(NOT_COUNTED)
        ]

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.tasks[-1].strokes.append(key)
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text at the speed of a fast typist."""
        self.tasks[-1].strokes += list(text)
        self.page.keyboard.type(text, delay=40)

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab (or another key) until the target has the focus."""
        for _ in range(MAX_TABS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{target} cannot be reached by Tab")

    def go_by(self, target: Locator, key: str = "Tab") -> None:
        """Press a link or button after going to it by Tab."""
        self.tab_to(target, key)
        self.press("Enter")

    def suggestions(self) -> None:
        """Wait for suggestions."""
        self.page.wait_for_selector("#suggestions [role=option]")

    def code(self) -> str:
        """Return the code of the placed order."""
        self.page.wait_for_url("**/placed")
        return self.page.url.split("/")[-2]


def copy(page: Page, text: str) -> None:
    """Put a text into the clipboard."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def percentile(times: list[float], share: float) -> float:
    """Return the time that this share of the times does not exceed; 0 for no times."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def figures(times: list[float]) -> str:
    """Return count, median and 95th percentile of milliseconds."""
    if not times:
        return f"{0:8} {chr(45):>8} {chr(45):>8}"
    return f"{len(times):8} {statistics.median(times):8.1f} {percentile(times, 0.95):8.1f}"
