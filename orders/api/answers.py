"""Answers of the JSON door, by Flask and without it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from orders.web.security import PROGRAM_HEADERS, TRANSPORT_SECURITY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

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


def send_json(
    start_response: "StartResponse",
    value: Any,  # noqa: ANN401 - any JSON value
    status: str = "200 OK",
    *,
    scheme: str,
    location: str | None = None,
) -> list[bytes]:
    """Send the same answer as `JsonAnswer` without making a response of it first."""
    body = orjson.dumps(value)
    headers = [*_HEADERS, ("Content-Length", str(len(body)))]
    if location is not None:
        headers.append(("Location", location))
    if scheme == "https":
        headers.append(TRANSPORT_SECURITY)
    start_response(status, headers)
    return [body]
