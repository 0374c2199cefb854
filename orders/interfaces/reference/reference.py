"""The API reference page: the OpenAPI document in chapters, with code samples."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.fields import ALSO_SENT
from orders.domain.inputs import Limits
from orders.domain.permissions import Permission
from orders.interfaces.api.service import document
from orders.interfaces.http.current_settings import current_limits, service_address
from orders.interfaces.http.session import current_member
from orders.interfaces.reference.recent_requests import recent_requests
from orders.interfaces.reference.samples import LANGUAGES, code_for, json_text
from orders.interfaces.reference.schema_words import SCHEMAS, SchemaWords
from orders.services.accounts import tokens as access_tokens

JSON = "application/json"
DOCUMENT_PATH = "/api/openapi.json"
# Optional parameters that the code sends too, as examples of filters.
SHOWN_OPTIONAL = ("customerId", "perPage")
RESPONSES = "#/components/responses/"
TOKEN_PARAMETER = "bearer_token"  # noqa: S105 - the name of a parameter
_CODE = re.compile(r"`([^`]+)`")

# A part of the document (its keys and values), with more keys that the page shows.
Described: TypeAlias = dict[str, Any]

reference_pages = Blueprint("reference", __name__, url_prefix="/docs")


@lru_cache(maxsize=8)
def read_reference(limits: Limits, base: str) -> Described:
    """Return the variables of the page's templates, for a service with these limits.

    `endpoints` has all operations by ID, and `refusals` the errors that they share. Each of the
    `chapters` has its own operations and the objects in their responses. `base` is the part of all
    URLs before the path, such as `https://orders.example`.
    """
    return _DocumentReader(document(limits, "/"), base).whole()


class _DocumentReader:
    """Builds the variables of the page's templates from the OpenAPI document `described`."""

    def __init__(self, described: Mapping[str, Any], base: str) -> None:
        self._document = described
        self._responses = described["components"]["responses"]
        self._words = SchemaWords(described["components"]["schemas"])
        self._base = base

    def whole(self) -> Described:
        endpoints = {
            operation["operationId"]: self._operation(method.upper(), path, operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
        }
        refusals = {one["status"]: one for each in endpoints.values() for one in each["refusals"]}
        return {
            "base": self._base,
            "introduction": self._document["info"]["description"],
            "chapters": [self._chapter(tag, endpoints) for tag in self._document["tags"]],
            "endpoints": endpoints,
            "refusals": [
                self._response(status, {"$ref": refusals[status]["$ref"]})
                for status in sorted(refusals)
            ],
        }

    def _chapter(self, tag: Described, endpoints: Mapping[str, Described]) -> Described:
        """Return a tag of the document with its operations (`endpoints`) and response `objects`."""
        found = [one for one in endpoints.values() if tag["name"] in one["tags"]]
        names = dict.fromkeys(
            response["object"] for one in found for response in one["answers"] if response["object"]
        )
        objects = {name: self._words.shapes({"$ref": SCHEMAS + name})[0] for name in names}
        return {**tag, "endpoints": found, "objects": objects}

    def _operation(self, method: str, path: str, operation: Described) -> Described:
        """Return an operation of the document with more keys for the page, such as code samples.

        `bodies` has the shapes and examples of the request's body by media type. `answers` has the
        operation's own responses, and `refusals` those that it shares with other operations.
        """
        description, _, tokens = operation["description"].rpartition("\n\n")
        parameters = [
            self._parameter(one)
            for one in operation.get("parameters", ())
            if one["name"] != TOKEN_PARAMETER  # the guide tells it once for all of them
        ]
        bodies: dict[str, Described] = {
            kind: {"shapes": self._words.shapes(part["schema"]), "examples": _examples(part)}
            for kind, part in operation.get("requestBody", {}).get("content", {}).items()
        }
        responses = [self._response(*one) for one in operation["responses"].items()]
        answers = [one for one in responses if "$ref" not in one]
        needs_token = operation.get("security") != []
        address = _address(path, parameters)
        is_file = method == "GET" and JSON not in answers[0]["media_type"]
        return {
            **operation,
            "method": method,
            "path": path,
            "description": description,
            "tokens": tokens,
            "needs_token": needs_token,
            "parameters": parameters,
            "bodies": bodies,
            "answers": answers,
            "refusals": [one for one in responses if "$ref" in one],
            "code": code_for(
                method,
                self._base + address,
                needs_token=needs_token,
                body=bodies[JSON]["examples"][0]["value"] if JSON in bodies else None,
                file=address.partition("?")[0].rpartition("/")[2] if is_file else "",
            ),
        }

    def _parameter(self, described: Described) -> Described:
        """Return a parameter of the document with texts for its `type`, `rule` and `example`."""
        # A parameter that is JSON text has the schema of its value inside that of the text.
        is_text = "contentSchema" in described["schema"]
        schema = described["schema"]["contentSchema"] if is_text else described["schema"]
        example = described.get("example", "")
        return {
            **described,
            "type": ("JSON text: " if is_text else "") + self._words.type_of(schema),
            "rule": self._words.rule_of(schema),
            "example": (
                example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
            ),
        }

    def _response(self, status: str, described: Described) -> Described:
        """Return a response of the document with its `media_type` and its schema's name, `object`.

        Both are empty for a response without a body. If the response refers to a shared one by
        `$ref`, the keys of the shared one are added, and `$ref` is kept.
        """
        if "$ref" in described:
            name = described["$ref"].removeprefix(RESPONSES)
            described = {**self._responses[name], **described}
        content: Described = described.get("content", {})
        media_type = next(iter(content), "")
        part = content.get(media_type, {})
        return {
            **described,
            "status": int(status),
            "media_type": media_type,
            "object": part.get("schema", {}).get("$ref", "").removeprefix(SCHEMAS),
            "examples": _examples(part),
        }


def _examples(part: Described) -> list[Described]:
    """Return the examples of a media type, each with its JSON value as an indented `text`.

    Examples of other accepted forms (ALSO_SENT) come last.
    """
    examples = part.get("examples", {}) | part.get(ALSO_SENT, {})
    return [{**one, "text": json_text(one["value"])} for one in examples.values()]


def _address(path: str, parameters: Iterable[Described]) -> str:
    """Return a sample's URL path and query string, using the parameters' example values."""
    sent = []
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(one["example"], safe=""))
        elif one["in"] == "query" and (one["required"] or one["name"] in SHOWN_OPTIONAL):
            sent.append((one["name"], one["example"]))
    return f"{path}?{urlencode(sent)}" if sent else path


@reference_pages.get("/")
def start() -> AnyResponse:
    return redirect(url_for("reference.show_reference"))


@reference_pages.get("/api")
def show_reference() -> Response:
    """Render the reference; people who are signed in also see their org's requests.

    Admins, who manage the tokens, see their names, too.
    """
    member = current_member()
    page = render_template(
        "reference/reference.html",
        reference=read_reference(current_limits(), service_address()),
        languages=LANGUAGES,
        tokens=(
            access_tokens.list_tokens(member.org_id)
            if member is not None and member.may(Permission.SETTINGS)
            else ()
        ),
        recent=recent_requests(member),
        host=request.host,
        document=f"{request.root_path}{DOCUMENT_PATH}",
    )
    response = Response(page, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@reference_pages.app_template_filter()
def words(text: str) -> Markup:
    """Render a sentence as HTML, with text between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


@reference_pages.app_template_filter()
def name_in_words(name: str) -> str:
    """Return the name of a response's object in words, such as `order` for `OrderAnswer`."""
    words_of_name = re.sub("([A-Z])", r" \1", name).lower().strip()
    return words_of_name.removesuffix(" answer")
