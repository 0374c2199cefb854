"""The OpenAPI 3.1 document, generated from the endpoints' declarations and their models."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from orders import __version__
from orders.domain.fields import ALSO_SENT, SHARED, SHARED_BASE
from orders.domain.inputs import Limits
from orders.domain.webhook import Topic
from orders.interfaces.api import webhooks
from orders.interfaces.api.endpoints import (
    JSON,
    REPLAYED,
    Access,
    Endpoint,
    Example,
    RequestBody,
    Resource,
    Shape,
    Success,
)
from orders.interfaces.api.order_bodies import LINE_LIST, LINE_LIST_SCHEMA
from orders.interfaces.api.parameters import Parameter
from orders.interfaces.api.responses import PROBLEM_TYPE, problem_value
from orders.interfaces.api.schemas import MOMENT, SCHEMAS, OrderMessage, Problem

INTRODUCTION = """\
Orders for configured products: create, read, and change them from a storefront or a script.

Clients of the Threekit platform's Orders API keep working after a change of host name. The
names in this document never change. Empty query parameters count as not sent; unknown ones are
ignored, but a name that is nearly one of ours is refused. Unknown fields of a body are refused by
name. A schema is the form to send; `x-also-sent` beside it lists other forms that are read too, for
clients that cannot send that one.

