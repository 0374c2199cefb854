"""The headers that protect what is answered: a table of kinds, and a walk over every route."""

import dataclasses
import hashlib

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule

from orders.interfaces.api.application import all_endpoints
from orders.services.accounts import orgs
from orders.services.accounts.access import StaffMember
from orders.settings import Settings
from tests.actors import Org
from tests.api.calls import Api
from tests.api.conftest import caller
from tests.api.test_public_pictures import open_pictures
from tests.test_other_orgs import UNKNOWN, ids_in, unknown_like
from tests.uploads import PNG

pytestmark = pytest.mark.one_database(reason="headers are the same on both")

PAGE, FILE, PUBLIC, OPEN = "page", "file", "public", "open picture"
API, DOCUMENT = "API", "document of the API"
POLICY = {
    PAGE: "default-src 'none'; script-src 'self'", API: "default-src 'none'; frame-ancestors",
    FILE: "sandbox; default-src 'none'", PUBLIC: "default-src 'none'; script-src 'self'",
    OPEN: "sandbox; default-src 'none'", DOCUMENT: "default-src 'none'; frame-ancestors",
}  # fmt: skip
# What caches may keep. An uploaded file stays in the cache of the browser that may see it.
CACHED = {
    PAGE: ("no-store", "private, no-store"), API: ("no-store",),
    FILE: ("private, max-age=600", "private, max-age=86400"),
    PUBLIC: ("public, max-age=31536000, immutable", "no-cache"), OPEN: ("public, max-age=3600",),
    DOCUMENT: ("public, max-age=300",),
}  # fmt: skip
# The same for everyone. Of an unknown version or language, browsers ask again.
SAME_FOR_ALL = {
    "static", "script_texts", "customer.show_theme", "customer.show_theme_preview",
}  # fmt: skip
FILES = {"desk.configuration_picture", "desk.configuration_file"}


def faults(kind: str, headers: Headers) -> list[str]:
    """Return which headers are not those of a kind of answer."""
    page = {"Cross-Origin-Opener-Policy": ("same-origin",)} if kind == PAGE else {}
    expected = {
        "Cache-Control": CACHED[kind],
        "Cross-Origin-Resource-Policy": ("cross-origin" if kind == OPEN else "same-origin",),
        "Referrer-Policy": ("same-origin",),
        "X-Content-Type-Options": ("nosniff",),
        # Over TLS alone: the address is http.
        "Strict-Transport-Security": (None,),
        **page,
    }
    found = [
        f"{name}: {headers.get(name)}" for name, values in expected.items()
        if headers.get(name) not in values or len(headers.getlist(name)) > 1
    ]  # fmt: skip
    policy = headers.get("Content-Security-Policy", "")
    return found if policy.startswith(POLICY[kind]) else [*found, policy]


def kind_of(rule: Rule, status: int) -> str:
    if rule.endpoint in SAME_FOR_ALL and status == 200:
        return PUBLIC
    return FILE if rule.endpoint in FILES and status == 200 else PAGE


@pytest.fixture
def theirs(client: FlaskClient, org: Org) -> Api:
    return caller(client, org, org.private)


@pytest.mark.usefixtures("csrf_off")
def test_every_answer_of_a_page_has_the_headers_of_its_kind(
    app: Flask, org: Org, theirs: Api
) -> None:
    ids = ids_in(app, org, theirs)
    ids |= {"code": ids["orders"][1:], "filename": ["desk.css"], "color": ["ff9900"],
            "number": ["1"], "sha256": ["0" * 64]}  # fmt: skip
    wrong, statuses, admin = [], set(), org.admin()
    for rule in app.url_map.iter_rules():
        own = {"code": ["en"]} if rule.endpoint == "script_texts" else {}
        own["reference"] = ids["orders" if "/orders" in rule.rule else "configurations"]
        known = {name: {**ids, **own}[name][0] for name in rule.arguments}
        unknown = {name: "1" if name == "number" else unknown_like(known[name]) for name in known}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            # To make a PDF takes a second.
            asked: list[tuple[StaffMember | None, dict[str, str]]]
            asked = [(admin, unknown)] if rule.rule.endswith("pdf") else [(admin, known)]
            if method == "GET":
                asked += [(admin, unknown)] * bool(rule.arguments) + [(None, known)]
            for member, one in asked:
                client = app.test_client()
                browser = org.sign_in(client, member) if member else client
                with app.test_request_context():
                    built = rule.build(one)
                assert built is not None
                with browser.open(built[1], method=method) as answer:
                    statuses.add(answer.status_code)
                    kind = kind_of(rule, answer.status_code)
                    place = f"{method} {built[1]} {answer.status_code}, {kind}"
                    wrong += [f"{place}: {fault}" for fault in faults(kind, answer.headers)]
    assert not wrong, "\n".join(wrong)
    assert statuses >= {200, 302, 303, 401, 404, 422}, statuses


