"""The service below a path: every link, redirect, cookie, and address begins with it."""

import dataclasses
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.settings import Settings
from tests.actors import Org, session_of

PREFIX = "/desk"
HOST = "https://example.com"
MOST = 3  # pages of one kind that are visited

pytestmark = pytest.mark.one_database(reason="about addresses")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, public_url=HOST + PREFIX)


@pytest.fixture
def admin(app: Flask, org: Org) -> FlaskClient:
    """The browser of a signed-in admin, below the prefix."""
    client = app.test_client()
    with client.session_transaction(base_url=HOST + PREFIX) as session:
        session["staff"] = session_of(app, org.admin())
    return client


def make_order(org: Org, client: FlaskClient) -> str:
    """Create an order by the API; return the address of its page for customers."""
    configuration = org.save("Chair", "CHA-1").id
    made = client.post(
        f"{PREFIX}/api/orders", base_url=HOST,
        headers={"Authorization": f"Bearer {org.private.secret}"},
        json={"name": "Reception", "cart": [{"configurationId": configuration, "count": 2}]},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    assert made.headers["Location"].startswith(f"{PREFIX}/api/orders/")
    assert made.json is not None
    return f"{PREFIX}/o/{made.json['shortId']}"


class _Values(HTMLParser):
    """Collects the values of all attributes on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update((value, f"{tag}[{name}]") for name, value in attrs if value)


def addresses(answer: TestResponse) -> dict[str, str]:
    """Return all absolute paths and URLs of this service in an answer, and where they are."""
    found = {}
    if "Location" in answer.headers:
        found[answer.headers["Location"]] = "Location"
    for cookie in answer.headers.getlist("Set-Cookie"):
        found[cookie.partition("Path=")[2].partition(";")[0]] = "Set-Cookie"
    if answer.mimetype in {"text/html", "application/json"}:
        found.update(dict.fromkeys(re.findall(rf"{HOST}[^\s\"'<&]*", answer.text), "text"))
    if answer.mimetype == "text/html":
        found.update(_Values(answer.text).found)
    return {one: place for one, place in found.items() if one.startswith(("/", HOST))}


def lacks_prefix(address: str) -> bool:
    path = urlsplit(address).path
    return not f"{path}/".startswith(f"{PREFIX}/")


def test_all_pages_link_below_the_prefix(org: Org, admin: FlaskClient) -> None:
    waiting = [f"{PREFIX}/", f"{PREFIX}/find", f"{PREFIX}/missing", f"{PREFIX}/api/openapi.json"]
    waiting += [f"{PREFIX}/sign-in", make_order(org, admin)]
    visited: dict[str, int] = {}
    wrong = set()
    while waiting:
        address = waiting.pop(0)
        answer = admin.get(address, base_url=HOST)
        assert answer.status_code < 500, address
        for found, place in addresses(answer).items():
            if lacks_prefix(found):
                wrong.add((found, place, address))
            path = found.removeprefix(HOST).partition("#")[0]
            kind = re.sub(r"[\w-]*\d[\w-]*", "…", path.partition("?")[0])
            if visited.setdefault(kind, 0) < MOST and path not in waiting:
                visited[kind] += 1
                waiting.append(path)
    assert not wrong
    assert len(visited) > 60
