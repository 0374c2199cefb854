"""Five orders by real keystrokes, each with the number of keys that it may take.

Run by `make desk-figures` as the first part of benchmarks.desk_tour. Each order is read back from
the database and compared with what was meant: an order with another product, quantity, customer,
purchase order number, or week raises AssertionError.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.desk_data import CUSTOMERS, RARE, Stock
from benchmarks.desk_keys import FORM, Desk, Task, copy, percentile

MOST_MS = 50.0  # milliseconds of the server, as median and as 95th percentile
TWELVE = 12
WRONG_LINE = 7  # of the TWELVE

Lines = list[tuple[str, int]]


@dataclass(frozen=True)
class Meant:
    """What an order must be: its customer, its SKUs and quantities, and what else was said."""

    customer_id: str
    lines: Lines
    po: str | None = None
    week: str | None = None


@dataclass(frozen=True)
class FiveOrders:
    """The place where the five orders are entered: the desk, its data, and its database."""

    desk: Desk
    stock: Stock
    database: Path

    def run(self) -> list[str]:
        """Enter all five orders, and return what misses its goal; [] if nothing does."""
        goals: list[tuple[Task, int]] = []
        for name, most, enter in self._orders():
            with self.desk.task(name):
                self._open()
                meant = enter()
                code = self.desk.code()
            self._compare(name, code, meant)
            goals.append((self.desk.tasks[-1], most))
        return report(goals)

    def _orders(self) -> Iterator[tuple[str, int, Callable[[], Meant]]]:
        yield "an e-mail of three lines, pasted", 20, self._pasted_mail
        yield "an e-mail of three lines, typed", 50, self._typed_mail
        yield "six rows of a spreadsheet, two of them bad", 30, self._spreadsheet
        yield "by telephone, with two changes of mind", 60, self._telephone
        yield "the customer's last order again", 10, self._again
        yield "twelve lines, an error in line seven", 130, self._twelve

    def _open(self) -> None:
        self.desk.page.goto(f"{self.desk.address}/orders/new")
        self.desk.page.wait_for_selector("#customerId:focus")

    # The orders ----------------------------------------------------------------------------------

    def _pasted_mail(self) -> Meant:
        lines = [(self._sku(1), 3), (self._sku(2), 12), (self._sku(3), 1)]
        customer = self._customer(1)
        copy(self.page, self._mail(customer, lines, "4711-A", "3/2027"))
        self.desk.press("Control+v")
        self.page.locator("#lines > .line").nth(2).wait_for()
        self._see_customer()
        self.desk.press("Control+Enter")
        return Meant(customer, lines, "4711-A", "2027-W03")

    def _typed_mail(self) -> Meant:
        lines = [(self._sku(4), 3), (self._sku(5), 12), (self._sku(6), 1)]
        customer = self._choose_customer(2)
        self.desk.type("4712")
        self.desk.press("Alt+c")
        for sku, count in lines:
            self._line(sku[-4:], count)
        self._see_customer()
        self.desk.press("Enter")  # the empty line leads to what is missing
        self.page.wait_for_selector("#metadata-week:focus")
        self.desk.type("042027")
        self.desk.press("Control+Enter")
        return Meant(customer, lines, "4712", "2027-W04")

    def _spreadsheet(self) -> Meant:
        lines = [(self._sku(at), at) for at in range(7, 13)]
        rows = [f"{sku}\t{count}" for sku, count in lines]
        rows[1] = f"{_mistyped(lines[1][0])}\t{lines[1][1]}"
        rows[4] = f"{lines[4][0]}\ta few"
        customer = self._choose_customer(3)
        copy(self.page, "\n".join(rows))
        self.desk.press("Alt+c", "Control+v")
        self.page.locator("#lines > .line").nth(5).wait_for()
        self.page.wait_for_selector("#lines .reference:focus[aria-invalid]")
        self.desk.press("Enter")  # takes the closest product
        self.page.wait_for_selector("#lines .count input:focus[aria-invalid]")
        self.desk.type(str(lines[4][1]))
        self._see_customer()
        self.desk.press("Control+Enter")
        return Meant(customer, lines)

    def _telephone(self) -> Meant:
        first, second = self._sku(13), self._sku(14)
        customer = self._choose_customer(4)
        self.desk.press("Alt+c")
        self._line(first[-4:], 2)
        self._line(second[-4:], 3)
        self._line(RARE, 4)
        self.desk.press("ArrowUp", "ArrowUp", "ArrowUp", "ArrowRight")
        self.desk.type("14")  # "make that fourteen"
        self.desk.press("ArrowDown", "Alt+Delete")  # "and none of the second"
        self._see_customer()
        self.desk.press("Control+Enter")
        return Meant(customer, [(first, 14), (self.stock.rare, 4)])

    def _again(self) -> Meant:
        customer = self._choose_customer(5)
        self._see_customer()
        lines = self._last_lines(customer)
        self.desk.press("Alt+r")
        self.page.wait_for_url("**/orders/new?*from=*")
        self.page.wait_for_selector("#lines .reference:focus")
        self.desk.press("Control+Enter")
        return Meant(customer, lines)

    def _twelve(self) -> Meant:
        lines = [(self._sku(20 + at), at % 3 + 1) for at in range(TWELVE)]
        customer = self._choose_customer(6)
        self.desk.press("Alt+c")
        for number, (sku, count) in enumerate(lines, start=1):
            if number == WRONG_LINE:
                self.desk.type(_mistyped(sku))
                self.desk.press("Enter")
                self.desk.type(str(count))
                self.desk.press("Enter")
            else:
                self._line(sku[-4:], count)
        self.page.wait_for_selector("#lines .reference[aria-invalid]")
        self.desk.press("F8")
        self.page.wait_for_selector("#lines .reference:focus[aria-invalid]")
        self.desk.press("Enter")  # takes the closest product
        self._see_customer()
        self.desk.press("Control+Enter")
        return Meant(customer, lines)

    # Parts of them -------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """Return the page with the form."""
        return self.desk.page

    def _choose_customer(self, number: int) -> str:
        """Choose a customer by the number in their ID, and return the ID."""
        customer = self._customer(number)
        self.desk.type(customer.removeprefix("C-"))
        self.desk.suggestions()
        self.desk.press("Enter")
        return customer

    def _see_customer(self) -> None:
        """Wait until the form is filled in, as a person does who looks at it."""
        self.page.locator("#customer-panel .last-order").first.wait_for()
        chosen = "#metadata-finish option:checked:not([value=''])"
        self.page.wait_for_selector(chosen, state="attached")

    def _line(self, part: str, count: int) -> None:
        """Type a line of the cart: a part of the product's name or SKU, and the quantity.

        A quantity of one is there already.
        """
        self.desk.type(part)
        self.desk.suggestions()
        self.desk.press("Enter")
        if count != 1:
            self.desk.type(str(count))
        self.desk.press("Enter")

    def _sku(self, at: int) -> str:
        """Return a SKU whose last four digits are not the beginning of others."""
        skus = self.stock.skus[len(self.stock.skus) // 10 + 1 :]
        return skus[at * 389 % len(skus)]

    def _customer(self, number: int) -> str:
        """Return a customer with orders, whose number has four digits."""
        return f"C-{CUSTOMERS - 1 - self.stock.active * number // 8}"

    def _mail(self, customer: str, lines: Lines, po: str, week: str) -> str:
        rows = "\n".join(f"{count} x {sku}" for sku, count in lines)
        sender = customer.removeprefix("C-")
        return (
            f"From: orders@inn-{sender}.example\nSubject: Order\n\nHello team,\n\n"
            f"please send us\n\n{rows}\n\nOur PO {po}, delivery week {week}.\n\n"
            "Kind regards\nHans Huber\nTel. +43 512 123456\n"
        )

    # Reading back --------------------------------------------------------------------------------

    def _last_lines(self, customer: str) -> Lines:
        """Return the lines of a customer's newest placed order."""
        found = self._rows(
            "SELECT id FROM orders WHERE customer_id = ? AND deleted_at IS NULL"
            " AND status NOT IN ('List', 'In Cart') ORDER BY created_at DESC, id DESC LIMIT 1",
            customer,
        )
        return self._lines_of(found[0][0])

    def _lines_of(self, order_id: str) -> Lines:
        return [
            (sku, count)
            for sku, count in self._rows(
                "SELECT c.sku, l.count FROM cart_line l JOIN configuration c"
                " ON l.configuration_id IN (c.id, c.short_id)"
                " WHERE l.order_id = ? ORDER BY l.position",
                order_id,
            )
        ]

    def _compare(self, name: str, code: str, meant: Meant) -> None:
        """Raise AssertionError if the stored order is another one than was meant."""
        (found,) = self._rows(
            "SELECT id, customer_id, metadata FROM orders WHERE short_id = ?", code
        )
        order_id, customer, metadata = found
        said = json.loads(metadata)
        stored = Meant(customer, self._lines_of(order_id), said.get("po"), said.get("week"))
        if stored != meant:
            raise AssertionError(f"{name}: {stored} was stored, {meant} was meant")

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(statement, values).fetchall()


