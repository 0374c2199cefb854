"""Responses of the API: results of endpoints, rendered to bytes, and errors."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

import orjson
from werkzeug.exceptions import HTTPException

from orders.domain.configuration import THUMBNAIL, absolute_address
from orders.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotJson,
    OrderError,
    ServiceBusy,
    StaleVersion,
    TooManyTries,
    Unauthorized,
)
from orders.domain.short_id import MistypedShortId
from orders.interfaces.http.assets import file_response
from orders.interfaces.http.errors import RETRY_AFTER
from orders.interfaces.http.security import PROGRAM_HEADERS
from orders.services.files import FileStore
from orders.storage.pages import Page

T = TypeVar("T")

CONTENT_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
# What every response has unless its own headers say otherwise.
COMMON_HEADERS = {
    **PROGRAM_HEADERS,
    "Cache-Control": "no-store",
    "Vary": "Origin",
    "Content-Type": CONTENT_TYPE,
}
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
    (TooManyTries, 429),
    (ServiceBusy, 503),
)
STATUS_LINES = {int(status): f"{int(status)} {status.phrase}" for status in HTTPStatus}


class EndpointResult(NamedTuple):
    """What an endpoint returns, before it is rendered to a response.

    `value` is any JSON value, or a StoredFile. `status` 0 means the first status that the endpoint
    declares. `etag` has no quotes. `location` is a path relative to where the service is mounted.
    With `has_picture`, `value` is an object whose `thumbnail` must be made an absolute URL.
    """

    value: Any
    status: int = 0
    etag: str = ""
    location: str = ""
    headers: Mapping[str, str] = {}
    has_picture: bool = False


class RenderedResponse(NamedTuple):
    """A response that can be sent; `headers` are added to COMMON_HEADERS or replace them."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def render(result: EndpointResult, status: int, root: str, address: str) -> RenderedResponse:
    """Return the result as a JSON response; `status` is used if the result sets none.

    `root` is the path where the service is mounted, and `address` is its absolute URL. This may run
    in a thread that writes for several requests at once, so it does not use the current request.
    """
    headers = dict(result.headers)
    if result.etag:
        headers["ETag"] = f'"{result.etag}"'
    if result.location:
        headers["Location"] = root + result.location
    value = result.value
    if result.has_picture:
        value = {**value, THUMBNAIL: absolute_address(value[THUMBNAIL], address)}
    return RenderedResponse(result.status or status, headers, orjson.dumps(value))


def list_result(
    name: str, page: Page[T], fields: Callable[[T], dict[str, Any]], ignored: Sequence[str]
) -> EndpointResult:
    """Return a page of a list as a JSON object, with its entries in `name` and paging fields.

    `fields` converts an entry to its JSON object. `ignored` are the sent parameters that the list
    does not know.
    """
    return EndpointResult(
        {
            name: [fields(entry) for entry in page.entries],
            "count": page.count,
            "countIsExact": page.count_is_exact,
            "page": page.paging.page,
            "perPage": page.paging.per_page,
            "sort": page.paging.sort,
            "next": page.next,
            "ignoredParameters": list(ignored),
        }
    )


def not_modified(result: EndpointResult) -> RenderedResponse:
    """Return a 304 response without a body, with the ETag and headers of the result."""
    return RenderedResponse(304, {**result.headers, "ETag": f'"{result.etag}"'})


def send_file(
    result: EndpointResult, store: FileStore, environ: dict[str, Any]
) -> RenderedResponse:
    """Return a response with the StoredFile `result.value`, or the part named by `Range`.

    `environ` is the WSGI environment, which may contain a `Range` header. Raises what
    `file_response` raises.
    """
    response = file_response(result.value, store, environ)
    response.direct_passthrough = False
    response.headers.update(result.headers)
    body = response.get_data()
    return RenderedResponse(response.status_code, dict(response.get_wsgi_headers(environ)), body)


def problem(
    status: int, detail: str, request_id: str, errors: tuple[FieldError, ...] = ()
) -> RenderedResponse:
    """Return a problem document (RFC 9457) as a response; `errors` lists faults of the input."""
    faults = [{"path": error.path, "message": error.message} for error in errors]
    body = problem_value(status, detail, request_id, faults)
    headers = {"Content-Type": PROBLEM_TYPE}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Shortorder"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER)
    return RenderedResponse(status, headers, json.dumps(body, ensure_ascii=False).encode())


def problem_value(
    status: int, detail: str, request_id: str, errors: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Return a problem document as a JSON object; each error has a `path` and a `message`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "requestId": request_id,
    }
    return {**body, "errors": errors} if errors else body


def problem_of(error: OrderError, request_id: str) -> RenderedResponse:
    """Return a problem document for a service's error, with its status in STATUS_OF."""
    status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
    errors = error.errors if isinstance(error, InvalidInput) else ()
    response = problem(status, str(error), request_id, errors)
    if isinstance(error, TooManyTries):
        response.headers["Retry-After"] = str(error.wait)
    return response


def problem_of_http(error: HTTPException, request_id: str) -> RenderedResponse:
    """Return a problem document for an HTTP error, with the error's headers, such as `Allow`."""
    response = problem(error.code or 500, str(error.description or ""), request_id)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response
