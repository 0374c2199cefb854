"""The service below a path: every link, redirect, cookie, and address begins with it."""

import dataclasses
import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from orders.interfaces.http.prefix import Prefix
from orders.settings import ASSETS, BadSetting, Settings, read_settings
from tests.actors import Org, session_of

PREFIX = "/desk"
HOST = "https://example.com"
# The page's script puts `data-root` before the paths in `data-path`.
NO_ADDRESSES = {"data-path", "placeholder"}
_PATH = re.compile(r"""(?<!endsWith\()["'`]/[a-z][a-z-]*(?=[/?"'`$])""")
NOT_VISITED = ("/static/", ".pdf", ".svg", ".png")

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
        self.found.update(
            (value, f"{tag}[{name}]") for name, value in attrs if value and name not in NO_ADDRESSES
        )


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
    visited: set[str] = set()
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
            if kind not in visited and not any(part in kind for part in NOT_VISITED):
                visited.add(kind)
                waiting.append(path)
    assert not wrong
    assert len(visited) > 60
    # What scripts put together begins with `data-root`.
    for script in (ASSETS / "static").glob("*.js"):
        literals = re.findall(
            r"""(?<!endsWith\()["'`]/[a-z][a-z-]*(?=[/?"'`$])""", script.read_text("utf-8")
        )
        assert not literals, script


def test_cookies_belong_to_the_path(admin: FlaskClient) -> None:
    answer = admin.get(f"{PREFIX}/find?lang=de", base_url=HOST)
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    assert all(f"Path={PREFIX}" in one for one in cookies)
    assert admin.get_cookie("__Secure-shortorder", "example.com", PREFIX) is not None


def test_a_proxy_that_removes_the_path_says_so(settings: Settings) -> None:
    def seen(path: str, prefix: str = "", **changes: object) -> str:
        environ = {"HTTP_X_FORWARDED_PREFIX": prefix} if prefix else {}
        wrapped = Prefix(
            Request.application(lambda request: Response(f"{request.root_path} {request.path}")),
            dataclasses.replace(settings, **changes),  # type: ignore[arg-type]  # fields of it
        )
        return Client(wrapped).get(path, environ_overrides=environ).text

    known = partial(seen, trusted_proxies=1)
    assert known("/desk/find") == known("/find", PREFIX) == known("/find") == "/desk /find"
    assert known("/desk") == "/desk /"
    assert known("/desktop") == "/desk /desktop"
    # Links in messages begin with PUBLIC_URL, whatever a client sends.
    assert known("/find", "/@evil.example") == "/desk /find"
    unknown = partial(seen, trusted_proxies=1, public_url="")
    assert unknown("/find", "/a/b/") == "/a/b /find"
    assert unknown("/find", "//evil.example") == unknown("/find", "@evil") == " /find"
    assert seen("/find", PREFIX, public_url="") == " /find"


def test_a_path_of_public_url_is_plain(tmp_path: Path) -> None:
    for bad in ("https://example.com/a?b", "https://example.com/a b", "https://example.com//a"):
        with pytest.raises(BadSetting, match="PUBLIC_URL may have a path"):
            read_settings({"DATA_DIR": str(tmp_path), "PUBLIC_URL": bad})
