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
from collections.abc import Iterator
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
    address = demo.address
    page.goto(f"{address}/sign-in?next=/orders/new")
    yield "sign-in"
    sign_in(page, demo)
    yield "new-order"
    fill(page)
    yield "new-order-filled"
    page.fill("#name", "x" * 256)
    page.fill("#cart-1-count", "0")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#summary")
    yield "new-order-errors"
    page.fill("#name", "Pinecrest Dental: Waiting room")
    page.fill("#cart-1-count", "4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    yield "placed"
    code = page.url.split("/")[-2]
    page.goto(f"{address}/orders/{code}")
    yield "order"
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


def fill(page: Page) -> None:
    """Enter an order of three lines by keyboard."""
    page.fill("#name", "Pinecrest Dental: Waiting room")
    page.fill("#customerId", "PINECREST-DENTAL")
    page.focus("#cart-0-configurationId")
    for sku, count in zip(some_skus(page), ("12", "4", "2"), strict=True):
        page.keyboard.type(sku)
        page.keyboard.press("Enter")
        page.keyboard.type(count)
        page.keyboard.press("Enter")
    page.locator("#lines .what").nth(2).wait_for()
    page.evaluate("scrollTo(0, 0)")


def some_skus(page: Page) -> list[str]:
    """Return three SKUs found in the demo's orders."""
    found = page.request.get(page.url.split("/orders")[0] + "/orders").text()
    skus: dict[str, None] = {}
    for code in re.findall(r'href="/orders/([0-9A-Z]{12})"', found):
        order = page.request.get(page.url.split("/orders")[0] + f"/orders/{code}").text()
        skus.update(dict.fromkeys(re.findall(r'<span class="sku">([A-Z][A-Z0-9-]+)</span>', order)))
        if len(skus) >= 3:
            break
    return list(skus)[:3]


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
