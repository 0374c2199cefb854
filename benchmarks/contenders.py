"""What is compared: the product and its peers, each started as it is meant to be."""

import json
import os
import platform
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import psycopg

from benchmarks import load
from benchmarks.load import Result
from benchmarks.product import (
    CONFIGURATION,
    EMAIL,
    HEADER,
    PASSWORD,
    SCRATCH,
    WORKERS,
    Product,
    free_port,
    product,
    serving,
    wait_for_answer,
)
from orders.settings import PROJECT
from tests.html import attribute
from tests.postgres import Cluster

SOURCES = PROJECT / "benchmarks" / "peers"
INSTALLED = SCRATCH / "peers"
BIN = INSTALLED / "venv" / "bin"
SECRET = "5ec2e7" * 6 + "beef"  # 40 characters, as Django REST Framework's are
CONNECTIONS = 16
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
PRODUCT, FASTIFY = "Shortorder", "Fastify + better-sqlite3"
FASTAPI, DJANGO = "FastAPI + SQLAlchemy", "Django REST Framework"


class Desk:
    """A signed-in browser that places orders in the form, and has single fields checked."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._jar = CookieJar()
        self._browser = build_opener(HTTPCookieProcessor(self._jar))
        self._form = {"csrf_token": self._token("/sign-in")}
        person = {**self._form, "email": EMAIL, "password": PASSWORD}
        self._browser.open(f"{self._address}/sign-in", urlencode(person).encode()).close()
        self._form = {"csrf_token": self._token("/orders/new"), "metadata.finish": "matt"}
        for row, count in enumerate((1, 2, 3)):
            self._form[f"cart.{row}.configurationId"] = CONFIGURATION
            self._form[f"cart.{row}.count"] = str(count)

    def orders(self, count: int) -> Iterator[bytes]:
        """Return requests that place an order of three lines each."""
        for _ in range(count):
            key = secrets.token_urlsafe(16)  # of the form, which places one order
            yield self._request(f"/orders/new?form={key}", {**self._form, "do": "place"})

    def checks(self, count: int) -> Iterator[bytes]:
        """Return requests that have the count of a line checked, as on leaving the field."""
        for _ in range(count):
            yield self._request(
                "/orders/new/check?field=cart.1.count", self._form, "HX-Request: true"
            )

    def _token(self, path: str) -> str:
        page = self._browser.open(self._address + path).read().decode()
        return attribute(page, "[name=csrf_token]", "value")

    def _request(self, path: str, form: dict[str, str], *headers: str) -> bytes:
        body = urlencode(form).encode()
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._jar)
        lines = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookies}", *headers,
                 "Content-Type: application/x-www-form-urlencoded",
                 f"Content-Length: {len(body)}", "", "")  # fmt: skip
        return "\r\n".join(lines).encode() + body


@dataclass
class Contender:
    """Something that creates and reads orders: a server, and the results by what was measured."""

    name: str
    database: str
    server: Product
    start: float  # seconds until the first answer
    memory: float  # MB of all processes after the start, each shared page once
    results: dict[str, list[Result]] = field(default_factory=dict)
    desk: Desk | None = None
    _codes: list[str] = field(default_factory=list)

    def create(self, count: int, shape: str = HEADER, connections: int = CONNECTIONS) -> Result:
        """Create orders; keep their short IDs for the reads."""
        requests = self.server.creates(count, f"{time.monotonic_ns()}", shape)
        result = load.run(self.server.port, requests, expected=201, connections=connections)
        self._codes += [json.loads(body)["shortId"] for body in result.bodies]
        return result

    def read(self, count: int, shape: str = HEADER, connections: int = CONNECTIONS) -> Result:
        """Read orders by their short IDs."""
        requests = self.server.reads(self._codes, count, shape)
        return load.run(self.server.port, requests, expected=200, connections=connections)

    def ask(self, requests: Iterator[bytes], status: int) -> Result:
        """Send requests that get this status."""
        return load.run(self.server.port, requests, expected=status, connections=CONNECTIONS)

    def keep(self, what: str, result: Result) -> None:
        result.bodies.clear()
        self.results.setdefault(what, []).append(result)


@contextmanager
def peer(
    name: str, database: str, url: str, command: list[str], prepare: list[str]
) -> Iterator[Contender]:
    """Serve a peer on an empty database; `{port}` in its command is its port."""
    port = free_port()
    environment = {
        **os.environ, "PEER_DATABASE": url, "PEER_SECRET": SECRET, "PORT": str(port),
        "WORKERS": WORKERS,
    }  # fmt: skip
    subprocess.run(prepare, cwd=INSTALLED, env=environment, check=True)
    started = time.perf_counter()
    filled = [part.format(port=port) for part in command]
    with serving(filled, environment, port, INSTALLED) as pid:
        yield contender(name, database, Product(port, SECRET, pid), started)


def contender(name: str, database: str, server: Product, started: float) -> Contender:
    wait_for_answer(server.port)
    seconds = time.perf_counter() - started
    time.sleep(2)  # all processes are there
    return Contender(name, database, server, seconds, memory_of(server.pid))


def memory_of(pid: int) -> float:
    """Return the proportional set size of a process and all below it, in MB."""
    total = 0
    for one in Product(0, "", pid).processes():
        for line in (one / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1000


def peers_on(stack: ExitStack, folder: Path, urls: dict[str, str]) -> list[Contender]:
    """Start all peers, each with a database of its own; `urls` are those of PostgreSQL."""
    python = str(BIN / "python")
    uvicorn = [str(BIN / "uvicorn"), "fastapi_app:app", "--host", "127.0.0.1", "--port", "{port}",
               "--workers", WORKERS, "--log-level", "error"]  # fmt: skip
    gunicorn = [str(BIN / "gunicorn"), "django_app:application", "--bind", "127.0.0.1:{port}",
                "--workers", WORKERS, "--threads", "8", "--keep-alive", "60",
                "--log-level", "error"]  # fmt: skip
    node = ["node", "fastify.mjs"]
    kinds = [
        (FASTIFY, SQLITE, node, [*node, "prepare"]),
        (FASTAPI, SQLITE, uvicorn, [python, "fastapi_app.py"]),
        (DJANGO, SQLITE, gunicorn, [python, "django_app.py"]),
        (FASTAPI, POSTGRESQL, uvicorn, [python, "fastapi_app.py"]),
        (DJANGO, POSTGRESQL, gunicorn, [python, "django_app.py"]),
    ]
    started = []
    for at, (name, database, command, prepare) in enumerate(kinds):
        file = folder / f"peer-{at}.sqlite3"
        url = f"sqlite:///{file}" if database == SQLITE else urls[name]
        started.append(stack.enter_context(peer(name, database, url, command, prepare)))
    return started


def products_on(stack: ExitStack, folder: Path, url: str) -> list[Contender]:
    """Start the product on both databases, as it ships."""
    made = []
    for name, where in ((SQLITE, ""), (POSTGRESQL, url)):
        (folder / name).mkdir()
        server = stack.enter_context(product(folder / name, where))
        memory = memory_of(server.pid)
        made.append(Contender(PRODUCT, name, server, server.start, memory, desk=Desk(server.port)))
    return made


@contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, str]]:
    """Start a PostgreSQL server as it ships; yield a URL of an empty database for each user."""
    place = Path(tempfile.mkdtemp(dir=folder))
    cluster = Cluster(place, is_durable=True, is_safe=True)
    cluster.start()
    names = {PRODUCT: "product", FASTAPI: "fastapi", DJANGO: "django"}
    try:
        with psycopg.connect(f"{cluster.url}/postgres", autocommit=True) as connection:
            for name in names.values():
                connection.execute(f"CREATE DATABASE {name}".encode())
        urls = {who: f"{cluster.url}/{name}" for who, name in names.items()}
        yield {who: url if who == PRODUCT else driver_of(url) for who, url in urls.items()}
    finally:
        cluster.stop()


def driver_of(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def versions() -> str:
    """Return the versions of everything that was measured, in one line."""
    packages = ("fastapi", "sqlalchemy", "uvicorn", "django", "djangorestframework", "gunicorn")
    code = "import importlib.metadata as m, sys; print(*(f'{p} {m.version(p)}' for p in sys.argv[1:]), sep=', ')"  # noqa: E501 - one line for -c
    peers = subprocess.check_output([BIN / "python", "-c", code, *packages], text=True).strip()
    node = subprocess.check_output(["node", "--version"], text=True).strip()
    modules = [
        f"{name} {json.loads((INSTALLED / 'node_modules' / name / 'package.json').read_text())['version']}"  # noqa: E501 - as above
        for name in ("fastify", "better-sqlite3")
    ]
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {peers}, Node"
        f" {node}, {', '.join(modules)}"
    )


def install() -> None:
    """Install the peers beside the product, unless that is done."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        shutil.copy(source, INSTALLED)
    if not BIN.exists():
        subprocess.run([sys.executable, "-m", "venv", INSTALLED / "venv"], check=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([BIN / "pip", "install", *quiet, "-r", SOURCES / "requirements.txt"], check=True)
    if not (INSTALLED / "node_modules").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=INSTALLED, check=True)
        # npm leaves out what packages run after their installation, which compiles this one.
        subprocess.run(["npm", "rebuild", "better-sqlite3"], cwd=INSTALLED, check=True)
