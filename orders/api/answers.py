"""Answers of the JSON door, by Flask and without it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from orders.storage.pages import Page
from orders.web.security import PROGRAM_HEADERS, TRANSPORT_SECURITY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

T = TypeVar("T")

CONTENT_TYPE = "application/json"
HEADERS = {**PROGRAM_HEADERS, "Cache-Control": "no-store", "Vary": "Origin"}
_HEADERS = [*HEADERS.items(), ("Content-Type", CONTENT_TYPE)]


class JsonAnswer(Response):
    """JSON with headers that are complete from the start: nothing is worked out while sending."""

    def __init__(
        self,
        value: Any,  # noqa: ANN401 - any JSON value
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Make an answer; addresses in `headers` are in their encoded form."""
        super().__init__(
            orjson.dumps(value),
            status,
            HEADERS if headers is None else {**HEADERS, **headers},
            content_type=CONTENT_TYPE,
        )

    def get_wsgi_headers(self, environ: Any) -> Headers:  # noqa: ANN401, ARG002 - werkzeug's signature
        """Give the headers as they are."""
        return self.headers


def list_answer(
    name: str,
    page: Page[T],
    fields: Callable[[T], dict[str, Any]],
) -> JsonAnswer:
    """Answer a page of a list; its entries stand under `name`."""
    return JsonAnswer(
        {
            name: [fields(entry) for entry in page.entries],
            "count": page.count,
            "page": page.paging.page,
            "perPage": page.paging.per_page,
            "sort": page.paging.sort,
        }
    )


def send_json(
    start_response: "StartResponse",
    value: Any,  # noqa: ANN401 - any JSON value
    status: str = "200 OK",
    *,
    scheme: str,
    etag: str,
    location: str | None = None,
) -> list[bytes]:
    """Send the same answer as `JsonAnswer` without making a response of it first."""
    body = orjson.dumps(value)
    headers = [*_HEADERS, ("Content-Length", str(len(body))), ("ETag", etag)]
    if location is not None:
        headers.append(("Location", location))
    if scheme == "https":
        headers.append(TRANSPORT_SECURITY)
    start_response(status, headers)
    return [body]
