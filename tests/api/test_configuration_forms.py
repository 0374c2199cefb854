"""Configurations as forms: answered as JSON is; errors reported by path, and nothing stored."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask

from orders.settings import Settings
from tests.api.calls import Api
from tests.api.configuration_calls import WHOLE, create, errors_by_path, read, saved, send, stored
from tests.uploads import BOUNDARY, GIF, KIND, PDF, PNG, Form

pytestmark = pytest.mark.one_database(
    reason="how a form is read; tests/api/test_configuration_files.py stores on both databases"
)


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
        {"files.a": "“attachments” lists a different file for the key “a”."},
    ),
    "a name that is a key of another file": (
        Form().json("attachments", {"b.png": "x.png"}).file("files", "b.png", PNG),
        {"files.0": "“attachments” lists a different file for the key “b.png”."},
    ),
    "a part that nobody knows": (
        Form().file("photo", "a.png", PNG),
        {"photo": "Unknown file field: send files as “files”, or the picture as “thumbnail”."},
    ),
    "a text as a file": (Form().text("files", "a.png"), {"files": "A file, not text."}),
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
        {"variant.a": "This key appears more than once."},
    ),
    "a field twice": (
        Form().text("scope", "a").text("scope", "b"), {"scope": "Send this field only once."}
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
def test_errors_in_forms_are_reported_by_path_and_nothing_is_saved(
    app: Flask, api: Api, settings: Settings, name: str
) -> None:
    form, expected = MISMATCHED[name]
    form = replace(form, parts=[*form.parts])
    form.file("files", "good.gif", GIF)
    assert errors_by_path(send(api, form)) == expected
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