def _mistyped(sku: str) -> str:
    """Return a SKU with its second and third characters swapped."""
    return sku[0] + sku[2] + sku[1] + sku[3:]


def report(goals: list[tuple[Task, int]]) -> list[str]:
    """Print keys and times beside their goals, and return what misses its goal."""
    missed = []
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} processors; times grow when they are short\n")
    print(f"{'five orders':44} {'keys':>5} {'goal':>5} {'answers':>8} {'median':>8} {'p95':>8}")
    for task, most in goals:
        times = _in_form([task])
        print(f"{task.name:44} {task.keys:5} {most:5} {_times(times)}")
        if task.keys > most:
            missed.append(f"{task.name}: {task.keys} keys, at most {most}")
    times = _in_form([task for task, _ in goals])
    print(f"{'the server in the form, ms':44} {'':5} {MOST_MS:5.0f} {_times(times)}")
    for name, share in (("median", 0.5), ("95th percentile", 0.95)):
        reached = percentile(times, share)
        if reached > MOST_MS:
            missed.append(f"{name} of the server's time: {reached:.1f} ms, at most {MOST_MS:.0f}")
    for one in missed:
        print(f"MISSED {one}")
    return missed


def _in_form(tasks: list[Task]) -> list[float]:
    return [ms for task in tasks for path, ms in task.served if any(part in path for part in FORM)]


def _times(times: list[float]) -> str:
    return f"{len(times):8} {percentile(times, 0.5):8.1f} {percentile(times, 0.95):8.1f}"
