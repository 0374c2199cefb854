"""The reference page's content: the OpenAPI document, arranged for people, with code beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from orders.domain.inputs import Limits
from orders.interfaces.api.service import document
from orders.interfaces.reference.samples import SampleRequest, code_for
from orders.interfaces.reference.schema_words import PLACE, Field, Schema, SchemaWords, Shape

JSON = "application/json"
DOCUMENT_PATH = "/api/openapi.json"
# Optional parameters that the code sends too, because they show how a list is narrowed.
TELLING = ("customerId", "perPage")
RESPONSES, HEADERS = "#/components/responses/", "#/components/headers/"


@dataclass(frozen=True, slots=True)
class ParameterText:
    """A parameter of the path, the query or a header; `example` as it stands in an address."""

    name: str
    place: str
    type: str
    is_required: bool
    rule: str
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class ExampleText:
    """A value with what it shows; JSON is written with its lines indented."""

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
        """Return whether the body can be typed; forms with files are described only."""
        return self.media_type == JSON


@dataclass(frozen=True, slots=True)
class AnswerText:
    """What is answered: `object_name` names the object of the chapter that it holds."""

    status: int
    description: str
    headers: tuple[tuple[str, str], ...]
    media_type: str
    object_name: str
    examples: tuple[ExampleText, ...]


@dataclass(frozen=True, slots=True)
class EndpointText:
    """One operation, with its code by language."""

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
        """Return the body that can be typed, if there is one."""
        return next((body for body in self.bodies if body.is_json), None)


@dataclass(frozen=True, slots=True)
class DescribedObject:
    """An object that answers hold, with its fields."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class ChapterText:
    """The endpoints of one thing, and the objects that they answer with."""

    name: str
    description: str
    endpoints: tuple[EndpointText, ...]
    objects: tuple[DescribedObject, ...]

    @property
    def anchor(self) -> str:
        """Return its place in the page."""
        return f"chapter-{self.name.lower().replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page."""

    base: str
    introduction: str
    chapters: tuple[ChapterText, ...]
    refusals: tuple[AnswerText, ...]

    def endpoint(self, operation_id: str) -> EndpointText:
        """Find an endpoint by its operation's ID."""
        return next(
            one for part in self.chapters for one in part.endpoints if one.id == operation_id
        )


@lru_cache(maxsize=8)
def reference(limits: Limits, base: str) -> Reference:
    """Arrange the document of a service with these limits, whose addresses begin with `base`."""
    described = document(limits, "/")
    return _Arrangement(described, base).whole()


class _Arrangement:
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
            status: one
            for _, _, operation in operations
            for status, one in operation["responses"].items()
            if "$ref" in one
        }
        return Reference(
            self._base,
            self._document["info"]["description"],
            tuple(chapters),
            tuple(
                self._answer(status, {"$ref": one["$ref"]})
                for status, one in sorted(refusals.items())
            ),
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
                    _first_example(content.get(JSON, {})),
                    _file_name(address, method, answers[0]),
                )
            ),
        )

    def _parameter(self, described: Mapping[str, Any]) -> ParameterText:
        # A parameter that is JSON text has its schema behind a media type.
        is_text = "content" in described
        schema = described["content"][JSON]["schema"] if is_text else described["schema"]
        example = described.get("example")
        if is_text and "example" in described["content"][JSON]:
            example = described["content"][JSON]["example"]
        return ParameterText(
            name=described["name"],
            place=described["in"],
            type=("JSON text: " if is_text else "") + self._words.type_of(schema),
            is_required=bool(described.get("required")),
            rule=self._words.rule_of(schema),
            description=described.get("description", ""),
            example=_as_text(example),
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
            headers=tuple(self._headers(described.get("headers", {}))),
            media_type=kind,
            object_name=reference.removeprefix(PLACE),
            examples=_examples(part),
        )

    def _headers(self, described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, header in described.items():
            shared = header.get("$ref", "").removeprefix(HEADERS)
            whole = self._shared["headers"][shared] if shared else header
            yield name, whole.get("description", "")

    def _objects(self, endpoints: tuple[EndpointText, ...]) -> tuple[DescribedObject, ...]:
        """Describe the objects that the endpoints answer with; inner ones are fields of theirs."""
        names = dict.fromkeys(
            answer.object_name
            for endpoint in endpoints
            for answer in endpoint.answers
            if answer.object_name
        )
        return tuple(self._object(name) for name in names)

    def _object(self, name: str) -> DescribedObject:
        schema: Schema = {"$ref": PLACE + name}
        [shape] = self._words.shapes(schema)
        return DescribedObject(name, _title(name), shape.title, shape.fields)


def _title(name: str) -> str:
    """`OrderAnswer` -> `order`, `ConfigurationList` -> `configuration list`."""
    words = "".join(f" {one.lower()}" if one.isupper() else one for one in name)
    return words.strip().removesuffix(" answer")


def _file_name(address: str, method: str, answer: AnswerText) -> str:
    """Name the file for an answer that is no JSON, by the end of its address."""
    is_file = method == "GET" and JSON not in answer.media_type
    return address.partition("?")[0].rpartition("/")[2] if is_file else ""


def _address(path: str, parameters: tuple[ParameterText, ...]) -> str:
    for one in parameters:
        if one.place == "path":
            path = path.replace(f"{{{one.name}}}", quote(one.example, safe=""))
    sent = [
        (one.name, one.example)
        for one in parameters
        if one.place == "query" and (one.is_required or one.name in TELLING)
    ]
    return f"{path}?{urlencode(sent)}" if sent else path


def _examples(part: Mapping[str, Any]) -> tuple[ExampleText, ...]:
    return tuple(
        ExampleText(one.get("summary", ""), _pretty(one.get("value")))
        for one in part.get("examples", {}).values()
    )


def _first_example(part: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    return next((one.get("value") for one in part.get("examples", {}).values()), None)


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _as_text(value: object) -> str:
    """Write a parameter's value as it is typed: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
