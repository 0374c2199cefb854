"""Every refusal, once: its name in the document, when it comes, an example, and its headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status with the words that all operations share."""

    name: str
    when: str
    detail: str
    errors: tuple[tuple[str, str], ...] = ()
    headers: tuple[str, ...] = ()

    def problem(self, status: int) -> dict[str, Any]:
        """Give the example as it is answered."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"path": path, "message": said} for path, said in self.errors]
        return body


REFUSALS: Mapping[int, Refusal] = {
    400: Refusal(
        "NotJson",
        "The body is not JSON, or not an object; it holds `NaN` or `Infinity`; or it ended before "
        "its `Content-Length`.",
        "The body must be a JSON object.",
    ),
    401: Refusal(
        "Unauthorized",
        "No token, an unknown or revoked one, or two different ones.",
        "This token is not known, or it has been revoked.",
        headers=("WWW-Authenticate",),
    ),
    403: Refusal(
        "Forbidden",
        "The token may not do this, or it is a public one used from elsewhere than its domains.",
        "This public token may be used only from pages of its own domains.",
    ),
    404: Refusal(
        "NotFound",
        "There is none in the org of the token.",
        "There is no order with this ID.",
    ),
    409: Refusal(
        "Conflict",
        "The request contradicts what is stored.",
        "This was already done, with other content.",
    ),
    411: Refusal(
        "LengthRequired",
        "A chunked body without `Content-Length`: nobody could tell whether it was cut off.",
        "A body needs a Content-Length, so that a cut-off one is noticed.",
    ),
    412: Refusal(
        "PreconditionFailed",
        "`If-Match` names another version than the stored one; nothing was changed.",
        "It was changed meanwhile. Read it again, then send the change again.",
    ),
    413: Refusal(
        "TooLarge",
        "The body is larger than the service takes.",
        "At most 1,048,576 bytes; this has 2,000,000.",
    ),
    415: Refusal(
        "UnsupportedMediaType",
        "The body is not `application/json`, or not UTF-8.",
        "Send JSON in UTF-8, with Content-Type: application/json.",
    ),
    422: Refusal(
        "Invalid",
        "JSON, but not valid here. `errors` names every fault by its path: also a key that stands "
        "twice in one object, integers beyond 64 bits, NUL, broken Unicode, too deep nesting.",
        "2 fields need another look.",
        (("cart.0.count", "A whole number from 1 to 1,000,000."), ("nmae", "Unknown field.")),
    ),
    429: Refusal(
        "TooManyRequests",
        "The token sent more requests than it may; `Retry-After` says when to come back.",
        "This token may send 600 per 1 minute. Wait a moment.",
        headers=("Retry-After",),
    ),
    503: Refusal(
        "Unavailable",
        "The database is busy or out of reach; nothing was changed, come back soon.",
        "The database is busy. Please try again in a moment.",
        headers=("Retry-After",),
    ),
}

# What an operation that reads, or one that takes a body, may refuse.
READING: Mapping[int, str | None] = {401: None, 403: None, 429: None, 503: None}
READING_ONE: Mapping[int, str | None] = {**READING, 404: None}
# What may be wrong with a body that nobody asked for.
ANY_BODY: Mapping[int, str | None] = {
    400: "A body came, and ended before its `Content-Length`.",
    411: None,
    413: None,
}
TAKING_JSON: Mapping[int, str | None] = {
    **READING, 400: None, 411: None, 413: None, 415: None, 422: None,
}  # fmt: skip


def _header(description: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": schema, "example": example}


HEADERS: Mapping[str, dict[str, Any]] = {
    "Location": _header(
        "The address of what was made, at which it can be read.",
        {"type": "string", "format": "uri-reference"},
        "/api/orders/7KQ4M2XD9T3X",
    ),
    "ETag": _header(
        "The version of what is answered.", {"type": "string", "pattern": '^"[^"]+"$'}, '"1"'
    ),
    "Cache-Control": _header(
        "How long the answer may be kept.", {"type": "string"}, "max-age=300, public"
    ),
    "Idempotent-Replayed": {
        **_header(
            "Tells that this is the first answer to the same `Idempotency-Key`, given again.",
            {"type": "string", "const": "true"},
            "true",
        ),
        "required": False,
    },
    "WWW-Authenticate": _header(
        "How to authenticate.", {"type": "string"}, 'Bearer realm="Shortorder"'
    ),
    "Retry-After": _header(
        "Seconds after which another try makes sense.", {"type": "integer", "minimum": 0}, 1
    ),
}
