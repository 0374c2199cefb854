"""The OpenAPI document is correct: all routes, valid examples, answers as described."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from sqlalchemy import select

from orders.domain.fields import ALSO_SENT
from orders.domain.inputs import Limits
from orders.interfaces.api.application import Router, all_endpoints
from orders.interfaces.api.service import document
from orders.storage import database
from orders.storage.models.webhooks import WebhookDelivery
from tests.api.calls import Api
from tests.exact_document import exact, exact_part
from tests.uploads import KIND, PDF, PNG, Form

pytestmark = pytest.mark.one_database(reason="the document, and answers held against it")

DOCUMENT = document(Limits(), "/")
EXACT = exact(DOCUMENT)
# No value of these is right for every reader, and an example has to run as it is.
WITHOUT_EXAMPLE = {
    "orgId", "bearer_token", "Customer-Id", "Idempotency-Key", "If-Match", "If-None-Match", "after",
}  # fmt: skip
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


def faults(
    schema: dict[str, Any],
    value: Any,  # noqa: ANN401 - any JSON value
    source: dict[str, Any] = DOCUMENT,
) -> list[str]:
    """Return what the schema, one of the document, finds wrong with a value."""
    whole = {**schema, "components": source["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def always_there(described: dict[str, Any]) -> set[str]:
    """Return the headers that an answer must have."""
    headers = DOCUMENT["components"]["headers"]
    return {name for name in described.get("headers", ()) if headers[name]["required"]}


def request_examples() -> Iterator[Any]:
    for path, method, operation in operations():
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            for name, example in exact_part(content)["examples"].items():
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


def schemas_in(part: Any, *, is_schema: bool = False) -> Iterator[Any]:  # noqa: ANN401 - any JSON value
    """Yield every schema that generators of clients read, booleans among them."""
    if is_schema:
        yield part
    if isinstance(part, list):
        for one in part:
            yield from schemas_in(one, is_schema=is_schema)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in {"properties", "schemas"}:
                for one in value.values():
                    yield from schemas_in(one, is_schema=True)
            elif key not in {"examples", "example", "default", "enum", ALSO_SENT}:
                # A boolean says whether an object may have other properties.
                named = {"schema", "items", "anyOf", "else", "if", "contentSchema"}
                yield from schemas_in(value, is_schema=key in named)


def test_no_schema_is_a_boolean() -> None:
    found = [one for one in schemas_in(DOCUMENT) if not isinstance(one, list)]
    assert len(found) > 300
    assert all(isinstance(one, dict) for one in found)


def test_no_schema_contains_itself() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    refers = {
        name: {
            one["$ref"].rpartition("/")[2]
            for one in schemas_in(schema, is_schema=True)
            if isinstance(one, dict) and "$ref" in one
        }
        for name, schema in schemas.items()
    }
    while ends := {name for name, others in refers.items() if not others}:
        refers = {name: others - ends for name, others in refers.items() if name not in ends}
    assert refers == {}


def test_an_order_is_one_schema_of_plain_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert not {"anyOf", "oneOf", "allOf"} & schemas["OrderInput"].keys()
    for path, method in (("/api/orders", "post"), ("/api/orders/{reference}", "put")):
        [content] = DOCUMENT["paths"][path][method]["requestBody"]["content"].values()
        assert "$ref" in content["schema"], path
    [platform] = [
        one
        for one in DOCUMENT["paths"]["/api/orders"]["get"]["parameters"]
        if one["name"] == "platform"
    ]
    assert platform["schema"]["type"] == "string"


def test_the_token_is_listed_where_it_is_taken() -> None:
    for path, method, operation in operations():
        names = [one["name"] for one in operation.get("parameters", ())]
        needs_token = operation.get("security") != []
        assert names.count("bearer_token") == needs_token, (path, method)


def test_every_example_is_valid() -> None:
    shown = [content for _, _, operation in operations() for content in contents(operation)]
    for response in DOCUMENT["components"]["responses"].values():
        shown += response["content"].values()
    assert all(content["examples"] for content in shown)
    for content in shown:
        for name, example in content["examples"].items():
            assert faults(content["schema"], example["value"]) == [], name
        for name, example in exact_part(content)["examples"].items():
            schema = exact_part(content["schema"])
            assert faults(schema, example["value"], EXACT) == [], name


def test_examples_of_fields_and_parameters_are_valid() -> None:
    fields = [
        (name, field["examples"], field)
        for schema in DOCUMENT["components"]["schemas"].values()
        for name, field in schema.get("properties", {}).items()
        if "examples" in field
    ]
    declared = [one for _, _, operation in operations() for one in operation.get("parameters", ())]
    assert {one["name"] for one in declared if "example" not in one} == WITHOUT_EXAMPLE
    parameters = [
        (one["name"], [one["example"]], one["schema"]) for one in declared if "example" in one
    ]
    texts = [one for one in declared if "contentSchema" in one["schema"]]
    parameters += [
        (one["name"], [json.loads(one["example"])], one["schema"]["contentSchema"]) for one in texts
    ]
    assert fields
    assert texts
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
    customer = api.call("POST", "/customers", {"customerId": "C-1"}).json["customerId"]
    path_here = path.replace("{reference}", reference).replace("{webhook_id}", webhook)
    answer = api.client.open(
        path_here.replace("{customer_id}", customer),
        method=method, json=example, headers=api.headers,
    )  # fmt: skip
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert answer.status_code < 300, answer.text
    described = responses[str(answer.status_code)]
    assert faults(described["content"]["application/json"]["schema"], answer.json) == []
    assert always_there(described) <= set(answer.headers.keys())


@pytest.mark.parametrize(("path", "method"), [one[:2] for one in operations()])
def test_the_examples_run_as_they_are(api: Api, path: str, method: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    if "{token_id}" in path:
        made = api.token_id
    elif "/webhooks" in path:
        hook = {"topic": "order.deleted", "address": "https://shop.example/hook"}
        made = api.call("POST", "/webhooks", hook).json["webhook"]["id"]
    elif "/configurations" in path or "/files" in path:
        form = Form().file("files[drawing]", "drawing.pdf", PDF, "application/pdf")
        form.file("thumbnail", "chair.png", PNG, "image/png")
        sent = api.client.post(
            "/api/configurations", data=form.body(), content_type=KIND, headers=api.headers
        )
        assert sent.json is not None
        by_name = sent.json["thumbnail"].rpartition("/")[2]
        made = by_name if "/files/hash" in path else sent.json["id"]
    elif "/customers" in path:
        made = api.call("POST", "/customers", {"customerId": "C-1"}).json["customerId"]
    else:
        made = api.create({"status": "In Cart"}).json["id"]
    if path.endswith("/restore"):
        assert api.call("DELETE", f"{path[4:].partition('/{')[0]}/{made}").status_code == 200
    given = [one for one in operation.get("parameters", ()) if "example" in one]
    for one in given:
        if one["in"] == "path":
            value = one["example"] if one["name"] == "key" else made
            path = path.replace(f"{{{one['name']}}}", value)
    query = {
        one["name"]: json.dumps(one["example"]) if one["example"] is True else one["example"]
        for one in given
        if one["in"] == "query"
    }
    json_body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    examples = json_body["examples"].values() if json_body else [{"value": None}]
    for example in examples:
        answer = api.client.open(
            path, method=method, json=example["value"], query_string=query, headers=api.headers,
        )  # fmt: skip
        assert answer.status_code < 300, answer.text


def test_the_schemas_refuse_what_the_application_refuses(api: Api) -> None:
    line = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
    schema = EXACT["components"]["schemas"]["OrderInput"]
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
        {"cart": None, "items": [line]},
    ]
    for bad in refused:
        assert faults(schema, bad, EXACT), bad
        assert api.create(bad).status_code == 422, bad
    for good in taken:
        assert faults(schema, good, EXACT) == [], good
        assert api.create(good).status_code == 201, good


def test_messages_of_webhooks_are_as_described(app: Flask, api: Api) -> None:
    for topic in DOCUMENT["webhooks"]:
        hook = {"topic": topic, "address": "https://shop.example/hook"}
        assert api.call("POST", "/webhooks", hook).status_code == 201
    order = api.create({"status": "In Cart"}).json["id"]
    assert api.call("PUT", f"/orders/{order}", {"name": "Other"}).status_code == 200
    assert api.call("POST", f"/orders/{order}/cancel", {}).status_code == 200
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
    assert answer.json == {
        **json.loads(json.dumps(DOCUMENT)), "servers": [{"url": "http://localhost"}],
    }  # fmt: skip
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.cache_control.public
    etag = answer.headers["ETag"]
    again = client.get("/api/openapi.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_paths_begin_where_the_service_is_mounted(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json", environ_overrides={"SCRIPT_NAME": "/desk"})
    assert answer.json is not None
    assert answer.json["servers"] == [{"url": "http://localhost/desk"}]


def test_the_server_is_the_public_one_or_the_one_that_was_asked(
    app: Flask, client: FlaskClient
) -> None:
    def server() -> str:
        answer = client.get("/api/openapi.json", base_url="https://orders.internal:8443")
        assert answer.json is not None
        [found] = answer.json["servers"]
        return str(found["url"])

    assert server() == "https://orders.internal:8443"
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"],
        public_url="https://orders.example/",
        allowed_hosts="orders.internal",
    )
    assert server() == "https://orders.example"
