"""A shop's page in real Chromium, served from another origin, calls the JSON API."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser

from orders.services.accounts import tokens
from orders.services.orders.order_filter import OrderFilter
from orders.services.orders.order_list import find_orders
from orders.storage.pages import Paging
from tests.browser.conftest import Desk

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 2}
FINISH = {"metadata": {"finish": "matt"}}  # the org requires it
SEND = """async ([address, options]) => {
  try {
    const answer = await fetch(address, options);
    return {status: answer.status, etag: answer.headers.get("ETag"),
            location: answer.headers.get("Location"), body: await answer.json()};
  } catch (error) { return {blocked: error.name}; }
}"""
Send = Callable[..., dict[str, Any]]


class ShopPage(BaseHTTPRequestHandler):
    """An empty page of a shop."""

    def do_GET(self) -> None:
        page = b"<!doctype html><title>A shop</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def shop_port() -> Iterator[int]:
    shop = ThreadingHTTPServer(("127.0.0.1", 0), ShopPage)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    yield shop.server_port
    shop.shutdown()
    shop.server_close()


@pytest.fixture
def send(chromium: Browser, desk: Desk, shop_port: int) -> Iterator[Send]:
    """Send a request from a page of the given host."""
    context = chromium.new_context()

    def from_host(
        host: str, method: str, path: str, body: object = None, **headers: str
    ) -> dict[str, Any]:
        page = context.new_page()
        page.goto(f"http://{host}:{shop_port}/checkout")
        options = {
            "method": method,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        }
        if body is not None:
            options["body"] = json.dumps(body)
        answer: dict[str, Any] = page.evaluate(SEND, [desk.address + path, options])
        page.close()
        return answer

    yield from_host
    context.close()


@pytest.fixture
def public_secret(desk: Desk) -> str:
    """A public token that works from shop.localhost, which Chromium finds on this machine."""
    with desk.org.app.app_context():
        made = tokens.add_token(
            desk.org.id, name="shop", is_private=False, allowed=["shop.localhost"]
        )
    return made.secret


def test_a_page_of_an_allowed_domain_creates_an_order_and_reads_it_back(
    send: Send, public_secret: str
) -> None:
    shop = partial(send, "shop.localhost")
    body = {"name": "From a shop", "cart": [LINE], **FINISH}
    created = shop(
        "POST", f"/api/orders?bearer_token={public_secret}", body,
        Content_Type="application/json", Idempotency_Key="checkout-1",
    )  # fmt: skip
    assert created["status"] == 201
    assert created["body"]["name"] == "From a shop"
    read = shop("GET", created["location"], Authorization=f"Bearer {public_secret}")
    assert (read["status"], read["body"]) == (200, created["body"])
    assert read["etag"] == created["etag"]


def test_it_fills_an_open_cart_and_submits_it(send: Send, public_secret: str) -> None:
    token = f"?bearer_token={public_secret}"
    shop = partial(send, "shop.localhost", Content_Type="application/json")
    cart = shop("POST", f"/api/orders{token}", {"status": "In Cart", **FINISH})
    path = f"/api/orders/{cart['body']['shortId']}"
    assert shop("POST", f"{path}/cart{token}", [LINE])["body"]["cart"] == [LINE]
    handed_in = shop("PUT", f"{path}{token}", {"status": "New"}, If_Match="*")
    assert (handed_in["status"], handed_in["body"]["status"]) == (200, "New")
    assert shop("PUT", f"{path}{token}", {"name": "too late"})["status"] == 403


def test_the_page_can_read_why_it_was_refused(send: Send, public_secret: str) -> None:
    refused = send(
        "shop.localhost", "POST", f"/api/orders?bearer_token={public_secret}",
        {"cart": [{**LINE, "count": 0}], **FINISH}, Content_Type="application/json",
    )  # fmt: skip
    assert refused["status"] == 422
    assert refused["body"]["errors"][0]["path"] == "cart.0.count"


@pytest.mark.parametrize("host", ["other.localhost", "badshop.localhost", "127.0.0.1"])
def test_a_page_of_another_domain_cannot(
    send: Send, desk: Desk, public_secret: str, host: str
) -> None:
    body = {"name": host, "cart": [LINE], **FINISH}
    answer = send(
        host, "POST", f"/api/orders?bearer_token={public_secret}", body,
        Content_Type="application/json",
    )  # fmt: skip
    assert answer == {"blocked": "TypeError"}
    with desk.org.app.app_context():
        assert find_orders(desk.org.id, OrderFilter(name=host), Paging()).count == 0


def test_a_private_token_gets_no_permission(send: Send, desk: Desk, public_secret: str) -> None:
    private = desk.org.private.secret
    for path, headers in (
        ("/api/orders", {"Authorization": f"Bearer {private}"}),
        (f"/api/orders?bearer_token={private}", {}),
    ):
        assert send("shop.localhost", "GET", path, **headers) == {"blocked": "TypeError"}
