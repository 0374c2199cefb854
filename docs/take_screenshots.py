"""Takes the pictures of the docs from the product itself: `make screenshots`.

Starts it with its demo in a scratch folder, walks through every page in Chromium and writes
`docs/screenshots/<page>-<wide|phone>-<light|dark>.png`.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / "docs" / "screenshots"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
PATIENCE = 60  # seconds for the first start with its demo
# A screen is enough: a page's end says nothing that its beginning does not.
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@contextmanager
def product() -> Iterator[tuple[str, str, str]]:
    """Serve the demo; gives the address, the account and its password."""
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
                     "LOOKUP_LIMIT": "1000 per minute", "SIGN_IN_LIMIT": "1000 per minute"},
            )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api/orders/healthcheck")
            text = log.read_text(encoding="utf-8")
            email = re.search(r"E-mail +(\S+)", text)
            password = re.search(r"Password +(\S+)", text)
            assert email is not None
            assert password is not None
            yield address, email[1], password[1]
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


def walk(page: Page, address: str, email: str, password: str) -> Iterator[str]:
    """Go from page to page; gives the name of each when it can be taken."""
    page.goto(f"{address}/sign-in")
    yield "sign-in"
    page.fill("#email", email)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/new?form=*")
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
    page.goto(f"{address}/orders")
    yield "orders"
    page.goto(f"{address}/docs/api#createOrder")
    yield "api-reference"
    page.context.clear_cookies()
    page.goto(f"{address}/find")
    yield "find"
    page.goto(f"{address}/find?code={code[:-1]}{'A' if code[-1] != 'A' else 'B'}")
    yield "find-mistyped"
    page.goto(f"{address}/o/{code}")
    yield "look-up"


def fill(page: Page) -> None:
    """Fill in an order of three lines as a salesperson would, from the keyboard."""
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
    """Read three SKUs of the demo from the orders that it has."""
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
    with product() as (address, email, password), sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="light" if scheme == "light" else "dark",
                )
                for name in walk(page, address, email, password):
                    page.screenshot(path=PICTURES / f"{name}-{size}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
