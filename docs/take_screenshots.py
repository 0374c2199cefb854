"""Takes the screenshots of the docs: `make screenshots`.

Starts the product with its demo in a temporary folder, opens every page in Chromium and writes
`docs/screenshots/<page>-<wide|phone>-<light|dark>.png`.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / "docs" / "screenshots"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
PATIENCE = 60  # seconds for the first start with its demo
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


CUSTOMER = "LINDE-AT"
MESSAGE = """From: Maria Huber <huber@zur-linde.example>
Subject: Order 4711

Good morning, please send us

14 x Oslo chair oak
2 x PLK-DT-OAK-22
3 yellow lamps

Our order number is PO 4711.
Maria Huber, Gasthof Zur Linde
"""


class Demo(NamedTuple):
    """The running product with its demo."""

    address: str
    email: str
    password: str
    token: str


@contextmanager
def product() -> Iterator[Demo]:
    """Serve the demo, with webhooks to this machine allowed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stream:
            server = subprocess.Popen(
                [Path(sys.executable).with_name("flask"), "--app", "app", "serve"],
                cwd=PROJECT, stdout=stream, stderr=stream,
                env={**os.environ, "DATA_DIR": folder, "PORT": str(port), "DEMO": "1",
                     "WEBHOOK_PRIVATE_NETWORK": "1",
                     "LOOKUP_LIMIT": "1000 per minute", "SIGN_IN_LIMIT": "1000 per minute"},
            )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api/orders/healthcheck")
            text = log.read_text(encoding="utf-8")
            email, password, token = (
                re.findall(rf"{label} +(\S+)", text)[0]
                for label in ("E-mail", "Password", "Private token")
            )
            yield Demo(address, email, password, token)
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address: str) -> None:
    """Wait until the service answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own address
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Receiver(BaseHTTPRequestHandler):
    """A receiver of webhooks that rejects every attempt of the first message."""

    refused: ClassVar[str] = ""

    def do_POST(self) -> None:
        """Answer a message."""
        self.rfile.read(int(self.headers["Content-Length"]))
        message = self.headers["webhook-id"]
        Receiver.refused = Receiver.refused or message
        self.send_response(503 if message == Receiver.refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Suppress the log on the terminal."""


