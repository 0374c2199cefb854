"""The wheel, installed in an environment of its own and started in an empty folder."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orders.settings import PROJECT
from tests.postgres import free_port
from tests.processes.server import PATIENCE, Server, die_with_parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder)
    subprocess.run([*pip, *offline, PROJECT], check=True, timeout=60)
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel and our own libraries."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, timeout=60)
    [packages] = folder.glob("lib/*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


@pytest.fixture
def log(installed: Path, tmp_path: Path) -> Iterator[str]:
    """What `shortorder serve` prints in an empty folder until it answers."""
    empty, output = tmp_path / "desk", tmp_path / "log"
    empty.mkdir()
    # Nothing of this clone, and no settings of ours.
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port), "WORKERS": "1"}
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [installed / "shortorder", "serve"], cwd=empty, env=environment, stdout=stream,
            stderr=stream, preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", port, environment, output, process)
    try:
        server.wait_until_well()
        yield output.read_text("utf-8")
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_wheel_has_one_package_with_all_that_it_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition(".")[0] for name in names} == {
        "orders", "shortorder-0"
    }  # fmt: skip
    for folder in ("templates", "static", "translations"):
        ours = {file.relative_to(PROJECT) for file in (PROJECT / folder).rglob("*.*")}
        assert {f"orders/{one}" for one in ours if one.is_file()} <= set(names)
    assert any(name.startswith("orders/storage/migrations/versions/0001") for name in names)


def test_an_installed_desk_takes_its_first_order(log: str, tmp_path: Path) -> None:
    address, token = re.search(r"(http://\S+)/sign-in", log), re.search(r"so_prv_\S+", log)
    assert address
    assert token
    assert (tmp_path / "desk" / "instance" / "shortorder.sqlite3").is_file()
    assert f"{tmp_path / 'desk' / 'instance'}" in log
    api = f"{address[1]}/api"
    headers = {"Authorization": f"Bearer {token[0]}", "Content-Type": "application/json"}

    def answer(path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(path, data, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=30) as answered:  # noqa: S310 - as above
            content: bytes = answered.read()
            return content

    [product, *_] = json.loads(answer(f"{api}/configurations"))["configurations"]
    order = {"name": "Reception", "cart": [{"configurationId": product["id"], "count": 2}]}
    placed = json.loads(answer(f"{api}/orders", order))
    assert json.loads(answer(f"{api}/orders/{placed['shortId']}"))["name"] == "Reception"
    page = answer(f"{address[1]}/sign-in?lang=de").decode()
    assert "Passwort" in page
    [sheet, *_] = re.findall(r'href="(/static/[^"]+\.css[^"]*)"', page)
    assert b"{" in answer(f"{address[1]}{sheet}")
