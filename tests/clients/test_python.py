"""The client that openapi-python-client makes: it is complete, and it works."""

import importlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from flask import Flask

from orders.domain.inputs import Limits
from orders.interfaces.api.service import document
from tests.actors import Org
from tests.processes.server import running
from tests.uploads import PNG

pytestmark = pytest.mark.one_database(reason="a generated client, and requests that it sends")

GENERATOR = Path(sys.executable).with_name("openapi-python-client")
PACKAGE = "generated_orders"
CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
DESK = "9d2c5f0a-31be-4a7e-8a0e-5a9f6be4d220"


@contextmanager
def generated(folder: Path, *source: str | Path) -> Iterator[str]:
    """Generate the client where it can be imported from; every warning is an error.

    `source` are the options that name the document.
    """
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": []}), "utf-8")
    done = subprocess.run(
        [
            GENERATOR, "generate", *source, "--meta", "none", "--config", config,
            "--output-path", folder / PACKAGE, "--fail-on-warning",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("generated")
    source = folder / "openapi.json"
    source.write_text(json.dumps(document(Limits(), "https://orders.example")), "utf-8")
    with generated(folder, "--path", source) as package:
        yield package


class Shop:
    """A shop's program with the generated client."""

    def __init__(self, package: str, secret: str, address: str = "http://localhost") -> None:
        self._package = package
        self.models = self._import("models")
        self.client = self._import("client").AuthenticatedClient(
            base_url=address, token=secret, raise_on_unexpected_status=True
        )

    def use(self, app: Flask) -> "Shop":
        """Send requests to an application of this process."""
        headers = {"Authorization": f"Bearer {self.client.token}"} if self.client.token else {}
        transport = httpx.WSGITransport(app=app)
        self.client.set_httpx_client(
            httpx.Client(base_url="http://localhost", headers=headers, transport=transport)
        )
        return self

    def _import(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self._package}.{name}")

    def call(self, operation: str, *path: str, **sent: Any) -> Any:  # noqa: ANN401 - generated
        """Call an operation, such as `orders.create_order`; return what it has read."""
        module = self._import(f"api.{operation}")
        return module.sync(*path, client=self.client, **sent)

    def file(self, name: str, content: bytes, kind: str) -> Any:  # noqa: ANN401 - generated
        return self._import("types").File(io.BytesIO(content), name, kind)

    def line(self, configuration: str, count: int) -> Any:  # noqa: ANN401 - generated
        return self.models.CartLineInput(configuration_id=configuration, count=count)


@pytest.fixture
def shop(package: str, app: Flask, org: Org) -> Shop:
    return Shop(package, org.private.secret).use(app)


def walk(shop: Shop) -> None:
    """Create an order, read it, find it by its platform, change it, add lines."""
    models = shop.models
    wanted = models.OrderInput(
        name="Reception",
        platform=models.PlatformInput(id="5001", platform="shopify"),
        metadata=models.JsonObject.from_dict({"finish": "matt", "rooms": [{"floor": 2}]}),
        cart=[shop.line(CHAIR, 2)],
    )
    made = shop.call("orders.create_order", body=wanted)
    assert isinstance(made, models.OrderAnswer)
    assert made.metadata.to_dict() == {"finish": "matt", "rooms": [{"floor": 2}]}
    shop.call("orders.create_order", body=models.OrderInput(cart=[shop.line(CHAIR, 1)]))

    read = shop.call("orders.read_order", made.short_id)
    assert read.to_dict() == made.to_dict()

    found = shop.call("orders.list_orders", platform=json.dumps({"id": "5001"}))
    assert [one.id for one in found.orders] == [made.id]
    assert shop.call("orders.list_orders", platform=json.dumps({"id": "x"})).orders == []
    open_carts = shop.call("orders.list_orders", status=[models.Status.IN_CART])
    assert open_carts.count == 0

    first = shop.call("orders.list_orders", per_page=1)
    second = shop.call("orders.list_orders", per_page=1, after=first.next_)
    assert [one.id for one in second.orders] == [made.id]

    changes = models.OrderChangesInput(name=None, status=models.Status.IN_PROGRESS)
    changed = shop.call("orders.change_order", str(made.id), body=changes)
    assert (changed.name, changed.status) == (None, models.Status.IN_PROGRESS)
    assert changed.platform.to_dict() == made.platform.to_dict()

    grown = shop.call("orders.add_lines", str(made.id), body=[shop.line(DESK, 3)])
    assert [(line.configuration_id, line.count) for line in grown.cart] == [(CHAIR, 2), (DESK, 3)]


def test_an_order_is_created_read_found_changed_and_extended(shop: Shop) -> None:
    walk(shop)


@pytest.mark.soak
def test_the_same_with_the_served_product(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("served"), WORKERS="1") as server:
        org = server.command("org", "add", "Shop")["id"]
        token = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        folder = tmp_path_factory.mktemp("of_the_served")
        source = f"{server.address}/api/openapi.json"
        with generated(folder, "--url", source) as package:
            shop = Shop(package, token, server.address)
            with shop.client:
                walk(shop)
        assert "Traceback" not in server.log.read_text("utf-8")


def test_a_refusal_is_read_as_a_problem(shop: Shop) -> None:
    refused = shop.call("orders.create_order", body=shop.models.OrderInput(cart=[]))
    assert isinstance(refused, shop.models.Problem)
    assert [error.path for error in refused.errors] == ["cart"]


def test_it_sends_the_token_in_the_query_too(package: str, app: Flask, org: Org) -> None:
    shop = Shop(package, "").use(app)
    page = shop.call("orders.list_orders", bearer_token=org.private.secret)
    assert page.orders == []


def test_configurations_and_health_are_read(shop: Shop) -> None:
    models = shop.models
    variant = models.JsonObject.from_dict({"Wood": "Oak"})
    sent = models.ConfigurationInput(variant=variant)
    made = shop.call("configurations.create_configuration", body=sent)
    read = shop.call("configurations.read_configuration", made.short_id)
    assert read.variant.to_dict() == {"Wood": "Oak"}
    form = models.CreateConfigurationFilesBody(
        product_id=str(made.id), variant='{"Wood": "Ash"}',
        files=[shop.file("thumbnail.png", PNG, "image/png")],
    )  # fmt: skip
    sent = shop.call("configurations.create_configuration", body=form)
    assert sent.variant.to_dict() == {"Wood": "Ash"}
    assert sent.thumbnail.startswith("http://localhost/api/files/hash/")
    for name in ("check_health", "check_configurations", "check_webhooks", "check_access_tokens"):
        assert shop.call(f"service.{name}") is True
