"""The OpenAPI document is correct: all routes, valid examples, answers as described."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from sqlalchemy import select

from orders.domain.inputs import Limits
from orders.interfaces.api.application import Router, all_endpoints
from orders.interfaces.api.service import document
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from tests.api.calls import Api

pytestmark = pytest.mark.one_database(reason="the document, and answers held against it")

DOCUMENT = document(Limits(), "/")
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return everything of the operation itself that has a schema and examples."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for response in operation["responses"].values():
        yield from response.get("content", {}).values()


def faults(schema: dict[str, Any], value: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """Return what the schema, one of the document, finds wrong with a value."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def always_there(described: dict[str, Any]) -> set[str]:
    """Return the headers that an answer must have."""
    headers = DOCUMENT["components"]["headers"]
    return {name for name in described.get("headers", ()) if headers[name]["required"]}


def request_examples() -> Iterator[Any]:
    for path, method, operation in operations():
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            for name, example in content["examples"].items():
                if kind == "application/json":
                    yield pytest.param(path, method, example["value"], id=f"{path} {method} {name}")


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_it_contains_every_route_and_no_others() -> None:
    routed = {
        (path, method.lower())
        for path, methods in Router(all_endpoints()).paths.items()
        for method in methods.keys() - {"HEAD", "OPTIONS"}
    }
    assert routed == {(path, method) for path, method, _ in operations()}


def test_operations_have_different_ids_and_links_lead_to_them() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    linked = {
        link["operationId"]
        for _, _, operation in operations()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }
    assert linked <= set(ids)


def test_every_operation_is_described_with_its_errors() -> None:
    for path, method, operation in operations():
        assert operation["summary"], path
        assert operation["description"], path
        if operation.get("security") != []:
            assert {"401", "403", "429", "503"} <= operation["responses"].keys(), (path, method)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= operation["responses"].keys(), (path, method)


def test_every_example_is_valid() -> None:
    shown = [content for _, _, operation in operations() for content in contents(operation)]
    for response in DOCUMENT["components"]["responses"].values():
        shown += response["content"].values()
    assert all(content["examples"] for content in shown)
    for content in shown:
        for name, example in content["examples"].items():
            assert faults(content["schema"], example["value"]) == [], name


def test_examples_of_fields_and_parameters_are_valid() -> None:
    fields = [
        (name, field["examples"], field)
        for schema in DOCUMENT["components"]["schemas"].values()
        for name, field in schema.get("properties", {}).items()
        if "examples" in field
    ]
    parameters = [
        (one["name"], [value["example"]], value["schema"])
        for _, _, operation in operations()
        for one in operation.get("parameters", ())
        for value in ([one] if "schema" in one else one["content"].values())
    ]
    assert fields
    assert parameters
    for name, examples, schema in fields + parameters:
        for example in examples:
            assert faults(schema, example) == [], name


@pytest.mark.parametrize(("path", "method", "example"), list(request_examples()))
def test_the_application_accepts_the_examples(
    api: Api, path: str, method: str, example: object
) -> None:
    # What is changed must be there first.
    reference = api.create({"status": "In Cart"}).json["id"]
    hook = {"topic": "order.deleted", "address": "https://shop.example/hook"}
    webhook = api.call("POST", "/webhooks", hook).json["webhook"]["id"]
    answer = api.client.open(
        path.replace("{reference}", reference).replace("{webhook_id}", webhook),
        method=method, json=example, headers=api.headers,
    )  # fmt: skip
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert answer.status_code < 300, answer.text
    described = responses[str(answer.status_code)]
    assert faults(described["content"]["application/json"]["schema"], answer.json) == []
    assert always_there(described) <= set(answer.headers.keys())


def test_the_schemas_refuse_what_the_application_refuses(api: Api) -> None:
    line = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
    schema = DOCUMENT["components"]["schemas"]["OrderInput"]
    refused: list[dict[str, Any]] = [
        {},
        {"cart": []},
        {"cart": [], "items": [line]},
        {"items": []},
        {"status": "Complete"},
        {"status": "list"},
        {"nmae": "x", "cart": [line]},
        {"name": "x" * 256, "cart": [line]},
        {"name": "a\0", "cart": [line]},
        {"metadata": [1], "cart": [line]},
        {"metadata": {"a\0": 1}, "cart": [line]},
        {"metadata": {"a": 2**63}, "cart": [line]},
        {"metadata": "x", "cart": [line]},
        {"platform": {"id": True}, "cart": [line]},
        {"cart": [{**line, "count": 0}]},
        {"cart": [{**line, "count": 1.5}]},
        {"cart": [{**line, "count": True}]},
        {"cart": [{**line, "metadata": [1]}]},
        {"cart": [{**line, "configurationId": "short"}]},
        {"cart": [line] * 1001},
    ]
    taken: list[dict[str, Any]] = [
        {"status": "List"},
        {"items": [{"odd": []}]},
        {"cart": [{**line, "count": 2.0}], "platform": {"x": [1e18, None]}},
        {"name": None, "customerId": "é" * 255, "cart": [line]},
        {"cart": [{**line, "metadata": None}], "status": None, "items": None, "orgId": None},
        {"metadata": {"a": {"b": []}}, "platform": {"id": 4711}, "cart": [line]},
        {"metadata": [], "derivative": None, "platform": [], "customerId": 7, "cart": [line]},
    ]
    for bad in refused:
        assert faults(schema, bad), bad
        assert api.create(bad).status_code == 422, bad
    for good in taken:
        assert faults(schema, good) == [], good
        assert api.create(good).status_code == 201, good


def test_messages_of_webhooks_are_as_described(app: Flask, api: Api) -> None:
    for topic in DOCUMENT["webhooks"]:
        hook = {"topic": topic, "address": "https://shop.example/hook"}
        assert api.call("POST", "/webhooks", hook).status_code == 201
    order = api.create({"status": "In Cart"}).json["id"]
    assert api.call("PUT", f"/orders/{order}", {"name": "Other"}).status_code == 200
    assert api.call("DELETE", f"/orders/{order}").status_code == 200
    with app.app_context(), database.read() as connection:
        sent = connection.execute(select(WebhookDelivery.topic, WebhookDelivery.payload)).all()
    assert {row.topic for row in sent} == DOCUMENT["webhooks"].keys()
    for row in sent:
        [content] = DOCUMENT["webhooks"][row.topic]["post"]["requestBody"]["content"].values()
        assert faults(content["schema"], json.loads(row.payload)) == []
        for example in content["examples"].values():
            assert faults(content["schema"], example["value"]) == []


def test_it_is_public_and_may_be_cached(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json == json.loads(json.dumps(DOCUMENT))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.cache_control.public
    etag = answer.headers["ETag"]
    again = client.get("/api/openapi.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_paths_begin_where_the_service_is_mounted(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json", environ_overrides={"SCRIPT_NAME": "/desk"})
    assert answer.json is not None
    assert answer.json["servers"] == [{"url": "/desk"}]
