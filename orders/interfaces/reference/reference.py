"""The API reference page: the OpenAPI document by chapters, with code samples."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.inputs import Limits
from orders.interfaces.api.service import document
from orders.interfaces.http.current_settings import current_limits, service_address
from orders.interfaces.http.session import current_member
from orders.interfaces.reference.samples import LANGUAGES, SampleRequest, code_for
from orders.interfaces.reference.schema_words import SCHEMAS, Field, SchemaWords, Shape
from orders.services.accounts import tokens as access_tokens

JSON = "application/json"
DOCUMENT_PATH = "/api/openapi.json"
# Optional parameters that the code sends too, as examples of filters.
SHOWN_OPTIONAL = ("customerId", "perPage")
RESPONSES = "#/components/responses/"
_CODE = re.compile(r"`([^`]+)`")

reference_pages = Blueprint("reference", __name__, url_prefix="/docs")


@dataclass(frozen=True, slots=True)
class ParameterText:
    """A parameter of the path, the query or a header; `example` as it is typed."""

    name: str
    place: str
    type: str
    is_required: bool
    rule: str
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class ExampleText:
    """An example as indented JSON."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body of one media type, with the forms that it may have."""

    media_type: str
    shapes: tuple[Shape, ...]
    examples: tuple[ExampleText, ...]

    @property
    def is_json(self) -> bool:
        """Whether the body can be typed; forms with files are described only."""
        return self.media_type == JSON


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A response; `object_name` names the object of the chapter that it contains."""

    status: int
    description: str
    headers: tuple[str, ...]
    media_type: str
    object_name: str
    examples: tuple[ExampleText, ...]


@dataclass(frozen=True, slots=True)
class EndpointText:
    """One operation, with its code by the languages' keys."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    tokens: str
    needs_token: bool
    is_deprecated: bool
    parameters: tuple[ParameterText, ...]
    bodies: tuple[BodyText, ...]
    answers: tuple[AnswerText, ...]
    refusals: tuple[AnswerText, ...]
    code: Mapping[str, str]

    @property
    def json_body(self) -> BodyText | None:
        return next((body for body in self.bodies if body.is_json), None)


@dataclass(frozen=True, slots=True)
class DescribedObject:
    """An object in responses, with its fields."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class ChapterText:
    """The endpoints of one resource, and the objects in their responses."""

    name: str
    description: str
    endpoints: tuple[EndpointText, ...]
    objects: tuple[DescribedObject, ...]

    @property
    def anchor(self) -> str:
        return f"chapter-{self.name.lower().replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page."""

    base: str
    introduction: str
    chapters: tuple[ChapterText, ...]
    refusals: tuple[AnswerText, ...]

    def endpoint(self, operation_id: str) -> EndpointText:
        return next(
            one for part in self.chapters for one in part.endpoints if one.id == operation_id
        )


@lru_cache(maxsize=8)
def read_reference(limits: Limits, base: str) -> Reference:
    """Return the page's content for these limits; `base` is the start of all addresses."""
    return _DocumentReader(document(limits, "/"), base).whole()


