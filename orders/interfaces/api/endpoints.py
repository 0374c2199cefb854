"""Declarations of endpoints: who may call them, what they accept and what they return.

Each endpoint is declared once, above its function. The declaration is used to route a request
(`application`), to check it, and to describe the endpoint in the OpenAPI document (`openapi`). The
function's docstring is its text in the API reference: the first line is the summary, and the rest
is the description.
"""

import inspect
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from orders.interfaces.api.parameters import IDEMPOTENCY_KEY, IF_MATCH, Parameter, paging_parameters
from orders.interfaces.api.request import ApiRequest, read_json_object
from orders.interfaces.api.responses import EndpointResult
from orders.interfaces.http.multipart import MULTIPART

F = TypeVar("F", bound=Callable[..., Any])
Shape = type[BaseModel] | Mapping[str, Any]

JSON = "application/json"
# Tells that the answer is the first one to this key, sent again.
REPLAYED = "Idempotent-Replayed"


class Access(Enum):
    """Which tokens may call an endpoint. Each value is the sentence shown in the API reference."""

    NONE = "No token is needed."
    ANY = "Any token of the org. A public token works only on pages of its domains."
    PRIVATE = "Private tokens only."
    # The service decides, because it depends on the stored order.
    PUBLIC_WHEN_OPEN = (
        "Any token while the status is `List` or `In Cart`, private tokens only after that."
    )
    PUBLIC_BY_SHORT_ID = (
        "Private tokens. A public token only with `shortId`, unless the org lets its public "
        "tokens list."
    )


@dataclass(frozen=True, slots=True)
class Example:
    """An example in the API reference: a valid JSON value, and a summary of what it shows."""

    summary: str
    value: Any


# Examples of bodies and responses, by the name of their group and then by their own.
EXAMPLES: Mapping[str, Mapping[str, Example]] = {
    group: {name: Example(**one) for name, one in examples.items()}
    for group, examples in json.loads(
        Path(__file__).with_name("examples.json").read_text("utf-8")
    ).items()
}


@dataclass(frozen=True, slots=True)
class RequestBody:
    """How the API reference describes a request body of one media type.

    `shape` is a pydantic model or a JSON Schema, and `also` lists the models to which such a schema
    refers. `others` and `other_examples` describe alternative forms that are also accepted; the
    OpenAPI document lists them under ALSO_SENT.
    """

    shape: Shape
    examples: Mapping[str, Example]
    media_type: str = JSON
    also: tuple[type[BaseModel], ...] = ()
    others: tuple[type[BaseModel], ...] = ()
    other_examples: Mapping[str, Example] = field(default_factory=dict)


def link(operation: str, parameters: Mapping[str, str], description: str) -> Mapping[str, Any]:
    """Return an OpenAPI Link Object from a response to the operation whose ID is `operation`.

    `parameters` maps the names of that operation's parameters to runtime expressions:
    `{"reference": "$response.body#/id"}`.
    """
    return {"operationId": operation, "parameters": parameters, "description": description}


