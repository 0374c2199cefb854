"""Start the product as it ships, and a bare Flask application on the same server."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orders.settings import PROJECT
from tests.processes.serve_app import server_command

BIN = Path(sys.executable).parent
# On the disk where the product keeps its data: a system's folder for scratch files may be memory.
SCRATCH = PROJECT / "instance"
START_PATIENCE = 60.0  # seconds
WORKERS = "2"
CONFIGURATION = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
ATTRIBUTES = (
    ("finish", "option", ("--option", "matt=Matt", "--option", "gloss=Gloss", "--required")),
    ("note", "text", ()),
    ("crates", "number", ()),
    ("gift", "boolean", ()),
)


# How clients send a request: a script with its token in a header, the page of a shop with a public
# token in the query, and a script that may send its request again.
HEADER, PAGE, KEY = "bearer header", "public token and Origin", "Idempotency-Key"
SHOP = "shop.example"
EMAIL, PASSWORD = "sales@desk.example", "benchmark battery staple"


@dataclass(frozen=True)
class Product:
    """The running product, with a private and a public token of its one org."""

    port: int
    secret: str
    pid: int
    public_secret: str = ""
    start: float = 0.0  # seconds until the first answer, with the migrations of a new database

    def processor_seconds(self) -> float:
        """Return the time that all its processes have had of the processors so far."""
        ticks = 0
        for process in self.processes():
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # in user and in system mode
        return ticks / os.sysconf("SC_CLK_TCK")

    def processes(self) -> Iterator[Path]:
        """Yield the folder in /proc of each of its processes."""
        waiting = [self.pid]
        while waiting:
            process = Path(f"/proc/{waiting.pop()}")
            yield process
            for task in process.glob("task/*/children"):
                waiting += [int(child) for child in task.read_text().split()]

    def creates(self, count: int, name: str, shape: str = HEADER) -> Iterator[bytes]:
        """Return requests that create an order of three lines and four attributes each."""
        metadata = {"finish": "matt", "note": "Ring twice", "crates": 2.5, "gift": True}
        lines = [{"configurationId": CONFIGURATION, "count": n} for n in (1, 2, 3)]
        for at in range(count):
            order = {"name": f"{name} {at}", "metadata": metadata, "cart": lines}
            body = json.dumps(order).encode()
            yield self._head("POST", "/api/orders", len(body), shape) + body

    def reads(self, codes: list[str], count: int, shape: str = HEADER) -> Iterator[bytes]:
        """Return requests that read orders by their short ID."""
        for at in range(count):
            yield self._head("GET", f"/api/orders/{codes[at % len(codes)]}", 0, shape)

    def _head(self, method: str, path: str, length: int, shape: str) -> bytes:
        lines = ["Host: 127.0.0.1"]
        if shape == PAGE:
            path = f"{path}?bearer_token={self.public_secret}"
            lines.append(f"Origin: https://{SHOP}")
        else:
            lines.append(f"Authorization: Bearer {self.secret}")
        if shape == KEY:
            lines.append(f"Idempotency-Key: {uuid.uuid4()}")
        if length:
            lines += ["Content-Type: application/json", f"Content-Length: {length}"]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


# All of the load comes from one address with one token. Requests are counted all the same.
LIMITS = {
    "PUBLIC_TOKEN_LIMIT": "100000000 per minute", "PUBLIC_ADDRESS_LIMIT": "100000000 per minute",
    "MISS_LIMIT": "100000000 per minute",
}  # fmt: skip


@contextmanager
def product(folder: Path, database_url: str, **settings: str) -> Iterator[Product]:
    """Serve an org with four attributes from an empty database; `settings` by their variables."""
    port = free_port()
    environment = {
        **os.environ, "DATA_DIR": str(folder), "DATABASE_URL": database_url, "PORT": str(port),
        "WORKERS": WORKERS, "DEMO": "0", **LIMITS, **settings,
    }  # fmt: skip
    started = time.perf_counter()
    with serving([str(BIN / "flask"), "--app", "app", "serve"], environment, port) as pid:
        wait_for_answer(port)
        start = time.perf_counter() - started
        org = _command(environment, "org", "add", "Benchmark")["id"]
        for key, kind, rest in ATTRIBUTES:
            options = ("--org", org, "--key", key, "--label", key.title(), "--kind", kind, *rest)
            _command(environment, "attribute", "add", *options)
        token = ("token", "add", "--org", org, "--name", "load")
        _command(environment, "user", "add", EMAIL, "--role", "sales", "--password-stdin",
                 stdin=PASSWORD)  # fmt: skip
        private = _command(environment, *token, "--private")["token"]
        public = _command(environment, *token, "--public", "--domain", SHOP)["token"]
        yield Product(port, private, pid, public, start)


@contextmanager
def served_by(factory: str, folder: Path, secret: str, **environment: str) -> Iterator[Product]:
    """Serve the data of a product that has stopped by another factory of the application."""
    port = free_port()
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(port), "WORKERS": WORKERS,
                   **LIMITS, **environment}  # fmt: skip
    with serving(server_command(factory), environment, port) as pid:
        yield Product(port, secret, pid)


@contextmanager
def bare_flask() -> Iterator[int]:
    """Serve the bare application by granian's own WSGI server; return its port.

    It stays as it is whatever serves the product: a limit that does not move.
    """
    port = free_port()
    command = [
        str(BIN / "granian"), "--interface", "wsgi",
        "--factory", "benchmarks.bare_flask:create_app",
        "--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws",
        "--workers", WORKERS, "--blocking-threads", "8", "--log-level", "error",
    ]  # fmt: skip
    with serving(command, dict(os.environ), port):
        yield port


def _command(environment: dict[str, str], *arguments: str, stdin: str = "") -> dict[str, str]:
    done = subprocess.run(
        [BIN / "flask", "--app", "app", *arguments], cwd=PROJECT, env=environment, input=stdin,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], port: int, folder: Path = PROJECT
) -> Iterator[int]:
    """Run a server in a folder until the block ends; yield its PID once its port is open."""
    server = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for_answer(port: int) -> None:
    """Wait until any answer comes, even an error; raise OSError after START_PATIENCE."""
    deadline = time.monotonic() + START_PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/orders/x", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def free_port() -> int:
    """Return a free port on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
