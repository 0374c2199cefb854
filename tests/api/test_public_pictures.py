"""Pictures that everyone may see, where the org allows it, and their addresses."""

import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from orders.services.accounts import orgs
from orders.settings import PROJECT
from orders.storage import database, tables
from tests.actors import Org
from tests.api.calls import Api
from tests.api.configuration_calls import create, read, send
from tests.uploads import GIF, PDF, PNG, SVG, Form

FOLDER = str(PROJECT / "orders" / "storage" / "migrations")


def picture_form() -> Form:
    return Form().file("thumbnail", "chair.png", PNG, "image/png")


def open_pictures(app: Flask, org: Org, *, are_open: bool = True) -> None:
    with app.app_context():
        orgs.change_org(
            org.id, name="Workshop", is_strict=False, may_public_list=False,
            has_public_pictures=are_open,
        )  # fmt: skip


def load(api: Api, address: str, **options: Any) -> Any:  # noqa: ANN401 - the test client's answer
    """Load an address as an `<img>` of any page does: without a token."""
    parts = urlsplit(address)
    return api.client.get(parts.path, query_string=parts.query, **options)


def test_everyone_sees_the_pictures_of_an_org_that_allows_it(
    app: Flask, api: Api, org: Org
) -> None:
    made = send(api, picture_form()).json
    refused = load(api, made["thumbnail"])
    assert refused.status_code == 401
    open_pictures(app, org)
    shown = load(api, made["thumbnail"], headers={"Referer": "https://anywhere.example/"})
    assert (shown.status_code, shown.data) == (200, PNG)
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert shown.cache_control.public
    open_pictures(app, org, are_open=False)
    assert load(api, made["thumbnail"]).status_code == 401


def test_without_the_choice_a_token_of_the_org_is_needed(api: Api, foreign_api: Api) -> None:
    address = send(api, picture_form()).json["thumbnail"]
    path = urlsplit(address).path.removeprefix("/api")
    shown = api.call("GET", path)
    assert shown.status_code == 200
    assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert shown.headers["Cache-Control"].startswith("private")
    assert foreign_api.call("GET", path).status_code == 404
    assert load(api, f"{address}?bearer_token={api.secret}").data == PNG


def test_the_platforms_client_puts_the_whole_address_for_the_name(
    app: Flask, api: Api, org: Org
) -> None:
    open_pictures(app, org)
    address = send(api, picture_form()).json["thumbnail"]
    assert load(api, f"http://localhost/api/files/hash/{address}").data == PNG


def test_names_are_random_and_of_one_upload(app: Flask, api: Api, foreign_api: Api) -> None:
    addresses = [
        send(caller, picture_form()).json["thumbnail"] for caller in (api, api, foreign_api)
    ]
    assert len(set(addresses)) == 3
    digest = hashlib.sha256(PNG).hexdigest()
    assert not any(digest[:12] in address for address in addresses)
    assert api.call("GET", f"/files/hash/{digest}").status_code == 404


def test_no_other_file_is_open(app: Flask, api: Api, org: Org) -> None:
    open_pictures(app, org)
    form = Form().file("files", "drawing.pdf", PDF, "application/pdf")
    form.file("files", "thumbnail.svg", SVG, "image/svg+xml").file("files", "other.gif", GIF)
    made = send(api, form).json
    assert made["thumbnail"] is None
    with app.app_context():
        files = database.fetch_all(select(tables.configuration_file))
    assert {row.public_name for row in files} == {None}
    for row in files:
        for name in (row.stored_as, row.sha256, row.key, row.file_name):
            assert load(api, f"/api/files/hash/{name}").status_code == 401
    for path in ("files/drawing.pdf", "files/other.gif", "thumbnail", ""):
        assert load(api, f"/api/configurations/{made['id']}/{path}").status_code == 401
    for name in ("", "%00", "..", "x" * 300):
        assert load(api, f"/api/files/hash/{name}").status_code in {401, 404}


@pytest.mark.parametrize("name", ["thumbnail.png", "Thumbnail.PNG"])
def test_a_picture_named_thumbnail_is_the_thumbnail(api: Api, name: str) -> None:
    made = send(api, Form().file("files", name, PNG)).json
    assert made["attachments"] == {name: name, "thumbnail": name}
    assert api.call("GET", urlsplit(made["thumbnail"]).path.removeprefix("/api")).status_code == 200
    assert read(api, f"{made['id']}/thumbnail").data == PNG
    assert read(api, f"{made['id']}/files/{name}").data == PNG


def test_another_thumbnail_comes_first(api: Api) -> None:
    form = Form().json("attachments", {"thumbnail": "front.gif"})
    form.file("files", "front.gif", GIF).file("files", "thumbnail.png", PNG)
    made = send(api, form).json
    assert read(api, f"{made['id']}/thumbnail").data == GIF
    pdf = send(api, Form().file("files", "thumbnail.pdf", PDF)).json
    assert (pdf["thumbnail"], pdf["attachments"]) == (None, {"thumbnail.pdf": "thumbnail.pdf"})


def test_addresses_begin_with_the_public_one(app: Flask, api: Api) -> None:
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], public_url="https://orders.example/", allowed_hosts="localhost"
    )
    made = send(api, picture_form(), **{"Idempotency-Key": "one"}).json
    assert made["thumbnail"].startswith("https://orders.example/api/files/hash/")
    assert send(api, picture_form(), **{"Idempotency-Key": "one"}).json == made
    assert read(api, made["id"]).json == made
    [listed] = api.call("GET", "/configurations").json["configurations"]
    assert listed == made
    own = create(api, {"thumbnail": "/static/demo/OSL-CH-01.svg"}).json
    assert own["thumbnail"] == "https://orders.example/static/demo/OSL-CH-01.svg"
    sent = create(api, {"thumbnail": "pictures/1.png"}).json
    assert sent["thumbnail"] == "pictures/1.png"


def test_addresses_contain_the_path_where_the_service_is_mounted(api: Api) -> None:
    made = send(api, picture_form()).json
    there = api.client.get(
        f"/api/configurations/{made['id']}", headers=api.headers,
        environ_overrides={"SCRIPT_NAME": "/desk"},
    )  # fmt: skip
    assert there.json is not None
    assert there.json["thumbnail"] == made["thumbnail"].replace("/api/", "/desk/api/")


@pytest.mark.own_database(reason="it migrates the database there and back")
def test_pictures_from_before_the_migration_get_names(app: Flask, api: Api, org: Org) -> None:
    made = send(api, picture_form()).json
    column = tables.configuration.c.thumbnail
    with app.app_context():
        database.close()
        flask_migrate.downgrade(directory=FOLDER, revision="0009")
        [row] = database.fetch_all(select(column))
        assert row.thumbnail == f"/api/configurations/{made['id']}/thumbnail"
        flask_migrate.upgrade(directory=FOLDER)
    open_pictures(app, org)
    address = read(api, made["id"]).json["thumbnail"]
    assert address != made["thumbnail"]
    assert load(api, address).data == PNG
