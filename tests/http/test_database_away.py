"""While the database is away, every page and endpoint says so by 503, and forms are kept."""

import json
import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.interfaces.api.application import all_endpoints
from orders.interfaces.http.limiters import limiter
from orders.interfaces.http.session import COOKIE
from orders.storage import database
from orders.storage.sqlite import connections
from tests.actors import Org
from tests.bad_orders import good_form, good_json
from tests.conftest import StoredRows
from tests.html import read
from tests.http.outages import failing_commits, outage

pytestmark = [
    pytest.mark.own_database(reason="it goes away"),
    pytest.mark.usefixtures("csrf_off", "impatient"),
]
FORM_KEY = "A" * 22
NOBODY = "00000000-0000-4000-8000-000000000000"
TYPED = 'typed "by hand" & kept'
# Pages and files that need no database for a person who is not signed in.
WITHOUT_DATABASE = {
    "/docs/", "/docs/api", "/o/", "/o/logo/<sha256>", "/o/look/<color>.css",
    "/o/look/<color>/preview.css", "/self-check", "/static/<path:filename>", "/texts/<code>.js",
}  # fmt: skip
API_WITHOUT_DATABASE = {"/api/openapi.json"}
Route = tuple[str, str]  # method and rule


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no lock, and not between two tries."""
    monkeypatch.setattr(database, "PAUSE", 0.0)
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0)


@pytest.fixture
def live(app: Flask) -> Iterator[Flask]:
    """The application as it is served: an exception is an answer."""
    app.testing = False
    yield app
    limiter._storage_dead = False


def routes(app: Flask) -> list[Route]:
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def path_of(rule: str, **known: str) -> str:
    """Return the address of a rule with the IDs in `known`, by their names, or unknown ones."""

    def value(found: re.Match[str]) -> str:
        return "1" if found[1] == "int:" else known.get(found[2], NOBODY)

    return re.sub(r"<(\w+:)?(\w+)>", value, rule)


def ways(app: Flask, *names: str) -> tuple[str, ...]:
    """Return those ways in which the database of the application can go away."""
    is_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    return names if is_sqlite else ("refused",)


class Person:
    """The browser of a signed-in admin, or of nobody, with the same session for each request."""

    def __init__(self, app: Flask, org: Org | None) -> None:
        self._client = app.test_client()
        self._cookie = ""
        if org is not None:
            org.sign_in(self._client, org.admin())
            cookie = self._client.get_cookie(COOKIE)
            assert cookie is not None
            self._cookie = cookie.value

    def ask(self, method: str, path: str, *, is_htmx: bool = False) -> TestResponse:
        """Send a request, with a field in the form if it has one."""
        if self._cookie:
            self._client.set_cookie(COOKIE, self._cookie)
        return self._client.open(
            path, method=method, buffered=True, data={"name": TYPED} if method == "POST" else None,
            headers={"HX-Request": "true"} if is_htmx else None,
        )  # fmt: skip


def check_page(answer: TestResponse, method: str, path: str) -> None:
    """Check a page of the status 503: its sentence, its header, and what was typed."""
    what = f"{method} {path}"
    assert answer.status_code == 503, f"{what}: {answer.status_code}"
    assert answer.headers["Retry-After"] == "1", what
    assert answer.mimetype == "text/html", what
    page = read(answer.text)
    assert "Nothing was saved. Please try again in a moment." in page.text, what
    if method == "POST":
        form = page.first("main form")
        assert (form["method"], form["action"]) == ("post", path), what
        assert form.fields()["name"] == TYPED, what
        assert form.has("button"), what


def test_every_page_says_so_and_keeps_forms(live: Flask, org: Org) -> None:
    people = {"nobody": Person(live, None), "admin": Person(live, org)}
    for way in ways(live, "locked", "moved away"):
        with outage(live, way):
            for method, rule in routes(live):
                path = path_of(rule)
                for name, person in people.items():
                    answer = person.ask(method, path)
                    if rule in WITHOUT_DATABASE and answer.status_code < 500:
                        files = ("/static", "/texts", "/self-check")
                        assert name == "nobody" or rule.startswith(files), rule
                        continue
                    check_page(answer, method, path)


@pytest.mark.one_database(reason="the sentence is the same")
def test_a_piece_of_a_page_is_the_sentence(live: Flask, org: Org) -> None:
    person = Person(live, org)
    with outage(live, "locked"):
        for method, rule in (("GET", "/orders"), ("POST", "/orders/new/check")):
            answer = person.ask(method, rule, is_htmx=True)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.text.startswith("Busy right now. Nothing was saved.")


@pytest.mark.one_database(reason="what was typed is the same")
def test_passwords_and_files_are_asked_for_again(live: Flask) -> None:
    form = {"email": "a@desk.example", "password": "secret words", "recovery": "", "old": "kept"}
    files = {"files": [(BytesIO(b"1"), "plan.pdf"), (BytesIO(b"2"), "view.png")]}
    with outage(live, "locked"):
        page = live.test_client().post("/sign-in", data={**form, **files}).text
    again = read(page).first("main form")
    kept = {name: value for name, value in again.fields().items() if name != "csrf_token"}
    assert kept == {"email": "a@desk.example", "old": "kept", "password": "", "files": ""}
    assert again["enctype"] == "multipart/form-data"
    assert "Choose again: plan.pdf, view.png" in again.text
    assert again.has("[name=password][type=password][required]")
    assert "secret words" not in page


@pytest.mark.one_database(reason="the addresses are the same")
def test_no_page_leads_to_another_host(live: Flask, org: Org) -> None:
    person = Person(live, org)
    paths = {"/%2Fevil.example/a": "/evil.example/a", "/%5Cevil.example?a": "/%5Cevil.example?a"}
    with outage(live, "locked"):
        for path, expected in paths.items():
            page = person.ask("GET", path).text
            assert read(page).first("main .button.primary")["href"] == expected


@pytest.mark.one_database(reason="what was typed is the same")
def test_an_order_of_nobody_is_kept_unless_it_makes_a_much_larger_page(live: Flask) -> None:
    with outage(live, "locked"):
        for count, is_kept in ((900, True), (9_000, False)):
            form = {f"cart.{number}.count": "1" for number in range(count)}
            page = live.test_client().post("/orders/new", data=form)
            assert page.status_code == 503
            assert read(page.text).has("main form") == is_kept


@pytest.mark.one_database(reason="test_a_database_that_dies_later is the long form")
def test_a_database_that_dies_after_the_session_was_read(live: Flask, org: Org) -> None:
    walk(live, org, "moved away", after=1)


@pytest.mark.soak
@pytest.mark.parametrize("after", range(1, 9))
def test_a_database_that_dies_later(live: Flask, org: Org, after: int) -> None:
    for way in ways(live, "moved away"):
        walk(live, org, way, after=after)


def walk(app: Flask, org: Org, way: str, *, after: int) -> None:
    """Ask for every page, during which the database goes away when it was used `after` times."""
    person, refused = Person(app, org), 0
    order = app.test_client().post("/api/orders", json=good_json(), headers=bearer(org)).json
    assert order is not None
    known = {"code": order["shortId"], "reference": order["shortId"]}
    for method, rule in routes(app):
        if rule in {"/sign-out", "/sign-in"}:  # they end the session if they still can
            continue
        path = path_of(rule, **known)
        with outage(app, way, after=after):
            answer = person.ask(method, path)
        limiter._storage_dead = False
        assert answer.status_code < 500 or answer.status_code == 503, f"{method} {path}"
        if answer.status_code == 503:
            refused += 1
            check_page(answer, method, path)
    assert refused > (100 if after == 1 else 0)


def bearer(org: Org) -> dict[str, str]:
    return {"Authorization": f"Bearer {org.private.secret}"}


def test_every_endpoint_says_so(live: Flask, org: Org) -> None:
    client = live.test_client()
    for way in ways(live, "locked", "damaged"):
        with outage(live, way):
            for endpoint in all_endpoints():
                path = re.sub(r"\{\w+\}", NOBODY, endpoint.path)
                body: dict[str, str] | None = {} if endpoint.method in {"POST", "PUT"} else None
                answer = client.open(path, method=endpoint.method, json=body, headers=bearer(org))
                if path in API_WITHOUT_DATABASE:
                    continue
                assert answer.status_code == 503, f"{endpoint.method} {path}"
                if path.endswith("/healthcheck"):
                    assert answer.json is False
                    continue
                assert answer.headers["Retry-After"] == "1"
                assert answer.mimetype == "application/problem+json"
                assert answer.json is not None
                assert answer.json["detail"].endswith("Please try again.")


def test_a_commit_that_fails_stores_nothing_and_keeps_the_form(
    live: Flask, org: Org, admin_client: FlaskClient, stored_rows: StoredRows
) -> None:
    def create() -> TestResponse:
        return live.test_client().post("/api/orders", json=good_json(), headers=bearer(org))

    create()
    before = stored_rows()
    place = f"/orders/new?form={FORM_KEY}"
    form = {**good_form(), "platform.note": TYPED, "do": "place"}
    customer = {"customerId": "C-1", "name": TYPED}
    with failing_commits(live):
        refused = create()
        pages = {
            path: admin_client.post(path, data=data)
            for path, data in ((place, form), ("/customers/new", customer))
        }
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert json.loads(refused.data)["status"] == 503
    assert stored_rows() == before
    for path, page in pages.items():
        assert (page.status_code, page.headers["Retry-After"]) == (503, "1"), path
        again = read(page.text).first("main form")
        assert again["action"] == path
        assert admin_client.post(path, data=again.fields()).status_code == 303, path
    assert stored_rows()["orders"] == before["orders"] + 1