class _DocumentReader:
    def __init__(self, described: Mapping[str, Any], base: str) -> None:
        self._document = described
        self._shared = described["components"]
        self._words = SchemaWords(self._shared["schemas"])
        self._base = base

    def whole(self) -> Reference:
        operations = [
            (method.upper(), path, operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
        ]
        chapters = []
        for tag in self._document["tags"]:
            of_tag = [one for one in operations if tag["name"] in one[2]["tags"]]
            endpoints = tuple(self._endpoint(*one) for one in of_tag)
            chapters.append(
                ChapterText(tag["name"], tag["description"], endpoints, self._objects(endpoints))
            )
        refusals = {
            status: one["$ref"]
            for _, _, operation in operations
            for status, one in operation["responses"].items()
            if "$ref" in one
        }
        return Reference(
            self._base,
            self._document["info"]["description"],
            tuple(chapters),
            tuple(self._answer(status, {"$ref": refusals[status]}) for status in sorted(refusals)),
        )

    def _endpoint(self, method: str, path: str, operation: Mapping[str, Any]) -> EndpointText:
        description, _, tokens = operation["description"].rpartition("\n\n")
        parameters = tuple(self._parameter(one) for one in operation.get("parameters", ()))
        content = operation.get("requestBody", {}).get("content", {})
        bodies = tuple(
            BodyText(kind, self._words.shapes(part["schema"]), _examples(part))
            for kind, part in content.items()
        )
        needs_token = operation.get("security") != []
        address = _address(path, parameters)
        samples = content.get(JSON, {}).get("examples", {}).values()
        responses = operation["responses"].items()
        answers = tuple(self._answer(*one) for one in responses if "$ref" not in one[1])
        return EndpointText(
            id=operation["operationId"],
            method=method,
            path=path,
            summary=operation["summary"],
            description=description,
            tokens=tokens,
            needs_token=needs_token,
            is_deprecated=bool(operation.get("deprecated")),
            parameters=parameters,
            bodies=bodies,
            answers=answers,
            refusals=tuple(self._answer(*one) for one in responses if "$ref" in one[1]),
            code=code_for(
                SampleRequest(
                    method,
                    self._base + address,
                    needs_token,
                    JSON in content,
                    next((one["value"] for one in samples), None),
                    _file_name(address, method, answers[0]),
                )
            ),
        )

    def _parameter(self, described: Mapping[str, Any]) -> ParameterText:
        # A parameter that is JSON text has its schema and example below a media type.
        is_text = "content" in described
        part = described["content"][JSON] if is_text else described
        return ParameterText(
            name=described["name"],
            place=described["in"],
            type=("JSON text: " if is_text else "") + self._words.type_of(part["schema"]),
            is_required=described["required"],
            rule=self._words.rule_of(part["schema"]),
            description=described["description"],
            example=_as_text(part["example"]),
        )

    def _answer(self, status: str, described: Mapping[str, Any]) -> AnswerText:
        if "$ref" in described:
            name = described["$ref"].removeprefix(RESPONSES)
            described = {**self._shared["responses"][name], **described}
        content: Mapping[str, Any] = described.get("content", {})
        kind, part = next(iter(content.items()), ("", dict[str, Any]()))
        reference = part.get("schema", {}).get("$ref", "")
        return AnswerText(
            status=int(status),
            description=described["description"],
            headers=tuple(described.get("headers", ())),
            media_type=kind,
            object_name=reference.removeprefix(SCHEMAS),
            examples=_examples(part),
        )

    def _objects(self, endpoints: tuple[EndpointText, ...]) -> tuple[DescribedObject, ...]:
        """Return the objects in the endpoints' responses; those inside them are their fields."""
        names = dict.fromkeys(
            answer.object_name
            for endpoint in endpoints
            for answer in endpoint.answers
            if answer.object_name
        )
        shapes = {name: self._words.shapes({"$ref": SCHEMAS + name})[0] for name in names}
        return tuple(
            DescribedObject(name, _title(name), shape.title, shape.fields)
            for name, shape in shapes.items()
        )


def _title(name: str) -> str:
    """Return `order` for `OrderAnswer`, `configuration list` for `ConfigurationList`."""
    words = "".join(f" {one.lower()}" if one.isupper() else one for one in name)
    return words.strip().removesuffix(" answer")


def _file_name(address: str, method: str, answer: AnswerText) -> str:
    """Return a file name for a response that is not JSON: the end of its address."""
    is_file = method == "GET" and JSON not in answer.media_type
    return address.partition("?")[0].rpartition("/")[2] if is_file else ""


def _address(path: str, parameters: tuple[ParameterText, ...]) -> str:
    for one in parameters:
        if one.place == "path":
            path = path.replace(f"{{{one.name}}}", quote(one.example, safe=""))
    sent = [
        (one.name, one.example)
        for one in parameters
        if one.place == "query" and (one.is_required or one.name in SHOWN_OPTIONAL)
    ]
    return f"{path}?{urlencode(sent)}" if sent else path


def _examples(part: Mapping[str, Any]) -> tuple[ExampleText, ...]:
    return tuple(
        ExampleText(one.get("summary", ""), json.dumps(one["value"], ensure_ascii=False, indent=2))
        for one in part.get("examples", {}).values()
    )


def _as_text(value: object) -> str:
    """Return a parameter's value as it is typed: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@reference_pages.get("/")
def start() -> AnyResponse:
    return redirect(url_for("reference.show_reference"))


@reference_pages.get("/api")
def show_reference() -> Response:
    """Show the reference, with the names of the org's tokens for people who are signed in."""
    member = current_member()
    page = render_template(
        "reference/reference.html",
        reference=read_reference(current_limits(), service_address()),
        languages=LANGUAGES,
        tokens=() if member is None else access_tokens.list_tokens(member.org_id),
        host=request.host,
        document=f"{request.root_path}{DOCUMENT_PATH}",
    )
    response = Response(page, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@reference_pages.app_template_filter()
def words(text: str) -> Markup:
    """Render a sentence as HTML, with text between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


@reference_pages.app_template_filter()
def paragraphs(text: str) -> list[str]:
    """Split a text of the document at its blank lines."""
    return [part for part in text.split("\n\n") if part.strip()]
