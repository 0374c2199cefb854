"""Requests of a client that is a process of its own: it loads nothing of the product."""

import json
import urllib.error
import urllib.request
from typing import Any, Protocol

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 2}
POSTS = 200  # of each client


class Addressed(Protocol):
    """What has the address of a server."""

    @property
    def address(self) -> str: ...


def call(
    server: Addressed, secret: str, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, Any, str]:
    """Send a request; return status, JSON and ETag."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        server.address + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer), answer.headers["ETag"]
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused), ""