@dataclass(frozen=True, slots=True)
class Success:
    """How the API reference describes a response that is not an error.

    `shape` is a model or JSON Schema, or None if the response has no JSON body. `headers` are names
    of headers in components.json. `links` maps names to values returned by `link`.
    """

    status: int
    description: str
    shape: Shape | None
    examples: Mapping[str, Example] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Endpoint:
    """An endpoint of the API: one method of one path, such as `/api/orders/{reference}`.

    `function` gets the Call and the path's parameters. It returns an EndpointResult, or an object
    that `present` converts to one. If the request has an idempotency key, `present` runs inside the
    transaction, possibly in another request's thread, so it gets only that object. `read_body`
    returns the value for `Call.body`, and `content` converts this value to JSON, by which two
    bodies with the same idempotency key are compared. An endpoint with `sortable` returns a list in
    pages, which can be sorted by these field names. `errors` maps statuses to descriptions that are
    used instead of or in addition to the usual ones.
    """

    method: str
    path: str
    access: Access
    tag: str
    function: Callable[..., Any]
    responses: tuple[Success, ...]
    present: Callable[[Any], EndpointResult] | None = None
    parameters: tuple[Parameter, ...] = ()
    filters: tuple[Parameter, ...] = ()
    sortable: Collection[str] = ()
    bodies: tuple[RequestBody, ...] = ()
    read_body: Callable[[ApiRequest], Any] = read_json_object
    content: Callable[[Any], object] = lambda body: body
    errors: Mapping[int, str] = field(default_factory=dict)
    is_deprecated: bool = False
    # Whether the response contains a secret, so that it may be stored only encrypted.
    shows_secret: bool = False
    # Whether a request with these parameters of the path needs no token, whatever `access` says.
    is_open: Callable[[Mapping[str, str]], bool] | None = None

    @cached_property
    def id(self) -> str:
        """The operation's ID: the function's name in camel case."""
        first, *others = self.function.__name__.split("_")
        return first + "".join(word.capitalize() for word in others)

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The names of the path's parameters, in the order in which the path has them."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def pattern(self) -> str:
        """The path as a regular expression, with a group for each of its parameters."""
        patterns = {one.name: f"({one.pattern})" for one in self.parameters}
        return re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}").format_map(patterns)

    @cached_property
    def summary(self) -> str:
        """The first line of the function's docstring, without its period."""
        return inspect.cleandoc(self.function.__doc__ or "").partition("\n")[0].rstrip(".")

    @cached_property
    def description(self) -> str:
        """The rest of the function's docstring, one line per paragraph; empty if there is none."""
        rest = inspect.cleandoc(self.function.__doc__ or "").partition("\n")[2]
        return "\n\n".join(" ".join(part.split()) for part in rest.strip().split("\n\n"))

    @cached_property
    def status(self) -> int:
        """The HTTP status of a success, unless the EndpointResult sets another one."""
        return self.responses[0].status

    @cached_property
    def takes_files(self) -> bool:
        """Whether the body may be a form with files, of at most MAX_UPLOAD_BYTES."""
        return any(body.media_type == MULTIPART for body in self.bodies)

    @cached_property
    def is_idempotent(self) -> bool:
        """Whether an `Idempotency-Key` makes the request safe to repeat."""
        return IDEMPOTENCY_KEY in self.parameters

    @cached_property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """All parameters: declared ones, filters, and for a list those of paging and sorting."""
        paging = paging_parameters(self.sortable) if self.sortable else ()
        return (*self.parameters, *self.filters, *paging)

    @cached_property
    def query_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that are sent in the query."""
        return tuple(one for one in self.all_parameters if one.place == "query")

    @cached_property
    def error_descriptions(self) -> Mapping[int, str | None]:
        """The descriptions of possible errors by HTTP status.

        If a description is None, the one in components.json applies.
        """
        possible: dict[int, str | None] = {}
        if self.access is not Access.NONE:
            possible |= dict.fromkeys((401, 403, 429, 503))
        if any(one.place == "path" for one in self.parameters):
            possible[404] = None
        if self.bodies:
            possible |= dict.fromkeys((400, 411, 413, 415, 422))
        elif self.method != "GET":
            possible |= {400: UNASKED_BODY, 411: None, 413: None}
        if self.sortable:
            possible[422] = "A query parameter is malformed."
        if IF_MATCH in self.parameters:
            possible[412] = None
        if self.is_idempotent and not self.bodies:
            possible[422] = KEY_ERROR
        return {**possible, **self.errors}


@dataclass(frozen=True, slots=True)
class Resource:
    """The endpoints for one kind of thing: a chapter of the API reference, with title and text."""

    tag: str
    description: str
    endpoints: list[Endpoint] = field(default_factory=list)

    def endpoint(
        self, route: str, access: Access, *responses: Success,
        **declaration: Any,  # noqa: ANN401 - the other fields of Endpoint
    ) -> Callable[[F], F]:  # fmt: skip
        """Return a decorator that adds a function as an endpoint and returns it unchanged.

        `route` is a method and a path, such as `GET /api/orders`. `declaration` sets other fields
        of the Endpoint.
        """
        method, path = route.split(" ")

        def declare(function: F) -> F:
            self.endpoints.append(
                Endpoint(method, path, access, self.tag, function, responses, **declaration)
            )
            return function

        return declare


UNASKED_BODY = "A body was sent, and it was shorter than its `Content-Length`."
KEY_ERROR = "The `Idempotency-Key` is not valid, or it was used for a different request."
