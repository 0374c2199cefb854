"""The parts of which the tables beside the views describe an operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pydantic import BaseModel

JSON = "application/json"


class Tokens(Enum):
    """Which tokens may call an operation, and the sentence that says so."""

    NONE = "No token is needed."
    ANY = "Any token of the org; a public one from pages of its domains only."
    PRIVATE = "Private tokens only."
    PUBLIC_WHEN_OPEN = (
        "Any token while the status is `List` or `In Cart`, afterwards private tokens only."
    )
    PUBLIC_BY_SHORT_ID = (
        "Private tokens. A public one only with `shortId`, unless the org allows its public tokens "
        "to list."
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A value that is valid, and what it shows."""

    summary: str
    value: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the path, the query or a header; `schema` is JSON Schema.

    With `is_json` the value is sent as JSON text.
    """

    name: str
    place: str
    description: str
    schema: Mapping[str, Any]
    example: Any
    required: bool = False
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A body of one media type: a model, or JSON Schema where no single class validates it.

    `also` are the models that such a schema refers to.
    """

    shape: type[BaseModel] | Mapping[str, Any]
    examples: Mapping[str, Example]
    media_type: str = JSON
    also: tuple[type[BaseModel], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """From an answer to another operation; `parameters` are runtime expressions."""

    operation: str
    parameters: Mapping[str, str]
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its shape (None for an answer without a body), headers by name, and links."""

    status: int
    description: str
    shape: type[BaseModel] | Mapping[str, Any] | None
    examples: Mapping[str, Example] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `refusals` says of each status when this operation answers it; None stands for the words that
    all operations share.
    """

    method: str
    path: str
    id: str
    summary: str
    description: str
    tag: str
    tokens: Tokens
    answers: tuple[Answer, ...]
    refusals: Mapping[int, str | None]
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()
    is_deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one thing, with the words that open the chapter."""

    tag: str
    description: str
    operations: tuple[Operation, ...]
