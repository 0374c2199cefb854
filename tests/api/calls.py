"""Call the JSON API as an integrator's client would."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers, HeaderSet


class Answer(Protocol):
    """What the test client answers; `json` is typed as what a test expects it to be."""

    status_code: int
    headers: Headers
    mimetype: str
    text: str
    vary: HeaderSet
    json: Any


def listed(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as lists and webhooks have it: without the warnings of one request."""
    return {name: value for name, value in order.items() if name != "warnings"}


@dataclass
class Api:
    """One token and the client that uses it; `headers` go out with every call."""

    client: FlaskClient
    org_id: str
    token_id: str
    secret: str
    headers: dict[str, str] = field(default_factory=dict)

    def create(self, body: object, *, query: dict[str, str] | None = None) -> Answer:
        """Post an order."""
        return self.post(json.dumps(body), query=query)

    def post(
        self,
        text: str | bytes,
        *,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Post a body as it is."""
        answer = self.client.post(
            "/api/orders",
            data=text,
            query_string=query,
            content_type=content_type,
            headers=self.headers,
        )
        return cast(Answer, answer)

    def read(self, reference: str, **options: Any) -> Answer:  # noqa: ANN401 - the test client's own options
        """Read one order."""
        answer = self.client.get(f"/api/orders/{reference}", headers=self.headers, **options)
        return cast(Answer, answer)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | list[tuple[str, str]] | None = None,
    ) -> Answer:
        """Send any request below /api; a body goes out as JSON."""
        answer = self.client.open(
            f"/api{path}",
            method=method,
            data=None if body is None else json.dumps(body),
            content_type=None if body is None else "application/json",
            headers={**self.headers, **(headers or {})},
            query_string=query,
        )
        return cast(Answer, answer)
