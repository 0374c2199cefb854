"""Answers of the JSON door."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

from orders.web.security import PROGRAM_HEADERS

HEADERS = {**PROGRAM_HEADERS, "Cache-Control": "no-store", "Vary": "Origin"}


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
            content_type="application/json",
        )

    def get_wsgi_headers(self, environ: Any) -> Headers:  # noqa: ANN401, ARG002 - werkzeug's signature
        """Give the headers as they are."""
        return self.headers
