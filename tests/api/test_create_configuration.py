"""`POST /api/configurations`: what is accepted, what is refused, and the answer."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.inputs import Limits
from orders.services.catalog import products
from tests.actors import Org
from tests.api.calls import Api
from tests.api.configuration_calls import PRODUCT, WHOLE, create, errors_by_path, saved

FIELDS = {
    "id", "shortId", "orgId", "productId", "productVersion", "variant", "metadata", "customerId",
    "identifier", "scope", "sceneGraphState", "sessionId", "publishFileId", "creator", "thumbnail",
    "attachments", "createdAt", "updatedAt", "deletedAt", "createdBy",
}  # fmt: skip


def test_the_answer_contains_every_field_as_it_was_sent(api: Api) -> None:
    answer = create(api, WHOLE)
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert made.keys() == FIELDS
    assert {name: made[name] for name in WHOLE} == WHOLE
    # Key order too.
    assert json.dumps(made["metadata"]) == json.dumps(WHOLE["metadata"])
    assert str(uuid.UUID(made["id"])) == made["id"]
    assert made["orgId"] == api.org_id
    assert made["createdBy"] == api.token_id
    assert made["deletedAt"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["createdAt"])
    assert made["updatedAt"] == made["createdAt"]
    assert answer.headers["Location"] == f"/api/configurations/{made['id']}"


def test_it_is_read_by_its_id_and_its_short_id(api: Api) -> None:
    made = create(api, WHOLE)
    for reference in (made.json["id"], made.json["id"].upper(), "46Juzcyx"):
        found = api.client.get(f"/api/configurations/{reference}", headers=api.headers)
        assert found.status_code == 200
        assert found.json == made.json
    assert api.client.get("/api/configurations/46juzcyx", headers=api.headers).status_code == 404


def test_what_is_not_sent_is_null_and_attachments_are_an_object(api: Api) -> None:
    made = create(api, {}).json
    always = {"id", "shortId", "orgId", "createdAt", "updatedAt", "createdBy"}
    assert made.pop("attachments") == {}
    assert re.fullmatch("[A-Za-z0-9_-]{7,14}", made["shortId"])
    assert {name for name, value in made.items() if value is not None} == always


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_text_count_as_not_sent(api: Api, nothing: str | None) -> None:
    texts = dict.fromkeys([*WHOLE, "orgId"], nothing)
    objects = dict.fromkeys(["variant", "metadata", "attachments"])
    made = create(api, {**texts, **objects})
    assert made.status_code == 201, made.text
    assert made.json["productId"] is None
    assert made.json["variant"] is None
    assert made.json["sceneGraphState"] is None
    assert made.json["attachments"] == {}
    assert made.json["shortId"]


def test_empty_objects_are_kept_and_keys_that_were_left_out_stay_out(api: Api) -> None:
    made = create(api, {"variant": {}, "metadata": {"a": None}}).json
    assert made["variant"] == {}
    assert made["metadata"] == {"a": None}


def test_the_product_id_comes_back_in_small_letters(api: Api) -> None:
    assert create(api, {"productId": PRODUCT.upper()}).json["productId"] == PRODUCT


def test_the_scene_may_be_a_text(api: Api) -> None:
    assert create(api, {"sceneGraphState": "abc"}).json["sceneGraphState"] == "abc"


BAD: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "product": ({"productId": "chair"}, {"productId": "A UUID."}),
    "product of another type": ({"productId": 7}, {"productId": "Text or null."}),
    "variant a list": ({"variant": []}, {"variant": "An object."}),
    "variant an empty text": ({"variant": ""}, {"variant": "An object."}),
    "variant a text": ({"variant": "{}"}, {"variant": "An object."}),
    "metadata a number": ({"metadata": 1}, {"metadata": "An object."}),
    "text too long": (
        {"identifier": "x" * 256}, {"identifier": "At most 255 characters; this has 256."},
    ),
    "thumbnail too long": (
        {"thumbnail": "x" * 2001}, {"thumbnail": "At most 2,000 characters; this has 2,001."},
    ),
    "text a number": ({"productVersion": 12}, {"productVersion": "Text or null."}),
    "scene a list": ({"sceneGraphState": [1]}, {"sceneGraphState": "An object or a text."}),
    "scene false": ({"sceneGraphState": False}, {"sceneGraphState": "An object or a text."}),
    "attachments a list": ({"attachments": ["a.png"]}, {"attachments": "An object."}),
    "attachment a number": (
        {"attachments": {"a": 1}},
        {"attachments.a": "A file name of 1 to 255 characters, none of them a control character."},
    ),
    "attachment without a name": (
        {"attachments": {"a": ""}},
        {"attachments.a": "A file name of 1 to 255 characters, none of them a control character."},
    ),
    "attachment with a line break": (
        {"attachments": {"a": "x\r\nSet-Cookie: a"}},
        {"attachments.a": "A file name of 1 to 255 characters, none of them a control character."},
    ),
    "attachment of 300 characters": (
        {"attachments": {"a": "n" * 300}},
        {"attachments.a": "A file name of 1 to 255 characters, none of them a control character."},
    ),
    "attachment without a key": (
        {"attachments": {"": "a.png"}},
        {"attachments.": "As a key: 1 to 255 characters, none of them a control character."},
    ),
    "short ID too short": ({"shortId": "abc"}, {"shortId": "7 to 14 letters, digits, _ or -."}),
    "short ID too long": ({"shortId": "a" * 15}, {"shortId": "7 to 14 letters, digits, _ or -."}),
    "short ID with a newline": (
        {"shortId": "abcdefg\n"}, {"shortId": "7 to 14 letters, digits, _ or -."},
    ),
    "read-only": ({"id": PRODUCT}, {"id": "Set by the service; leave it out."}),
    "read-only empty": ({"createdAt": ""}, {"createdAt": "Set by the service; leave it out."}),
    "unknown": ({"colour": "red"}, {"colour": "Unknown field."}),
    "unknown and empty": ({"colour": ""}, {"colour": "Unknown field."}),
    "files by JSON": ({"files": "x"}, {"files": "Files are sent as multipart/form-data."}),
    "NUL": ({"metadata": {"a": "b\0"}}, {"metadata.a": "Text without NUL characters."}),
    "NUL in a name": (
        {"attachments": {"a": "b\0"}},
        {"attachments.a": "A file name of 1 to 255 characters, none of them a control character."},
    ),
    "too large a number": (
        {"variant": {"a": 2**70}}, {"variant.a": "A whole number of at most 64 bits."},
    ),
    "variant too large": (
        {"variant": {"a": "x" * 70_000}},
        {"variant": "At most 65,536 bytes of JSON; this has 70,008."},
    ),
    "all at once": (
        {"productId": "?", "scope": 1, "variant": 2, "bogus": 3},
        {
            "productId": "A UUID.", "variant": "An object.", "scope": "Text or null.",
            "bogus": "Unknown field.",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_errors_are_reported_by_path_and_nothing_is_saved(app: Flask, api: Api, name: str) -> None:
    body, expected = BAD[name]
    assert errors_by_path(create(api, body)) == expected
    assert saved(app) == 0


@pytest.mark.parametrize(
    "text",
    ['{"scope": "a", "scope": "b"}', '{"scope": "\\ud800"}', '{"variant": {"a": 1e999}}',
     '{"variant": ' + '{"a":' * 20 + "1" + "}" * 21,
     '{"variant": ' + "[" * 5000 + "]" * 5000 + "}"],
)  # fmt: skip
def test_json_that_cannot_be_stored_is_refused(app: Flask, api: Api, text: str) -> None:
    answer = api.client.post(
        "/api/configurations", data=text, content_type="application/json", headers=api.headers
    )
    assert answer.status_code == 422
    assert saved(app) == 0


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("{}", "text/plain", 415),
        ("a=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_json_object_is_refused(
    app: Flask, api: Api, text: str, kind: str, status: int
) -> None:
    answer = api.client.post(
        "/api/configurations", data=text, content_type=kind, headers=api.headers
    )
    assert answer.status_code == status
    assert saved(app) == 0


def test_a_short_id_of_ones_own_must_be_free_in_all_orgs(
    app: Flask, api: Api, foreign_api: Api
) -> None:
    assert create(foreign_api, {"shortId": "my_own-1"}).status_code == 201
    for sender in (api, foreign_api):
        answer = create(sender, {"shortId": "my_own-1"})
        assert answer.status_code == 409
        assert answer.mimetype == "application/problem+json"
        assert "“my_own-1” is already used" in answer.json["detail"]
    assert saved(app) == 1


def test_another_org_may_not_be_named(app: Flask, api: Api, other_org: Org) -> None:
    assert create(api, {"orgId": api.org_id.upper()}).status_code == 201
    assert create(api, {}, query_string={"orgId": api.org_id}).status_code == 201
    assert create(api, {"orgId": other_org.id}).status_code == 403
    assert create(api, {}, query_string={"orgId": other_org.id}).status_code == 403
    assert saved(app) == 2


def test_a_cart_finds_it_by_short_id_and_by_its_sku(api: Api, org: Org, app: Flask) -> None:
    create(api, {"shortId": "chair-01", "metadata": {"SKU": "OSL-9"}})
    order = api.create({"cart": [{"configurationId": "chair-01", "count": 2}]})
    assert order.status_code == 201
    with app.app_context():
        [card] = products.resolve(["osl-9"], org.id).values()
    assert card.short_id == "chair-01"
    assert card.variant == {}


def test_without_a_token_nothing_is_saved(app: Flask, client: FlaskClient) -> None:
    assert client.post("/api/configurations", json={}).status_code == 401
    assert saved(app) == 0


def test_a_public_token_saves_from_its_domains_only(public_api: Api) -> None:
    made = create(public_api, {"variant": {"Wood": "Oak"}})
    assert made.status_code == 201
    assert made.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    public_api.headers["Origin"] = "https://elsewhere.example"
    assert create(public_api, {}).status_code == 403


def test_one_that_did_not_change_is_not_sent_again(api: Api) -> None:
    made = create(api, {}).json
    found = api.client.get(f"/api/configurations/{made['id']}", headers=api.headers)
    headers = {**api.headers, "If-None-Match": found.headers["ETag"]}
    again = api.client.get(f"/api/configurations/{made['id']}", headers=headers)
    assert again.status_code == 304
    assert again.data == b""
    headers["If-None-Match"] = '"other"'
    assert api.client.get(f"/api/configurations/{made['id']}", headers=headers).json == made


def test_a_configuration_of_another_org_does_not_exist(api: Api, foreign_api: Api) -> None:
    made = create(api, {"shortId": "chair-01"}).json
    for path in (made["id"], "chair-01", "chair-02", "x", "7KQ4-M2XD-9T3X", str(uuid.uuid4()),
                 f"{made['id']}/thumbnail", f"{made['id']}/files/a", "chair-01%00"):  # fmt: skip
        answer = foreign_api.client.get(f"/api/configurations/{path}", headers=foreign_api.headers)
        assert answer.status_code == 404, path
        assert answer.mimetype == "application/problem+json"


def test_errors_name_the_limit(api: Api) -> None:
    limit = Limits().scene_bytes
    answer = create(api, {"sceneGraphState": "x" * limit})
    assert errors_by_path(answer) == {
        "sceneGraphState": f"At most {limit:,} bytes of JSON; this has {limit + 2:,}."
    }


def test_a_repeat_with_the_same_key_gets_the_first_answer(app: Flask, api: Api) -> None:
    api.headers["Idempotency-Key"] = "key-1"
    first = create(api, {"variant": {"a": 1}})
    again = create(api, {"variant": {"a": 1}})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert errors_by_path(create(api, {"variant": {"a": 2}})).keys() == {"Idempotency-Key"}
    assert saved(app) == 1


def test_two_at_the_same_moment_with_one_key_make_one(app: Flask, api: Api) -> None:
    api.headers["Idempotency-Key"] = "key-2"
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: create(twin(app, api), {"scope": "x"}), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert saved(app) == 1


def twin(app: Flask, api: Api) -> Api:
    """Return the same caller with a client of its own, for another thread."""
    return replace(api, client=app.test_client())