@contextmanager
def webhook_receiver() -> Iterator[str]:
    """Run a receiver and return its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/orders"
    server.shutdown()
    server.server_close()


def sign_in(page: Page, demo: Demo) -> None:
    """Submit the sign-in form and wait for the form of a new order."""
    page.fill("#email", demo.email)
    page.fill("#password", demo.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/new?form=*")


def make_webhook(page: Page, demo: Demo, receiver: str) -> None:
    """Create a webhook and orders that trigger it."""
    page.goto(f"{demo.address}/sign-in?next=/orders/new")
    sign_in(page, demo)
    page.goto(f"{demo.address}/settings/webhooks/new")
    page.fill("#address", receiver)
    page.get_by_role("button", name="Create webhook").click()
    page.get_by_role("button", name="Show secret").wait_for()
    for name in ("Harbour Hotel: Lobby", "Linden School: Library"):
        answer = page.request.post(
            f"{demo.address}/api/orders",
            data={"name": name, "status": "In Cart", "cart": []},
            headers={"Authorization": f"Bearer {demo.token}"},
        )
        assert answer.status == 201, answer.text()


def walk(page: Page, demo: Demo) -> Iterator[str]:
    """Open every page and yield its name when it is ready."""
    code = yield from walk_orders(page, demo)
    yield from walk_other_pages(page, demo.address, code)


def walk_orders(page: Page, demo: Demo) -> Generator[str, None, str]:
    """Enter orders and change one; return the code of the first."""
    address = demo.address
    page.goto(f"{address}/sign-in?next=/orders/new")
    yield "sign-in"
    sign_in(page, demo)
    yield "new-order"
    choose_customer(page)
    yield "new-order-customer"
    enter_lines(page)
    yield "new-order-filled"
    page.fill("#cart-1-configurationId", "yellow lamp")
    page.fill("#cart-2-count", "0")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#summary")
    to_top(page)
    yield "new-order-errors"
    page.fill("#cart-1-configurationId", "LUM-TL-MUS-01")
    page.fill("#cart-2-count", "4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    yield "placed"
    code = page.url.split("/")[-2]
    page.goto(f"{address}/orders/{code}")
    yield "order"
    paste_message(page, address)
    yield "new-order-pasted"
    discard_draft(page, address)
    meet_a_colleague(page, demo, code)
    yield "edit-conflict"
    page.goto(f"{address}/customers/show?id={CUSTOMER}")
    yield "customer"
    return code


def walk_other_pages(page: Page, address: str, code: str) -> Iterator[str]:
    """Open the pages around orders, as staff and then as the customer of an order."""
    page.goto(f"{address}/orders/{code}/print")
    yield "order-sheet"
    page.goto(address)
    yield "start"
    page.goto(f"{address}/orders")
    yield "orders"
    page.goto(f"{address}/docs/api#createOrder")
    yield "api-reference"
    page.goto(f"{address}/configurations")
    yield "configurations"
    page.goto(f"{address}/settings/attributes")
    yield "settings-attributes"
    page.goto(f"{address}/settings/organization")
    yield "settings-organization"
    page.goto(f"{address}/settings/customers")
    yield "settings-customer-page"
    page.goto(f"{address}/settings/webhooks")
    page.locator("main a[href*='/settings/webhooks/']:has-text('localhost')").click()
    page.locator(".messages").wait_for()
    yield "settings-webhook"
    page.context.clear_cookies()
    page.goto(f"{address}/find")
    yield "find"
    page.goto(f"{address}/find?code={code[:-1]}{'A' if code[-1] != 'A' else 'B'}")
    yield "find-mistyped"
    page.goto(f"{address}/o/{code}")
    yield "look-up"
    page.goto(f"{address}/o/{code}?lang=de")
    yield "look-up-german"


def choose_customer(page: Page) -> None:
    """Choose a customer by name; the form is filled in with what is usual for them."""
    page.focus("#customerId")
    page.keyboard.type("linde")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(".usual-lines").wait_for()
    page.locator(".usual-values button").wait_for()


def enter_lines(page: Page) -> None:
    """Enter three lines by keyboard."""
    page.focus("#cart-0-configurationId")
    for sku, count in (("OSL-CH-OAK-02", "14"), ("LUM-TL-MUS-01", "2"), ("PLK-DT-OAK-22", "4")):
        page.keyboard.type(sku)
        page.keyboard.press("Enter")
        page.keyboard.type(count)
        page.keyboard.press("Enter")
    page.locator("#lines .what").nth(2).wait_for()
    page.locator(".read-back:has-text('3 lines')").wait_for()
    to_top(page)


def to_top(page: Page) -> None:
    """Scroll to the top once the page has come to rest."""
    page.wait_for_timeout(500)
    page.evaluate("scrollTo(0, 0)")


def paste_message(page: Page, address: str) -> None:
    """Paste an e-mail into an empty form."""
    page.goto(f"{address}/orders/new")
    page.focus("#cart-0-configurationId")
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            const how = {clipboardData, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        MESSAGE,
    )
    page.locator("#pasted .finds").wait_for()
    page.locator(".usual-lines").wait_for()
    page.wait_for_timeout(500)


def discard_draft(page: Page, address: str) -> None:
    """Discard the draft of the form that is open, so that the next form has no drafts beside it."""
    page.wait_for_timeout(1500)  # drafts are saved a moment after the last change
    page.goto(f"{address}/orders/new")
    page.locator(".drafts summary").click()
    page.locator(".drafts button").first.click()
    page.get_by_role("link", name="Restore draft").wait_for()


def meet_a_colleague(page: Page, demo: Demo, code: str) -> None:
    """Change fields of an order that a program has changed in the meantime, and save them."""
    page.goto(f"{demo.address}/orders/{code}/edit")
    page.fill("#name", "Garden and terrace")
    page.fill("#cart-0-count", "140")
    order = f"{demo.address}/api/orders/{code}"
    headers = {"Authorization": f"Bearer {demo.token}"}
    lines = page.request.get(order, headers=headers).json()["cart"]
    cart = [{name: line[name] for name in ("configurationId", "count")} for line in lines]
    cart[0]["count"] = 41
    answer = page.request.put(order, data={"name": "Garden", "cart": cart}, headers=headers)
    assert answer.ok, answer.text()
    page.keyboard.press("Control+Enter")
    page.locator(".conflicts").wait_for()
    to_top(page)


def main() -> None:
    """Take every picture."""
    PICTURES.mkdir(exist_ok=True)
    with product() as demo, webhook_receiver() as receiver, sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with browser.new_context() as context:
            make_webhook(context.new_page(), demo, receiver)
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="light" if scheme == "light" else "dark",
                )
                for name in walk(page, demo):
                    page.screenshot(path=PICTURES / f"{name}-{size}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