Every error is `application/problem+json` (RFC 9457). Input that is not valid is 422 with a list of
all errors. A refused request changes nothing. A method that a path does not support is 405 with
`Allow`; a path that does not exist is 404.
"""

# What is the same for all services: security schemes, headers and errors of responses, and the
# headers of messages to webhooks with the responses that they may get.
COMPONENTS: dict[str, Any] = json.loads(
    Path(__file__).with_name("components.json").read_text("utf-8")
)
# Names of headers that are described under another name too.
HEADERS = {"OrderETag": "ETag"}
# By status: the name, the description, which endpoints may replace, and what the example says.
ERRORS: dict[int, dict[str, Any]] = {int(one): error for one, error in COMPONENTS["errors"].items()}


def document(resources: Iterable[Resource], limits: Limits, server: str) -> dict[str, Any]:
    """Return the OpenAPI document as a JSON object.

    `limits` are the maximum sizes that the schemas state. `server` is the API's root URL, such as
    `/`.
    """
    endpoints = [endpoint for resource in resources for endpoint in resource.endpoints]
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Shortorder",
            "summary": "The order desk for configured products",
            "description": INTRODUCTION,
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server}],
        "security": [{name: []} for name in COMPONENTS["securitySchemes"]],
        "tags": [{"name": one.tag, "description": one.description} for one in resources],
        "paths": paths,
        "webhooks": {str(topic): {"post": _message(topic)} for topic in webhooks.EVENTS},
        "components": {
            **_schemas(endpoints, limits),
            "responses": {one["name"]: _error(status, one) for status, one in ERRORS.items()},
            "headers": COMPONENTS["headers"],
            "securitySchemes": COMPONENTS["securitySchemes"],
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "description": f"{endpoint.description}\n\n{endpoint.access.value}",
        "tags": [endpoint.tag],
    }
    if endpoint.access is Access.NONE:
        described["security"] = []
    elif endpoint.is_open is not None:
        described["security"] = [{}, *({name: []} for name in COMPONENTS["securitySchemes"])]
    if endpoint.is_deprecated:
        described["deprecated"] = True
    parameters = [_parameter(one) for one in endpoint.all_parameters]
    if endpoint.access is not Access.NONE:
        parameters.append(COMPONENTS["tokenParameter"])
    if parameters:
        described["parameters"] = parameters
    if endpoint.bodies:
        described["requestBody"] = {
            "required": True,
            "content": {body.media_type: _content(body) for body in endpoint.bodies},
        }
    also = (REPLAYED,) if endpoint.is_idempotent else ()
    responses = {str(one.status): _success(one, also) for one in endpoint.responses}
    for status, when in sorted(endpoint.error_descriptions.items()):
        reference = {"$ref": f"#/components/responses/{ERRORS[status]['name']}"}
        responses[str(status)] = reference if when is None else {**reference, "description": when}
    return {**described, "responses": responses}


def _message(topic: Topic) -> dict[str, Any]:
    summary, order = webhooks.EVENTS[topic]
    data = {name: value for name, value in order.value.items() if name != "warnings"}
    message = {"type": str(topic), "timestamp": MOMENT, "version": 1, "data": data}
    body = RequestBody(OrderMessage, {"message": Example(order.summary, message)})
    return {
        "operationId": f"told{topic.name.capitalize()}",
        "summary": summary,
        "description": "The service posts this to the URL of every webhook with this topic.",
        "tags": [webhooks.resource.tag],
        "security": [],
        "parameters": COMPONENTS["messageHeaders"],
        "requestBody": {"required": True, "content": {JSON: _content(body)}},
        "responses": COMPONENTS["messageResponses"],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema, example = parameter.schema, parameter.example
    if parameter.is_json:
        # As a text: many generators know no `content` of a parameter, or write it as `id=5001`.
        schema = {"type": "string", "contentMediaType": JSON, "contentSchema": schema}
        example = json.dumps(example)
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": schema,
        **({} if example is None else {"example": example}),
    }


def _success(success: Success, also: tuple[str, ...]) -> dict[str, Any]:
    headers = _headers((*success.headers, *also))
    described: dict[str, Any] = {"description": success.description, **headers}
    if success.shape is not None:
        described["content"] = {JSON: _content(success)}
    if success.links:
        described["links"] = success.links
    return described


def _error(status: int, error: Mapping[str, Any]) -> dict[str, Any]:
    example = problem_value(status, error["detail"], error.get("errors", ()))
    content = {"schema": _reference(Problem), "examples": {"problem": {"value": example}}}
    return {
        "description": error["when"],
        **_headers(error.get("headers", ())),
        "content": {PROBLEM_TYPE: content},
    }


def _content(part: RequestBody | Success) -> dict[str, Any]:
    content = {"schema": _reference(part.shape), "examples": _examples(part.examples)}
    if isinstance(part, RequestBody) and part.other_examples:
        content[ALSO_SENT] = _examples(part.other_examples)
    return content


def _examples(examples: Mapping[str, Example]) -> dict[str, Any]:
    return {name: asdict(example) for name, example in examples.items()}


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return {}
    return {
        "headers": {
            HEADERS.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names
        }
    }


def _reference(shape: Shape | None) -> Mapping[str, Any]:
    return {"$ref": SCHEMAS + shape.__name__} if isinstance(shape, type) else shape or {}


def _schemas(endpoints: Iterable[Endpoint], limits: Limits) -> dict[str, Any]:
    """Return the part of `components` that describes the models used by the endpoints.

    Its key `schemas` has the models' schemas by name. The schemas of models that only alternative
    request forms use are under the key ALSO_SENT instead.
    """
    shapes: list[Shape | None] = [Problem, OrderMessage]
    for endpoint in endpoints:
        shapes += [one.shape for one in endpoint.bodies]
        shapes += [one.shape for one in endpoint.responses]
        shapes += [model for body in endpoint.bodies for model in (*body.also, *body.others)]
    models = dict.fromkeys(one for one in shapes if isinstance(one, type))
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template=f"{SCHEMAS}{{model}}",
        schema_generator=_SchemaGenerator,
    )
    text = json.dumps({**found.get("$defs", {}), **SHARED})
    schemas: dict[str, Any] = dict(sorted(json.loads(text.replace(SHARED_BASE, SCHEMAS)).items()))
    # Limits are settings, so the models do not contain them.
    schemas[LINE_LIST] = {**LINE_LIST_SCHEMA, "maxItems": limits.cart_lines}
    for name in ("OrderInput", "OrderChangesInput", "CartInput"):
        schemas[name]["properties"]["cart"]["maxItems"] = limits.cart_lines
    schemas["OrderInput"]["properties"]["items"]["maxItems"] = limits.items
    others = [one.__name__ for each in endpoints for body in each.bodies for one in body.others]
    also_sent = {name: schemas.pop(name) for name in sorted(set(others))}
    return {"schemas": schemas, ALSO_SENT: also_sent}


class _SchemaGenerator(GenerateJsonSchema):
    """Pydantic's JSON Schema generator, without titles and defaults, and with simpler nulls."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Return False: the title of a field would only repeat its name."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema without its `default`, which generated clients would always send.

        Most defaults only mean "not sent". The other defaults are named in the fields'
        descriptions.
        """
        found = super().default_schema(schema)
        found.pop("default", None)
        return found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema of a nullable value, as `"type": [..., "null"]` where possible."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str) and "enum" not in inner:
            return {**inner, "type": [inner["type"], "null"]}
        return super().nullable_schema(schema)
