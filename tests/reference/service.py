"""The running product with its reference page, and resources to try the page's code on."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import requests

from tests.uploads import PNG

Json: TypeAlias = Any


@dataclass(frozen=True)
class Operation:
    """One operation of the served document."""

    method: str
    path: str
    described: dict[str, Json]

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    @property
    def kind(self) -> str:
        """What it is about, as its path says: `orders`."""
        return self.path.split("/")[2]

    @property
    def examples(self) -> dict[str, str]:
        """The examples of its path parameters, which are in the code."""
        parameters = self.described.get("parameters", ())
        return {one["name"]: one["example"] for one in parameters if one["in"] == "path"}


@dataclass
class Service:
    """The product, a private token of it, its document, and the code of its page."""

    address: str
    token: str
    document: dict[str, Json] = field(default_factory=dict)
    blocks: dict[tuple[str, str], str] = field(default_factory=dict)

    def send(self, method: str, path: str, **options: Json) -> requests.Response:
        """Send a request with the token."""
        return requests.request(
            method, self.address + path, headers={"Authorization": f"Bearer {self.token}"},
            timeout=30, **options,
        )  # fmt: skip

    def operations(self) -> Iterator[Operation]:
        """Yield every operation."""
        for path, methods in self.document["paths"].items():
            for method, described in methods.items():
                yield Operation(method.upper(), path, described)

    def example(self, path: str) -> Json:
        """Return the first example body of a POST to a path."""
        content = self.document["paths"][path]["post"]["requestBody"]["content"]
        return next(iter(content["application/json"]["examples"].values()))["value"]

    def make(self, operation: Operation) -> dict[str, Json]:
        """Create a resource on which the operation can be tried."""
        made: dict[str, Json] = unwrapped(MAKERS[operation.kind](self))
        if operation.name.startswith("restore"):
            binned = self.send("DELETE", f"/api/{operation.kind}/{made['id']}")
            made = unwrapped(binned.json())
        if operation.name.startswith("reopen"):
            canceled = self.send("POST", f"/api/{operation.kind}/{made['id']}/cancel", json={})
            made = canceled.json()
        return made

    def stored(self, operation: Operation, made: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        """Read a resource of the operation's kind, with the answer's status."""
        answer = self.send("GET", f"/api/{operation.kind}/{id_of(made)}")
        return answer.status_code, unwrapped(answer.json())


def id_of(made: dict[str, Json]) -> str:
    """Return the ID by which a resource is read."""
    return str(made.get("id") or made["customerId"])


def unwrapped(body: Json) -> Json:
    """Return the resource itself where an answer contains it under its name: `{"webhook": {…}}`."""
    if isinstance(body, dict) and len(body) == 1:
        [inner] = body.values()
        return inner if isinstance(inner, dict) else body
    return body


def _posted(path: str) -> Callable[[Service], dict[str, Json]]:
    def make(service: Service) -> dict[str, Json]:
        answer = service.send("POST", path, json=service.example(path))
        assert answer.status_code == 201, answer.text
        made: dict[str, Json] = answer.json()
        return made

    return make


def _token(service: Service) -> dict[str, Json]:
    """Tokens are not made by JSON: the one that asks is there."""
    found: list[dict[str, Json]] = service.send("GET", "/api/accesstokens").json()["accesstokens"]
    return found[0]


def _customer(service: Service) -> dict[str, Json]:
    """Create one with another ID than that of the example, which each language creates."""
    service.send("DELETE", f"/api/customers/{service.example('/api/customers')['customerId']}")
    new = {"customerId": f"C-{secrets.token_hex(4)}", "name": "Hotel Nord", "contact": "Ida Berg"}
    answer = service.send("POST", "/api/customers", json=new)
    assert answer.status_code == 201, answer.text
    made: dict[str, Json] = answer.json()
    return made


FILE = b"%PDF-1.7 a drawing"
PICTURE = PNG


def _configuration(service: Service) -> dict[str, Json]:
    """Save one with files, as a form."""
    answer = service.send(
        "POST", "/api/configurations",
        data={"variant": '{"Wood": "Oak"}', "customerId": "C-1042",
              "attachments": json.dumps({"drawing": "drawing.pdf"})},
        files=[("files[drawing]", ("drawing.pdf", FILE, "application/pdf")),
               ("thumbnail", ("thumbnail.png", PICTURE, "image/png"))],
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    made: dict[str, Json] = answer.json()
    return made


MAKERS: dict[str, Callable[[Service], dict[str, Json]]] = {
    "orders": _posted("/api/orders"),
    "customers": _customer,
    "accesstokens": _token,
    "configurations": _configuration,
    "files": _configuration,
    "webhooks": _posted("/api/webhooks"),
    "openapi.json": lambda _service: {},
}
