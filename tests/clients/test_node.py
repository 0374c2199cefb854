"""The clients that generators for TypeScript make: they compile, and they work.

npm installs the generators, so that this is a long form (`make soak`).
"""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orders.settings import PROJECT
from tests.processes.server import running

SOURCES = PROJECT / "tests" / "clients" / "node"
PATIENCE = 600  # seconds, for the registry most of all
GENERATORS = (
    ("openapi-typescript", "openapi.json", "-o", "generated/schema.ts"),
    ("openapi-ts", "-i", "openapi.json", "-o", "generated/hey", "-c", "@hey-api/client-fetch"),
    ("orval", "--config", "orval.config.cjs"),
)

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Built:
    """The compiled clients, and the service that they call."""

    folder: Path
    environment: dict[str, str]


def run(folder: Path, *command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed here")
    folder = tmp_path_factory.mktemp("clients") / "node"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules"))
    run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    with running(tmp_path_factory.mktemp("served"), WORKERS="1") as server:
        org = server.command("org", "add", "Shop")["id"]
        token = server.command("token", "add", "--org", org, "--name", "x", "--private")["token"]
        source = f"{server.address}/api/openapi.json"
        with urllib.request.urlopen(source) as answer:  # noqa: S310 - our own address
            (folder / "openapi.json").write_bytes(answer.read())
        for name, *options in GENERATORS:
            run(folder, "npx", "--no-install", name, *options)
        run(folder, "npx", "--no-install", "tsc")
        proxies = {"http_proxy", "https_proxy", "all_proxy"}
        kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
        yield Built(folder, {**kept, "ADDRESS": server.address, "TOKEN": token})
        assert "Traceback" not in server.log.read_text("utf-8")


@pytest.mark.parametrize("client", ["openapi_fetch", "hey_api", "orval"])
def test_an_order_is_created_read_found_changed_and_extended(built: Built, client: str) -> None:
    run(built.folder, "node", f"built/{client}.js", environment=built.environment)
