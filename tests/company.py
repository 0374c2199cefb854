"""A provider of company accounts on loopback, in which the tests say who signs in and how."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import requests
from flask import request
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

START, BACK = "/sign-in/company", "/sign-in/company/back"


@dataclass
class Provider:
    """The running provider: its issuer, and path and form of each request that it got."""

    issuer: str
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def knows(self, subject: str, **claims: Any) -> None:  # noqa: ANN401 - JSON
        """Set what the provider says about a person.

        What is no standard claim, as `aud`, replaces that of the ID token.
        """
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def sends_back(self, url: str, subject: str) -> str:
        """Sign a person in at the authorization URL; return path and query of our own address."""
        answer = requests.post(url, data={"sub": subject}, allow_redirects=False, timeout=5)
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"


def start(client: FlaskClient, **query: str) -> str:
    """Begin a sign-in; return the authorization URL."""
    answer = client.get(START, query_string=query)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def sign_in(client: FlaskClient, provider: Provider, subject: str, **query: str) -> TestResponse:
    """Sign a person in by their company account; return what they get when they come back."""
    return client.get(provider.sends_back(start(client, **query), subject))


def challenge(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run a provider until the end of the `with` block."""
    made = oidc_provider_mock.app()
    server = make_server("127.0.0.1", 0, made, threaded=True)
    provider = Provider(f"http://localhost:{server.server_port}")

    def record() -> None:
        provider.requests.append((request.path, request.form.to_dict()))

    made.before_request(record)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
