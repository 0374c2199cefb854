"""Files of configurations: their keys, types and names, and how they are served."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from orders.settings import Settings
from orders.storage import database, tables
from tests.api.calls import Api
from tests.api.configuration_calls import errors_by_path, read, saved, send, stored
from tests.uploads import GIF, GLB, JPEG, KIND, PDF, PNG, SVG, WEBP, ZIP, Form


def test_files_are_kept_by_the_keys_that_name_them(api: Api, settings: Settings) -> None:
    form = Form().json("attachments", {"front": "a.png", "back": "a.png", "note": "later.txt"})
    form.file("files", "a.png", PNG, "image/png").file("files", "b.pdf", PDF, "application/pdf")
    form.file("files[model]", "chair.glb", GLB)
    made = send(api, form).json
    assert made["attachments"] == {
        "front": "a.png", "back": "a.png", "note": "later.txt", "b.pdf": "b.pdf",
        "model": "chair.glb",
    }  # fmt: skip
    for key, content in (("front", PNG), ("back", PNG), ("b.pdf", PDF), ("model", GLB)):
        assert read(api, f"{made['id']}/files/{key}").data == content
    assert read(api, f"{made['id']}/files/note").status_code == 404
    assert made["thumbnail"] is None
    # Nothing that was sent is a name in the store.
    names = [place.name for place in stored(settings)]
    assert len(names) == 4
    assert all(len(name) == 40 and int(name, 16) >= 0 for name in names)


@pytest.mark.parametrize(
    "form",
    [
        Form().file("thumbnail", "shot.png", PNG, "image/png"),
        Form().json("attachments", {"thumbnail": "shot.png"}).file("files", "shot.png", PNG),
        Form().file("files[thumbnail]", "shot.png", PNG, "image/png"),
    ],
)
def test_a_picture_of_the_whole_has_an_address(api: Api, form: Form) -> None:
    made = send(api, form).json
    assert re.fullmatch(r"http://localhost/api/files/hash/[\w-]{32}", made["thumbnail"])
    assert made["attachments"] == {"thumbnail": "shot.png"}
    picture = read(api, f"{made['id']}/thumbnail")
    assert picture.data == PNG
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Content-Disposition"] == "inline; filename=shot.png"


def test_an_address_that_was_sent_stays_beside_a_picture(api: Api) -> None:
    form = Form().text("thumbnail", "https://shop.example/x.png")
    form.json("attachments", {"thumbnail": "a.png"}).file("files", "a.png", PNG)
    made = send(api, form).json
    assert made["thumbnail"] == "https://shop.example/x.png"
    assert read(api, f"{made['id']}/thumbnail").data == PNG


def test_a_thumbnail_that_is_no_picture_is_a_file_only(api: Api) -> None:
    form = Form().json("attachments", {"thumbnail": "a.pdf"}).file("files", "a.pdf", PDF)
    made = send(api, form).json
    assert made["thumbnail"] is None
    assert read(api, f"{made['id']}/thumbnail").status_code == 404
    assert read(api, f"{made['id']}/files/thumbnail").data == PDF


CONTENTS = {
    "a.png": (PNG, "image/png", "inline"),
    "a.jpg": (JPEG, "image/jpeg", "inline"),
    "a.gif": (GIF, "image/gif", "inline"),
    "a.webp": (WEBP, "image/webp", "inline"),
    "a.pdf": (PDF, "application/pdf", "attachment"),
    "a.svg": (SVG, "image/svg+xml", "attachment"),
    "a.json": (b'{"a": 1}', "application/json", "attachment"),
    "a.txt": (b"<html><script>alert(1)</script>", "text/plain", "attachment"),
    "a.csv": (b"a,b\n", "text/csv", "attachment"),
    "a.glb": (GLB, "model/gltf-binary", "attachment"),
    "a.gltf": (b"{}", "model/gltf+json", "attachment"),
    "a.zip": (ZIP, "application/zip", "attachment"),
    "a.usdz": (ZIP, "model/vnd.usdz+zip", "attachment"),
}


@pytest.mark.one_database(reason="types of files and headers of answers")
def test_a_text_never_has_the_name_of_a_program(api: Api) -> None:
    made = send(api, Form().file("files", "offer.hta", b"<script>", "text/plain"))
    sent = read(api, f"{made.json['id']}/files/offer.hta")
    assert sent.headers["Content-Disposition"] == "attachment; filename=offer.hta.txt"


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.one_database(reason="types of files and headers of answers")
def test_each_type_comes_back_and_nothing_runs(api: Api, name: str, declares: bool) -> None:
    content, kind, disposition = CONTENTS[name]
    form = Form().file("files", name, content, f"{kind}; charset=utf-8" if declares else None)
    made = send(api, form)
    assert made.status_code == 201, made.text
    file = read(api, f"{made.json['id']}/files/{name}")
    assert file.data == content
    assert file.mimetype == kind
    headers = file.headers
    assert headers["Content-Length"] == str(len(content))
    assert headers["Content-Disposition"] == f"{disposition}; filename={name}"
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert headers.getlist("Content-Security-Policy") == [
        "sandbox; default-src 'none'; frame-ancestors 'none'"
    ]
    assert headers["Cache-Control"] == "private, max-age=86400"
    again = read(api, f"{made.json['id']}/files/{name}", **{"If-None-Match": headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


NOT, TYPE = "The content of this file is not ", "The type "
LIES = {
    "a PDF that is called a picture": ("a.png", PDF, "image/png", NOT + "image/png."),
    "a picture of another kind": ("a.png", JPEG, "image/png", NOT + "image/png."),
    "a page that is called a PDF": (
        "a.pdf", b"<html>", "application/pdf", NOT + "application/pdf.",
    ),
    "a picture that is called a text": ("a.txt", PNG, "text/plain", NOT + "text/plain."),
    "broken JSON": ("a.json", b"{", "application/json", NOT + "application/json."),
    "deep JSON": ("a.json", b"[" * 200_000, "application/json", NOT + "application/json."),
    "HTML": ("a.html", b"<html>", "text/html", TYPE + "text/html is not supported."),
    "HTML without a type": ("a.html", b"<html>", None, TYPE + "text/html is not supported."),
    "a program": ("a.exe", b"MZ\x90\0", "application/exe", TYPE + "application/exe is"),
    "nobody knows": ("a", b"\0\1\2", None, "The file type is missing. Possible types:"),
    "nothing": ("a.png", b"", "image/png", "This file is empty."),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
@pytest.mark.one_database(reason="types of files and headers of answers")
def test_types_are_not_trusted(app: Flask, api: Api, settings: Settings, name: str) -> None:
    file_name, content, kind, message = LIES[name]
    form = Form().file("files", "good.png", PNG).file("files", file_name, content, kind)
    [(path, said)] = errors_by_path(send(api, form)).items()
    assert path == "files.1"
    assert said.startswith(message)
    assert saved(app) == 0
    assert stored(settings) == []


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\\\Users\\\\me\\\\shot.png": "shot.png",
    "/etc/shadow": "shadow",
    "Stühle & Tische, 椅子.png": "Stühle & Tische, 椅子.png",
    "a;b=c.png": "a;b=c.png",
    "..": "..",
}


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_never_leave_their_place(api: Api, settings: Settings, name: str) -> None:
    made = send(api, Form().file("files[k]", name, PNG, "image/png"))
    assert made.status_code == 201, made.text
    assert made.json["attachments"] == {"k": NAMES[name]}
    file = read(api, f"{made.json['id']}/files/k")
    assert file.data == PNG
    assert "/" not in file.headers["Content-Disposition"]
    assert all(place.parent.name == api.org_id for place in stored(settings))


def test_names_are_encoded_by_the_standard(api: Api) -> None:
    made = send(api, Form().file("files[k]", "Stühle.png", PNG, "image/png")).json
    disposition = read(api, f"{made['id']}/files/k").headers["Content-Disposition"]
    assert disposition == "inline; filename=Stuhle.png; filename*=UTF-8''St%C3%BChle.png"


def test_keys_with_slashes_and_blanks_are_found(api: Api) -> None:
    made = send(api, Form().file("files[views/front 1]", "a.png", PNG)).json
    assert read(api, f"{made['id']}/files/views/front%201").data == PNG


BAD_NAMES = {
    "300 characters": "n" * 300,
    "NUL": "a\0.png",
    "a control character": "a\x1b.png",
    "only a folder": "folder/",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_cannot_be_stored_are_refused(
    app: Flask, api: Api, settings: Settings, name: str
) -> None:
    answer = send(api, Form().file("files", BAD_NAMES[name], PNG, "image/png"))
    sentence = "A file name of 1 to 255 characters, none of them a control character."
    assert errors_by_path(answer) == {"files.0": sentence}
    assert saved(app) == 0
    assert stored(settings) == []


def test_a_public_page_sends_and_shows_a_picture(public_api: Api) -> None:
    made = send(public_api, Form().file("thumbnail", "a.png", PNG)).json
    picture = read(public_api, f"{made['id']}/thumbnail")
    assert picture.data == PNG
    assert picture.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    # An <img> sends no Origin, and the token is in its URL.
    shown = public_api.client.get(
        f"/api/configurations/{made['id']}/thumbnail",
        query_string={"bearer_token": public_api.secret},
        headers={"Referer": "https://shop.example/cart"},
    )
    assert shown.status_code == 200


def test_files_need_a_token_of_the_org(api: Api, foreign_api: Api) -> None:
    made = send(api, Form().file("thumbnail", "a.png", PNG)).json
    for path in ("thumbnail", "files/thumbnail"):
        address = f"{made['id']}/{path}"
        assert api.client.get(f"/api/configurations/{address}").status_code == 401
        assert read(foreign_api, address).status_code == 404


def test_types_are_a_setting(app: Flask, settings: Settings, api: Api) -> None:
    only = replace(settings.limits, file_types=frozenset({"text/html"}))
    other = create_app(replace(settings, limits=only))
    answer = other.test_client().post(
        "/api/configurations", data=Form().file("files", "a.html", b"<b>", "text/html").body(),
        content_type=KIND, headers=api.headers,
    )  # fmt: skip
    assert answer.status_code == 201
    with app.app_context(), database.read() as connection:
        count = connection.execute(select(func.count()).select_from(tables.configuration_file))
        assert count.scalar_one() == 1
    with other.app_context():
        database.close()
