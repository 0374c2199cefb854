"""Calls the JSON door as an integrator's client would."""

import json
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass
class Api:
    """One token and the client that uses it; `headers` go out with every call."""

    client: FlaskClient
    org_id: str
    token_id: str
    secret: str
    headers: dict[str, str] = field(default_factory=dict)

    def create(self, body: object, *, query: dict[str, str] | None = None) -> TestResponse:
        """Post an order."""
        return self.post(json.dumps(body), query=query)

    def post(
        self,
        text: str | bytes,
        *,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        """Post a body as it is."""
        return self.client.post(
            "/api/orders",
            data=text,
            query_string=query,
            content_type=content_type,
            headers=self.headers,
        )

    def read(self, reference: str, **options: Any) -> TestResponse:
        """Read one order."""
        return self.client.get(f"/api/orders/{reference}", headers=self.headers, **options)
