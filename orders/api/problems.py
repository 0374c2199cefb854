"""Every refusal of the JSON door in one shape: `application/problem+json` (RFC 9457)."""

import json
from http import HTTPStatus

from flask import Response
from werkzeug.exceptions import HTTPException

from orders.rules.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotJson,
    OrderError,
    ServiceBusy,
    StaleVersion,
    Unauthorized,
)
from orders.rules.short_id import MistypedShortId

# The first class that fits decides.
STATUS_OF = (
    (InvalidInput, 422),
    (NotJson, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (MistypedShortId, 404),
    (Conflict, 409),
    (StaleVersion, 412),
    (ServiceBusy, 503),
)
RETRY_AFTER = 1  # seconds; a busy database is free again soon


def problem(status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    """Answer with a problem document; `errors` names each faulty field by its path."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"path": error.path, "message": error.message} for error in errors]
    response = Response(
        json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json"
    )
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Shortorder"'
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def problem_of(error: OrderError) -> Response:
    """Translate what a service refused."""
    status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
    errors = error.errors if isinstance(error, InvalidInput) else ()
    return problem(status, str(error), errors)


def problem_of_http(error: HTTPException) -> Response:
    """Translate what Flask or Werkzeug refused; its headers (`Allow`, `Retry-After`) stay."""
    response = problem(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response
