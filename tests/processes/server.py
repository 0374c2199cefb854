"""The product as it ships, for tests that need real processes."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import create_app
from orders.settings import PROJECT, read_settings
from orders.storage import database
from tests.databases import copy_sqlite
from tests.postgres import free_port
from tests.processes.commands import PR_SET_PDEATHSIG, Command

FLASK = Path(sys.executable).with_name("flask")
PATIENCE = 60.0  # seconds


def die_with_parent() -> None:
    """Make the kernel stop this process when the tests end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Server:
    """A running product: its address, its log and its supervising process."""

    address: str
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | Command

    def command(self, *arguments: str, stdin: str = "") -> dict[str, str]:
        """Run a command on the same database, in this process; return its JSON object.

        tests/processes/test_serve.py runs commands as processes of their own.
        """
        app = create_app(read_settings(self.environment))
        done = app.test_cli_runner().invoke(args=arguments, input=stdin)
        with app.app_context():
            database.close()
        assert done.exit_code == 0, done.output
        result: dict[str, str] = json.loads(done.stdout)
        return result

    def is_well(self) -> bool:
        """Return whether the health check answers `true`."""
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own address
                f"{self.address}/api/orders/healthcheck", timeout=2
            ) as answer:
                return bool(json.load(answer) is True)
        except (OSError, ValueError):
            return False

    def wait_until_well(self) -> None:
        """Wait until orders can be stored again."""
        deadline = time.monotonic() + PATIENCE
        while not self.is_well():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, self.log.read_text("utf-8")
            time.sleep(0.05)

    def children(self) -> list[int]:
        """Return the PIDs of granian and its workers, as the kernel lists them.

        The process of the background work is not among them: it has its supervisor's group.
        """
        return [one for one in children_of(self.process.pid) if not self._shares_group(one)]

    def background(self) -> list[int]:
        """Return the PID of the process of the background work."""
        return [one for one in children_of(self.process.pid) if self._shares_group(one)]

    def _shares_group(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) == os.getpgid(self.process.pid)
        except ProcessLookupError:  # it has ended meanwhile
            return False


def children_of(pid: int) -> list[int]:
    """Return the PIDs of all processes below one, as the kernel lists them."""
    found, waiting = [], [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                children = [int(child) for child in task.read_text().split()]
            except OSError:  # it has ended meanwhile
                continue
            found += children
            waiting += children
    return found


@contextmanager
def running(
    folder: Path,
    database_url: str = "",
    is_migrated: bool = True,
    is_fork: bool = True,
    /,
    *options: str,
    **settings: str,
) -> Iterator[Server]:
    """Serve from `folder` until the block ends; without demo unless DEMO is given.

    A folder without a database gets a migrated one, unless the start is to make it. The command is
    a fork (tests/processes/commands.py) unless `typed` starts it; `options` are those of `serve`.
    """
    if is_migrated and not database_url and not (folder / "shortorder.sqlite3").exists():
        copy_sqlite(folder, "shortorder.sqlite3")
    port = free_port()
    environment = {
        **os.environ, "DATA_DIR": str(folder), "DATABASE_URL": database_url, "PORT": str(port),
        "DEMO": "0", "LOOKUP_LIMIT": "10000 per minute", "SIGN_IN_LIMIT": "10000 per minute",
        # All tests come from one address, and many of them must fail.
        "ACCOUNT_LIMIT": "0", "ACCOUNT_TOTAL_LIMIT": "0", "MISS_LIMIT": "0",
        "PUBLIC_TOKEN_LIMIT": "0", "PUBLIC_ADDRESS_LIMIT": "0",
        "SECRET_KEY": "", **settings,
    }  # fmt: skip
    log = folder / "server.log"
    process: subprocess.Popen[bytes] | Command
    log.write_bytes(b"")
    if is_fork:
        process = Command("serve", *options, environment=environment, log=log)
    else:
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [FLASK, "--app", "app", "serve", *options], cwd=PROJECT, env=environment,
                stdout=stream, stderr=stream, preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
            )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", port, environment, log, process)
    try:
        server.wait_until_well()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=PATIENCE)


@contextmanager
def typed(
    folder: Path, database_url: str = "", is_migrated: bool = True, /, **settings: str
) -> Iterator[Server]:
    """Serve as `running` does, by the command that a person types."""
    with running(folder, database_url, is_migrated, False, **settings) as server:
        yield server