def test_every_answer_of_the_api_has_the_headers_of_its_kind(
    app: Flask, org: Org, theirs: Api
) -> None:
    ids, wrong, statuses = ids_in(app, org, theirs), [], set()
    for endpoint in all_endpoints():
        own = ids["orders" if "/orders" in endpoint.path else "configurations"]
        known = {name: {**ids, "reference": own}[name][0] for name in endpoint.path_names}
        unknown = {name: unknown_like(known[name]) for name in known}
        for headers, one in ((theirs.headers, known), (theirs.headers, unknown), ({}, known)):
            path = endpoint.path.format(**one)
            answer = theirs.client.open(path, method=endpoint.method, headers=headers)
            statuses.add(answer.status_code)
            is_file = answer.mimetype not in {"application/json", "application/problem+json", ""}
            is_file &= answer.status_code == 200
            kind = DOCUMENT if endpoint.id == "readDocument" else FILE if is_file else API
            place = f"{endpoint.method} {path} {answer.status_code}"
            wrong += [f"{place}: {fault}" for fault in faults(kind, answer.headers)]
    assert not wrong, "\n".join(wrong)
    assert statuses >= {200, 401, 404, 415}, statuses


@pytest.mark.parametrize("path", ["/nothing", "/orders", "/api/nothing", "/api/orders"])
@pytest.mark.parametrize("method", ["PATCH", "TRACE", "OPTIONS"])
def test_what_no_route_answers_has_the_headers_too(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method)
    assert not faults(API if "api" in path else PAGE, answer.headers), answer.status


def test_what_fails_has_the_headers_too(
    app: Flask, theirs: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr("orders.interfaces.customer.views.find_page", fail)
    monkeypatch.setattr("orders.services.orders.queries.find_order", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for path in ("/find", f"/api/orders/{UNKNOWN}"):
        answer = theirs.client.get(path, headers=theirs.headers)
        assert answer.status_code == 500
        assert not faults(API if "api" in path else PAGE, answer.headers)


def test_pictures_for_everyone_can_be_embedded_and_others_by_pages_of_a_public_token(
    app: Flask, org: Org, theirs: Api
) -> None:
    address = ids_in(app, org, theirs)["name"][0]
    path = f"/api/files/hash/{address}"
    page = {"Referer": "https://shop.example/"}
    token = {"bearer_token": org.public.secret}
    shown = theirs.client.get(path, query_string=token, headers=page)
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert shown.headers["Cache-Control"].startswith("private, ")
    elsewhere = theirs.client.get(
        path, query_string=token, headers={"Referer": "https://a.example"}
    )
    assert not faults(API, elsewhere.headers)
    open_pictures(app, org)
    assert not faults(OPEN, theirs.client.get(path).headers)


def test_a_logo_can_be_kept_but_not_embedded(app: Flask, client: FlaskClient, org: Org) -> None:
    store = app.extensions["files"]
    with app.app_context():
        orgs.set_logo(
            org.id, file_name="a.png", declared_type="image/png", content=PNG, store=store
        )
    headers = client.get(f"/o/logo/{hashlib.sha256(PNG).hexdigest()}").headers
    assert headers["Cache-Control"] == CACHED[PUBLIC][0]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/static/desk.css", "/api/orders"])
@pytest.mark.parametrize(
    ("public_url", "base"),
    [("", "https://desk.example"), ("https://localhost", "http://localhost")],
)
def test_over_tls_browsers_are_to_use_tls_alone(
    app: Flask, settings: Settings, path: str, public_url: str, base: str
) -> None:
    app.config["SETTINGS"] = dataclasses.replace(settings, public_url=public_url)
    with app.test_client().get(path, base_url=base) as answer:
        assert answer.headers.getlist("Strict-Transport-Security") == ["max-age=31536000"]
        assert "preload" not in str(answer.headers)


@pytest.mark.usefixtures("csrf_off")
def test_signing_out_clears_what_the_pages_have_stored_in_the_browser(
    staff_client: FlaskClient, client: FlaskClient
) -> None:
    for browser in (staff_client, client):
        answer = browser.post("/sign-out")
        assert answer.headers["Clear-Site-Data"] == '"storage"'
