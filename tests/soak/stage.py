"""The served product, its database, and the disk of the database, for faults to happen to."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from tests.databases import migrate, settings_for
from tests.postgres import Cluster
from tests.processes.commands import Command
from tests.processes.server import Server, children_of, running
from tests.soak.disk import Disk, small_disk
from tests.soak.load import MISSED, Shop

DATABASE = "orders"
# Answers in a row after which the service counts as back: each worker has given some of them.
ENOUGH = 10
IMPATIENCE = 2.0  # seconds for one such answer
GIVEN_UP = 60.0  # seconds


@dataclass
class Stage:
    """What faults happen to. `cluster` is None for SQLite; `clock` is None for the real clock."""

    server: Server
    disk: Disk
    cluster: Cluster | None = None
    clock: Path | None = None

    @property
    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return self.server.children()[1:]

    def processes(self) -> list[int]:
        """All processes of the product, the supervisor first."""
        return [self.server.process.pid, *children_of(self.server.process.pid)]

    def writers(self) -> list[int]:
        """The processes that write to the disk of the database."""
        if self.cluster is None:
            return self.processes()
        return [self.cluster.pid, *children_of(self.cluster.pid)]

    @property
    def database_files(self) -> list[Path]:
        """The files of the SQLite database."""
        return list(self.disk.folder.glob("shortorder.sqlite3*"))

    def log(self) -> str:
        """Return what the product has said so far."""
        return self.server.log.read_text("utf-8", "replace")

    def restart(self) -> None:
        """Start the product again, as a manager of services does."""
        self.server.process.wait(timeout=GIVEN_UP)
        self.server.process = Command(
            "serve", environment=self.server.environment, log=self.server.log
        )

    def recovery(self, token: str) -> float:
        """Return the seconds until the service is healthy, and every worker stores orders again.

        A service that is not back after GIVEN_UP seconds counts as that.
        """
        started = time.monotonic()
        back, good = started, 0
        while good < ENOUGH and time.monotonic() < started + GIVEN_UP:
            if self.server.is_well() and self._stores(token):
                good += 1
                continue
            good = 0
            time.sleep(0.02)
            back = time.monotonic()
        return (back - started) if good == ENOUGH else GIVEN_UP

    def _stores(self, token: str) -> bool:
        shop = Shop(self.server.port, token)
        shop.timeout = IMPATIENCE
        probe = {"name": "probe"}
        try:
            return shop.call("POST", "/api/customers", {"customerId": new_id(), **probe})[0] == 201
        except MISSED:
            return False
        finally:
            shop.close()


def new_id() -> str:
    """Return an ID that no other probe has."""
    return f"probe-{time.monotonic_ns()}"


@contextmanager
def stage(folder: Path, kind: str, **settings: str) -> Iterator[Stage]:
    """Serve the product with a database of this kind, `sqlite` or `postgresql`."""
    with ExitStack() as stack:
        # Not in `folder`, which others may not enter: PostgreSQL's user must.
        place = Path(stack.enter_context(TemporaryDirectory(prefix="shortorder-soak-")))
        place.chmod(0o711)
        disk = stack.enter_context(small_disk(place / "disk"))
        if kind == "sqlite":
            server = stack.enter_context(running(disk.folder, **settings))
            yield Stage(server, disk)
            return
        cluster = Cluster(disk.folder, is_durable=True)
        cluster.start()
        stack.callback(cluster.stop)
        with psycopg.connect(f"{cluster.url}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        data = folder / "data"
        data.mkdir()
        url = f"{cluster.url}/{DATABASE}"
        migrate(settings_for(url, data))
        server = stack.enter_context(running(data, url, **settings))
        yield Stage(server, disk, cluster)


def kill(*processes: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to all processes that are still there."""
    for pid in processes:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def freeze(processes: Sequence[int], seconds: float) -> None:
    """Stop processes for some seconds, and let them go on."""
    kill(*processes, number=signal.SIGSTOP)
    time.sleep(seconds)
    kill(*processes, number=signal.SIGCONT)
