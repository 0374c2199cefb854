"""Puts the OpenAPI 3.1 document together: operations, schemas, refusals."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from orders.api.answer_schema import OrderMessage, Problem
from orders.api.description import messages
from orders.api.description.accesstoken_operations import ACCESSTOKEN_CHAPTER
from orders.api.description.configuration_operations import CONFIGURATION_CHAPTER
from orders.api.description.order_bodies import LINE_LIST, LINE_LIST_SCHEMA
from orders.api.description.order_operations import ORDER_CHAPTER
from orders.api.description.parts import (
    JSON,
    Answer,
    Body,
    Chapter,
    Example,
    Link,
    Operation,
    Parameter,
    Tokens,
)
from orders.api.description.refusals import HEADERS, PROBLEM_JSON, REFUSALS
from orders.api.description.schemas import PLACE, Mode, schemas_of
from orders.api.description.service_operations import SERVICE_CHAPTER
from orders.api.description.webhook_operations import WEBHOOK_CHAPTER
from orders.rules.inputs import Limits
from orders.rules.webhook import Topic
from orders.settings import PROJECT

CHAPTERS: tuple[Chapter, ...] = (
    ORDER_CHAPTER,
    CONFIGURATION_CHAPTER,
    WEBHOOK_CHAPTER,
    ACCESSTOKEN_CHAPTER,
    SERVICE_CHAPTER,
)

INTRODUCTION = """\
Orders for configured products: create them from a storefront or a script, read and change them.

Clients of the Threekit platform's Orders API keep working after a change of host name. Words in
this document are wire names; they never change. Query parameters that the service does not know
are ignored and empty ones count as not sent; unknown fields of a body are refused by name.

Every refusal is `application/problem+json` (RFC 9457). Input that is not valid is 422 and lists
every fault at once. A refused request leaves nothing behind. A method that an address does not
take is 405 with `Allow`, an address that does not exist is 404.
"""

SECURITY_SCHEMES = {
    "bearerHeader": {
        "type": "http",
        "scheme": "bearer",
        "description": "A private token, a server's secret: `Authorization: Bearer …`. A public "
        "token may come this way too.",
    },
    "bearerQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "bearer_token",
        "description": "Mostly a public token, which sits in a web page and works only where "
        "`Origin` (or, without it, `Referer`) names one of its domains. Sent both ways at once, "
        "both must be the same token.",
    },
}


@lru_cache(maxsize=8)
def document(limits: Limits, server: str) -> dict[str, Any]:
    """Give the document of a service with these limits, whose paths begin at `server`."""
    schemas = schemas_of(_models())
    # Settings, so the classes do not know them.
    schemas[LINE_LIST] = {**LINE_LIST_SCHEMA, "maxItems": limits.cart_lines}
    for name in ("OrderInput", "OrderChangesInput", "CartInput"):
        schemas[name]["properties"]["cart"]["maxItems"] = limits.cart_lines
    schemas["OrderInput"]["properties"]["items"]["maxItems"] = limits.items
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Shortorder",
            "summary": "The order desk for configured products",
            "description": INTRODUCTION,
            "version": _version(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server}],
        "security": [{name: []} for name in SECURITY_SCHEMES],
        "tags": [{"name": one.tag, "description": one.description} for one in CHAPTERS],
        "paths": _paths(),
        "webhooks": {str(topic): {"post": _message(topic)} for topic in messages.EVENTS},
        "components": {
            "schemas": schemas,
            "responses": {
                refusal.name: {
                    "description": refusal.when,
                    **_headers(refusal.headers),
                    "content": {
                        PROBLEM_JSON: {
                            "schema": _reference(Problem),
                            "examples": {"problem": {"value": refusal.problem(status)}},
                        }
                    },
                }
                for status, refusal in REFUSALS.items()
            },
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def operations() -> Iterator[Operation]:
    """Give all operations of the service, chapter by chapter."""
    for chapter in CHAPTERS:
        yield from chapter.operations


def _version() -> str:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def _models() -> Iterator[tuple[type[BaseModel], Mode]]:
    yield Problem, "validation"
    yield OrderMessage, "validation"
    for operation in operations():
        shapes = [part.shape for part in operation.bodies]
        shapes += [part.shape for part in operation.answers if part.shape is not None]
        shapes += [model for part in operation.bodies for model in part.also]
        yield from ((shape, "validation") for shape in shapes if isinstance(shape, type))


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"{operation.description}\n\n{operation.tokens.value}",
        "tags": [operation.tag],
    }
    if operation.tokens is Tokens.NONE:
        described["security"] = []
    if operation.is_deprecated:
        described["deprecated"] = True
    if operation.parameters:
        described["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.bodies:
        described["requestBody"] = {
            "required": True,
            "content": {body.media_type: _content(body) for body in operation.bodies},
        }
    responses = {str(answer.status): _answer(answer) for answer in operation.answers}
    for status, when in sorted(operation.refusals.items()):
        reference = {"$ref": f"#/components/responses/{REFUSALS[status].name}"}
        responses[str(status)] = reference if when is None else {**reference, "description": when}
    return {**described, "responses": responses}


def _message(topic: Topic) -> dict[str, Any]:
    said, _ = messages.EVENTS[topic]
    body = messages.body_of(topic)
    return {
        "operationId": f"told{topic.name.capitalize()}",
        "summary": said,
        "description": "What the service posts to the address of a webhook with this topic.",
        "tags": [WEBHOOK_CHAPTER.tag],
        "security": [],
        "parameters": [_parameter(parameter) for parameter in messages.HEADERS],
        "requestBody": {"required": True, "content": {body.media_type: _content(body)}},
        "responses": messages.ANSWERS,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    value = {"schema": parameter.schema, "example": parameter.example}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        **({"content": {JSON: value}} if parameter.is_json else value),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description, **_headers(answer.headers)}
    if answer.shape is not None:
        described["content"] = {answer.media_type: _content(answer)}
    if answer.links:
        described["links"] = {name: _link(link) for name, link in answer.links.items()}
    return described


def _content(part: Body | Answer) -> dict[str, Any]:
    return {
        "schema": _reference(part.shape),
        "examples": {name: _example(example) for name, example in part.examples.items()},
    }


def _example(example: Example) -> dict[str, Any]:
    return {"summary": example.summary, "value": example.value}


def _link(link: Link) -> dict[str, Any]:
    return {
        "operationId": link.operation,
        "parameters": dict(link.parameters),
        "description": link.description,
    }


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return {}
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}


def _reference(shape: type[BaseModel] | Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {"$ref": PLACE + shape.__name__} if isinstance(shape, type) else shape or {}
