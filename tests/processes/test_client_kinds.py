"""Kinds of clients that send chunked bodies, over real connections (see tests/api as well)."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.server import Server, running
from tests.uploads import KIND, PNG, Form

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
ORDER = json.dumps({"cart": [{"configurationId": SOFA, "count": 3}]}).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("kinds")
    with running(folder, WORKERS="1") as server:
        yield server


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    org = server.command("org", "add", "Kinds")["id"]
    return server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def post(
    connection: http.client.HTTPConnection, secret: str, path: str, body: bytes, kind: str
) -> http.client.HTTPResponse:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": kind}
    connection.request("POST", path, pieces(body, 700), headers, encode_chunked=True)
    return connection.getresponse()


@pytest.mark.parametrize(
    "stack", [".NET's PostAsJsonAsync", "Java's ofInputStream", "Go with an io.Reader"]
)
def test_chunked_json(server: Server, secret: str, stack: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for _ in range(3):
        answer = post(connection, secret, "/api/orders", ORDER, "application/json; charset=utf-8")
        assert answer.status == 201, stack
        assert json.loads(answer.read())["cart"][0]["count"] == 3
    connection.close()


def test_a_storefront_with_axios_sends_a_chunked_form_and_then_an_order(
    server: Server, secret: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    form = Form().json("variant", {"Wood": "Oak"}).file("files", "a.png", PNG).body()
    answer = post(connection, secret, "/api/configurations", form, KIND)
    assert answer.status == 201
    saved = json.loads(answer.read())["shortId"]
    items = json.dumps({"items": [{"id": saved, "count": 1}]}).encode()
    answer = post(connection, secret, "/api/orders", items, "application/json")
    assert answer.status == 201
    assert json.loads(answer.read())["cart"] == [{"configurationId": saved, "count": 1}]
    connection.close()
