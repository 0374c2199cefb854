"""Configurations with files: forms, types, limits, names, and how files are handed out."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from orders.files import FileStore
from orders.rules.errors import ServiceBusy
from orders.settings import Settings
from orders.storage import database, tables
from tests.api.calls import Answer, Api
from tests.api.test_create_configuration import WHOLE, create, saved, told
from tests.uploads import BOUNDARY, GIF, GLB, JPEG, KIND, PDF, PNG, SVG, WEBP, ZIP, Form


def send(api: Api, form: Form, **headers: str) -> Answer:
    answer = api.client.post(
        "/api/configurations", data=form.body(), content_type=KIND,
        headers={**api.headers, **headers},
    )  # fmt: skip
    return cast(Answer, answer)


def read(api: Api, path: str, **headers: str) -> Any:  # noqa: ANN401 - the test client's answer
    return api.client.get(f"/api/configurations/{path}", headers={**api.headers, **headers})


def stored(settings: Settings) -> list[Path]:
    """Give every file that lies in the store, half-written ones too."""
    return [place for place in (settings.data_dir / "files").rglob("*") if place.is_file()]


def test_a_form_gives_the_same_answer_as_json(api: Api) -> None:
    form = Form()
    texts = {key: value for key, value in WHOLE.items() if isinstance(value, str)}
    for name, value in texts.items():
        form.text(name, value)
    for name in ("variant", "metadata", "attachments"):
        form.json(name, WHOLE[name])
    sent = {key: value for key, value in WHOLE.items() if key != "sceneGraphState"}
    by_form = send(api, form.text("shortId", "")) if "shortId" not in texts else send(api, form)
    assert by_form.status_code == 201, by_form.text
    by_json = create(api, {**sent, "shortId": "another-1"})
    made = {"id", "shortId", "createdAt", "updatedAt"}
    assert {key: value for key, value in by_form.json.items() if key not in made} == {
        key: value for key, value in by_json.json.items() if key not in made
    }
    assert by_form.json["shortId"] == WHOLE["shortId"]
    assert json.dumps(by_form.json["variant"]) == json.dumps(WHOLE["variant"])


def test_an_old_client_sends_everything_at_once(api: Api) -> None:
    # As a browser's FormData does it: objects as JSON text, Blobs without a type, empty fields.
    form = Form().text("productId", WHOLE["productId"]).text("customerId", "").text("shortId", "")
    form.json("variant", {"Wood": "Oak"}).json("attachments", {"shot": "blob.png"}).text(
        "scope", ""
    )
    form.text("metadata", "").file("files", "blob.png", PNG, "application/octet-stream")
    form.file("file", "", b"", "application/octet-stream")
    made = send(api, form)
    assert made.status_code == 201, made.text
    assert made.json["customerId"] is None
    assert made.json["metadata"] is None
    assert made.json["attachments"] == {"shot": "blob.png"}
    file = read(api, f"{made.json['shortId']}/files/shot")
    assert file.data == PNG
    assert file.mimetype == "image/png"


def test_a_field_may_come_as_a_blob_of_json(api: Api) -> None:
    form = Form().file("variant", "blob", b'{"Wood": "Oak"}', "application/json")
    assert send(api, form).json["variant"] == {"Wood": "Oak"}


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
    assert made["thumbnail"] == f"/api/configurations/{made['id']}/thumbnail"
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


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("declares", [True, False])
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
    "HTML": ("a.html", b"<html>", "text/html", TYPE + "text/html is not possible."),
    "HTML without a type": ("a.html", b"<html>", None, TYPE + "text/html is not possible."),
    "a program": ("a.exe", b"MZ\x90\0", "application/exe", TYPE + "application/exe is"),
    "nobody knows": ("a", b"\0\1\2", None, "Nothing tells which type this file has."),
    "nothing": ("a.png", b"", "image/png", "This file is empty."),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_types_are_not_trusted(app: Flask, api: Api, settings: Settings, name: str) -> None:
    file_name, content, kind, message = LIES[name]
    form = Form().file("files", "good.png", PNG).file("files", file_name, content, kind)
    [(path, said)] = told(send(api, form)).items()
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


def test_names_are_encoded_as_the_standard_says(api: Api) -> None:
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
def test_names_that_cannot_be_kept_are_refused(
    app: Flask, api: Api, settings: Settings, name: str
) -> None:
    answer = send(api, Form().file("files", BAD_NAMES[name], PNG, "image/png"))
    sentence = "A file name of 1 to 255 characters, none of them a control character."
    assert told(answer) == {"files.0": sentence}
    assert saved(app) == 0
    assert stored(settings) == []


MISMATCHED = {
    "the same name twice": (
        Form().file("files", "a.png", PNG).file("files", "a.png", GIF, "image/gif"),
        {"files.1": "Another file was sent for the same key."},
    ),
    "the same key twice": (
        Form().file("files[a]", "a.png", PNG).file("files[a]", "b.png", PNG),
        {"files.a": "Another file was sent for the same key."},
    ),
    "a key that names another file": (
        Form().json("attachments", {"a": "x.png"}).file("files[a]", "b.png", PNG),
        {"files.a": "“attachments” names another file for the key “a”."},
    ),
    "a name that is a key of another file": (
        Form().json("attachments", {"b.png": "x.png"}).file("files", "b.png", PNG),
        {"files.0": "“attachments” names another file for the key “b.png”."},
    ),
    "a part that nobody knows": (
        Form().file("photo", "a.png", PNG),
        {"photo": "No such file is known: send files as “files”, or the picture as “thumbnail”."},
    ),
    "a text as a file": (Form().text("files", "a.png"), {"files": "A file, not a text."}),
    "a thumbnail that is no picture": (
        Form().file("thumbnail", "a.pdf", PDF),
        {"thumbnail": "A picture: PNG, JPEG, WebP or GIF."},
    ),
    "broken JSON": (
        Form().text("variant", "{").text("metadata", "nope").text("scope", "x" * 256),
        {
            "variant": "This is not JSON: Expecting property name enclosed in double quotes at "
            "line 1, column 2.",
            "metadata": "This is not JSON: Expecting value at line 1, column 1.",
            "scope": "At most 255 characters; this has 256.",
        },
    ),
    "JSON of another kind": (
        Form().json("variant", []).json("attachments", {"a": 1}),
        {
            "variant": "An object.",
            "attachments.a": "A file name of 1 to 255 characters, none of them a control "
            "character.",
        },
    ),
    "deep JSON": (
        Form().text("variant", '{"a":' * 5000 + "1" + "}" * 5000),
        {"variant": "Nested far too deeply."},
    ),
    "a key twice": (
        Form().text("variant", '{"a": 1, "a": 2}'),
        {"variant.a": "This key stands here more than once."},
    ),
    "a field twice": (
        Form().text("scope", "a").text("scope", "b"), {"scope": "Send it once."}
    ),
    "text that is not UTF-8": (Form().text("scope", b"\xff"), {"scope": "Text in UTF-8."}),
    "an unknown field": (Form().text("colour", "red"), {"colour": "Unknown field."}),
    "everything": (
        Form().text("variant", "{").text("productId", "x").file("files", "a.png", PDF, "image/png"),
        {
            "variant": "This is not JSON: Expecting property name enclosed in double quotes at "
            "line 1, column 2.",
            "productId": "A UUID.",
            "files.0": "The content of this file is not image/png.",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISMATCHED)
def test_bad_forms_are_told_by_path_and_leave_nothing(
    app: Flask, api: Api, settings: Settings, name: str
) -> None:
    form, expected = MISMATCHED[name]
    form = replace(form, parts=[*form.parts])
    form.file("files", "good.gif", GIF)
    assert told(send(api, form)) == expected
    assert saved(app) == 0
    assert stored(settings) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--" + BOUNDARY.encode() + b"\r\n",
        Form().text("scope", "a").body()[:-6],
        Form().text("scope", "a").body().replace(b'name="scope"', b""),
        Form().text("scope", "a").body().replace(b"Content-Disposition", b"X-Nothing"),
        Form().text("scope", "a").body().replace(b"scope", b"sc\xffpe"),
        b"nothing of a form",
    ],
)
def test_a_broken_form_is_no_empty_configuration(app: Flask, api: Api, body: bytes) -> None:
    answer = api.client.post(
        "/api/configurations", input_stream=BytesIO(body), content_length=len(body),
        content_type=KIND, headers=api.headers,
    )  # fmt: skip
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "application/problem+json"
    assert saved(app) == 0


def test_a_form_without_a_boundary_is_refused(app: Flask, api: Api) -> None:
    answer = api.client.post(
        "/api/configurations", data=Form().text("scope", "a").body(),
        content_type="multipart/form-data", headers=api.headers,
    )  # fmt: skip
    assert answer.status_code == 400
    assert saved(app) == 0


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        small = replace(settings.limits, files=2, file_bytes=100, upload_bytes=4000, body_bytes=600)
        return replace(settings, limits=small)

    def test_a_file_has_a_size(self, app: Flask, api: Api, settings: Settings) -> None:
        assert len(PNG) <= 100
        assert send(api, Form().file("files", "a.txt", b"x" * 100)).status_code == 201
        answer = send(api, Form().file("files", "a.txt", b"x" * 101))
        assert told(answer) == {"files.0": "At most 100 bytes; this has 101."}
        assert len(stored(settings)) == saved(app) == 1

    def test_there_are_only_so_many_files(self, api: Api) -> None:
        form = Form()
        for number in range(3):
            form.file("files", f"{number}.txt", b"x")
        assert told(send(api, form)) == {"files": "At most 2 files; this has 3."}

    def test_a_form_may_be_larger_than_json(self, api: Api) -> None:
        form = Form().file("files", "a.txt", b"x" * 90).text("sceneGraphState", "x" * 1000)
        assert len(form.body()) > 600
        assert send(api, form).status_code == 201
        assert create(api, {"sceneGraphState": "x" * 1000}).status_code == 413
        order = api.client.post(
            "/api/orders", data=form.body(), content_type=KIND, headers=api.headers
        )
        assert order.status_code == 413

    def test_but_not_larger_than_its_own_limit(self, app: Flask, api: Api) -> None:
        answer = send(api, Form().file("files", "a.txt", b"x" * 4000))
        assert answer.status_code == 413
        assert "At most 4,000 bytes" in answer.json["detail"]
        assert saved(app) == 0


def test_a_public_page_sends_and_shows_a_picture(public_api: Api) -> None:
    made = send(public_api, Form().file("thumbnail", "a.png", PNG)).json
    picture = read(public_api, f"{made['id']}/thumbnail")
    assert picture.data == PNG
    assert picture.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    # An <img> sends no Origin, and the token stands in its address.
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


def test_a_short_id_that_is_taken_leaves_no_file(app: Flask, api: Api, settings: Settings) -> None:
    assert create(api, {"shortId": "chair-01"}).status_code == 201
    form = Form().text("shortId", "chair-01").file("files", "a.png", PNG)
    assert send(api, form).status_code == 409
    assert stored(settings) == []
    assert saved(app) == 1


def test_a_store_that_fails_leaves_nothing(
    app: Flask, api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second of two files cannot be written.
    put = FileStore.put
    names: list[str] = []

    def fail(store: FileStore, name: str, content: bytes) -> None:
        names.append(name)
        if len(names) > 1:
            raise ServiceBusy("The file store cannot be written. Please try again.")
        put(store, name, content)

    monkeypatch.setattr(FileStore, "put", fail)
    form = Form().file("files", "a.png", PNG).file("files", "b.png", PNG)
    answer = send(api, form)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert len(names) == 2
    assert stored(settings) == []
    assert saved(app) == 0


def test_a_folder_that_cannot_be_written_is_503(app: Flask, api: Api, settings: Settings) -> None:
    (settings.data_dir / "files").write_text("not a folder")
    answer = send(api, Form().file("files", "a.png", PNG))
    assert answer.status_code == 503
    assert saved(app) == 0


def test_a_file_that_is_gone_is_404_and_a_broken_store_503(api: Api, settings: Settings) -> None:
    made = send(api, Form().file("files", "a.png", PNG)).json
    [place] = stored(settings)
    place.unlink()
    assert read(api, f"{made['id']}/files/a.png").status_code == 404


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


def test_a_repeat_stores_no_file_again(app: Flask, api: Api, settings: Settings) -> None:
    form = Form().file("files", "a.png", PNG)
    first = send(api, form, **{"Idempotency-Key": "key"})
    again = send(api, form, **{"Idempotency-Key": "key"})
    assert again.json == first.json
    assert len(stored(settings)) == saved(app) == 1
    other = Form().file("files", "a.png", PNG + b" ")
    assert told(send(api, other, **{"Idempotency-Key": "key"})).keys() == {"Idempotency-Key"}
    assert len(stored(settings)) == 1
