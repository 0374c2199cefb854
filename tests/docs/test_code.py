"""The code that the reference page shows does what the page says, in every language."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orders.docs.samples import LANGUAGES
from tests.docs.shown_code import ShownCode, program_of, run
from tests.processes.server import running

NEEDED = {"shell", "python", "javascript"}
ORDER_EXAMPLE = "7KQ4M2XD9T3X"


@dataclass
class Service:
    """The running product with a token of its own for each test, and the page that it serves."""

    address: str
    token: str
    blocks: dict[tuple[str, str], str]
    document: dict[str, Any]

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request; gives status and JSON body."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.address + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Give method, path and description of every operation."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("shown")) as server:
        org = server.command("org", "add", "Reader")["id"]
        made = server.command("token", "add", "--org", org, "--name", "x", "--private")
        service = Service(server.address, made["token"], {}, {})
        with urllib.request.urlopen(f"{server.address}/docs/api") as page:  # noqa: S310 - our own address
            service.blocks = ShownCode(page.read().decode()).blocks
        _, service.document = service.call("GET", "/api/openapi.json")
        yield service


def order_of(service: Service, operation: str) -> dict[str, Any]:
    """Make the order that an operation is tried on, in the state that it needs."""
    order: dict[str, Any]
    example = service.document["paths"]["/api/orders"]["post"]["requestBody"]["content"]
    value = next(iter(example["application/json"]["examples"].values()))["value"]
    _, order = service.call("POST", "/api/orders", value)
    if operation == "restoreOrder":
        service.call("DELETE", f"/api/orders/{order['shortId']}")
    return order


def test_every_operation_is_shown_in_every_language(service: Service) -> None:
    names = {operation["operationId"] for _, _, operation in service.operations()}
    expected = {
        (name, language.key)
        for name in names | {"start-create", "start-read"}
        for language in LANGUAGES
    }
    assert set(service.blocks) == expected
    assert all(service.address in code for code in service.blocks.values())


@pytest.mark.parametrize("language", [language.key for language in LANGUAGES])
def test_the_code_does_what_the_page_says(service: Service, language: str, tmp_path: Path) -> None:
    if program_of(language) is None and language not in NEEDED:
        pytest.skip(f"{language} is not installed here")
    names = [(path, operation) for _, path, operation in service.operations()]
    for path, operation in names:
        name = operation["operationId"]
        order = order_of(service, name)
        code = service.blocks[name, language].replace(ORDER_EXAMPLE, order["shortId"])
        outcome = run(language, code, tmp_path, service.token)
        assert outcome.is_good, f"{name}: {outcome.said}"
        check(service, name, order, outcome.body)
        if "{reference}" in path:
            assert order["shortId"] in code


@pytest.mark.parametrize("language", [language.key for language in LANGUAGES])
def test_the_start_leads_to_an_order_that_is_found_again(
    service: Service, language: str, tmp_path: Path
) -> None:
    if program_of(language) is None and language not in NEEDED:
        pytest.skip(f"{language} is not installed here")
    created = run(language, service.blocks["start-create", language], tmp_path, service.token)
    assert created.is_good, created.said
    code = service.blocks["start-read", language].replace(ORDER_EXAMPLE, created.body["shortId"])
    found = run(language, code, tmp_path, service.token)
    assert found.is_good, found.said
    assert found.body == created.body


@pytest.mark.parametrize("language", [language.key for language in LANGUAGES])
def test_a_refusal_is_shown_and_fails(service: Service, language: str, tmp_path: Path) -> None:
    if program_of(language) is None and language not in NEEDED:
        pytest.skip(f"{language} is not installed here")
    outcome = run(language, service.blocks["createOrder", language], tmp_path, "so_prv_unknown")
    assert not outcome.is_good
    assert outcome.body["title"] == "Unauthorized", outcome.said


def check(service: Service, name: str, order: dict[str, Any], body: Any) -> None:  # noqa: ANN401 - any JSON value
    """Check what the code has printed, and what is stored now."""
    path = f"/api/orders/{order['shortId']}"
    if name == "createOrder":
        expected = {**order, **{key: body[key] for key in OWN}}
        assert body == expected
        assert service.call("GET", f"/api/orders/{body['id']}") == (200, body)
        assert body["id"] != order["id"]
    elif name == "readOrder":
        assert body == order
    elif name == "checkHealth":
        assert body is True
    elif name == "readDocument":
        assert body == service.document
    else:
        pytest.fail(f"{name} has no check: {path}")


OWN = ("id", "shortId", "createdAt", "updatedAt")
