"""Contract: invalid requests, each with its status, never a 5xx, and nothing stored."""

import json

import pytest
from flask.testing import FlaskClient

from tests.api.calls import Api

pytestmark = pytest.mark.one_database(reason="it is refused before the first statement that writes")

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
GOOD = json.dumps({"cart": [LINE]})
CART = f'"cart": [{json.dumps(LINE)}]'


@pytest.mark.parametrize(
    "body",
    ["", "{", "nonsense", "[]", "1", "null", '"text"', '{"a":1,}', "{'a':1}", '{"name": NaN}',
     '{"name": Infinity}', '{"name": -Infinity}', GOOD + "x", "\ufeff\ufeff" + GOOD],
)  # fmt: skip
def test_what_is_not_a_json_object_is_400(api: Api, body: str) -> None:
    answer = api.post(body.encode())
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert set(answer.json) >= {"type", "title", "status", "detail"}


def test_bytes_that_are_not_utf_8_are_400(api: Api) -> None:
    assert api.post(b'{"name": "\xff"}').status_code == 400
    assert api.post(GOOD.encode("utf-16")).status_code == 400


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'{{"metadata": {{"a": 1e999}}, {CART}}}', "metadata.a"),
        (f'{{"metadata": {{"a": 9223372036854775808}}, {CART}}}', "metadata.a"),
        (f'{{"metadata": {{"a": -9223372036854775809}}, {CART}}}', "metadata.a"),
        (f'{{"metadata": {{"a": {"9" * 5000}}}, {CART}}}', "metadata.a"),
        (f'{{"metadata": {{"a": 1, "a": 2}}, {CART}}}', "metadata.a"),
        (f'{{"name": "a", "name": "b", {CART}}}', "name"),
        (f'{{"name": "\\ud800", {CART}}}', "name"),
        (f'{{"name": "a\\u0000", {CART}}}', "name"),
        (f'{{"metadata": {{"b": "a\\u0000"}}, {CART}}}', "metadata.b"),
        (f'{{"platform": {{"x": ["\\udc00"]}}, {CART}}}', "platform.x.0"),
    ],
)
def test_values_that_cannot_be_stored_are_422_by_their_path(api: Api, text: str, path: str) -> None:
    answer = api.post(text)
    assert answer.status_code == 422
    assert path in [error["path"] for error in answer.json["errors"]]


@pytest.mark.parametrize("depth", [17, 500, 5_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_deep_nesting_is_422(api: Api, depth: int, opening: str, closing: str) -> None:
    deep = opening * depth + "1" + closing * depth
    answer = api.post(f'{{"platform": {{"a": {deep}}}, {CART}}}')
    assert answer.status_code == 422
    assert any("nest" in error["message"].lower() for error in answer.json["errors"])


def test_a_null_key_in_a_nested_object_is_named(api: Api) -> None:
    answer = api.post(f'{{"metadata": {{"a": {{"b\\u0000": 1}}}}, {CART}}}')
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=latin-1",
     "multipart/form-data; boundary=x"],
)  # fmt: skip
def test_another_type_is_415(api: Api, content_type: str) -> None:
    assert api.post(GOOD, content_type=content_type).status_code == 415


def test_a_body_over_the_limit_is_413(api: Api) -> None:
    answer = api.post(b'{"name": "' + b"x" * 1_100_000 + b'"}')
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert "1,048,576" in answer.json["detail"]


def test_a_body_shorter_than_announced_is_400(api: Api) -> None:
    answer = api.client.post(
        "/api/orders",
        data=GOOD,
        environ_overrides={"CONTENT_LENGTH": str(len(GOOD) + 5)},
        content_type="application/json",
        headers=api.headers,
    )
    assert answer.status_code == 400


def test_errors_contain_name_and_number_of_the_limit(api: Api) -> None:
    cart = {"cart": [LINE] * 1001}
    errors = api.create(cart).json["errors"]
    assert [(e["path"], "1,000" in e["message"], "1,001" in e["message"]) for e in errors] == [
        ("cart", True, True)
    ]
    errors = api.create({"cart": [LINE], "metadata": {"a": "x" * 70_000}}).json["errors"]
    assert [(e["path"], "65,536" in e["message"]) for e in errors] == [("metadata", True)]


def test_unknown_addresses_and_methods_answer_as_problems(client: FlaskClient) -> None:
    for answer, status in [
        (client.get("/api/nothing"), 404),
        (client.delete("/api/orders/healthcheck"), 405),
        (client.get("/api"), 404),
    ]:
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"


def test_unknown_query_parameters_are_ignored(api: Api) -> None:
    query = {"cacheScope": "x", "cacheMaxAge": "9"}
    assert api.create({"cart": [LINE]}, query=query).status_code == 201
