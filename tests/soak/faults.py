"""What happens to the product; each function returns once its fault has ended."""

import contextlib
import json
import random
import resource
import select
import shutil
import socket
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from tests.soak.disk import limited
from tests.soak.load import order_of
from tests.soak.stage import Stage, freeze, kill

Fault = Callable[[Stage], None]

HOLD = 4.0  # seconds that a fault lasts
SLOW = 8.0  # seconds of slow clients: longer than the grace that bodies have
SLOW_BODIES, SLOW_HEADS, SLOW_READERS = 40, 40, 20
HOUR = 3600
_chance = random.Random(9)  # noqa: S311 - which worker is hit need not be a secret


def worker_killed(stage: Stage) -> None:
    kill(_chance.choice(stage.workers))


def workers_killed(stage: Stage) -> None:
    kill(*stage.workers)


def background_killed(stage: Stage) -> None:
    kill(*stage.server.background())


def server_killed(stage: Stage) -> None:
    kill(*stage.server.children())


def supervisor_killed(stage: Stage) -> None:
    kill(stage.server.process.pid)
    stage.restart()


def everything_killed(stage: Stage) -> None:
    kill(*stage.processes())
    stage.restart()


def workers_frozen(stage: Stage) -> None:
    freeze(stage.workers, HOLD)


def descriptors_exhausted(stage: Stage) -> None:
    def used(pid: int) -> int:
        return max(int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir()) + 1

    with limited(stage.processes, resource.RLIMIT_NOFILE, used):
        _send_large_bodies(stage)


def memory_exhausted(stage: Stage) -> None:
    def used(pid: int) -> int:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()

    with limited(stage.processes, resource.RLIMIT_AS, used):
        _send_large_bodies(stage)


def _send_large_bodies(stage: Stage) -> None:
    """Need many connections and much memory for HOLD seconds."""
    length = 1_000_000
    head = f"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
    clients, ends = [], time.monotonic() + HOLD
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            clients.append(socket.create_connection(("127.0.0.1", stage.server.port), timeout=0.1))
            clients[-1].sendall(head + b"x" * (length - 1))
        time.sleep(0.02)
    for client in clients:
        client.close()


def disk_full(stage: Stage) -> None:
    with stage.disk.full(stage.writers):
        time.sleep(HOLD)
    if stage.cluster is not None and not stage.cluster.is_running():
        stage.cluster.start()  # it ends on a full disk, as its manual says


def files_read_only(stage: Stage) -> None:
    """Refuse writes to the files of the database, but for its shared memory."""
    files = [one for one in stage.database_files if not one.name.endswith("-shm")]
    with stage.disk.read_only(files):
        time.sleep(HOLD)


def disk_read_only(stage: Stage) -> None:
    """Refuse all writes, as the kernel does on a disk with errors.

    It ends processes (SIGBUS) that write to SQLite's shared memory then.
    """
    with stage.disk.read_only(stage.database_files):
        time.sleep(HOLD)


def files_moved_away(stage: Stage) -> None:
    away = stage.disk.folder / "away"
    away.mkdir()
    files = stage.database_files
    for file in files:
        file.rename(away / file.name)
    time.sleep(HOLD)
    for file in files:
        (away / file.name).rename(file)
    shutil.rmtree(away)


def database_killed(stage: Stage) -> None:
    assert stage.cluster is not None
    kill(*stage.writers())
    stage.cluster.start()


def database_gone(stage: Stage) -> None:
    assert stage.cluster is not None
    stage.cluster.stop()
    time.sleep(HOLD)
    stage.cluster.start()


def database_frozen(stage: Stage) -> None:
    freeze(stage.writers(), HOLD)


def database_read_only(stage: Stage) -> None:
    """Make all sessions read-only, as they are on a server that another one has replaced."""

    def switch(value: str) -> None:
        assert stage.cluster is not None
        with psycopg.connect(f"{stage.cluster.url}/postgres", autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
            connection.execute("SELECT pg_reload_conf()")

    switch("on")
    time.sleep(HOLD)
    switch("off")


def connections_cut(stage: Stage) -> None:
    assert stage.cluster is not None
    with psycopg.connect(f"{stage.cluster.url}/postgres", autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def clients_slow(stage: Stage) -> None:
    """Send heads and bodies a byte at a time, and read a page as slowly; nobody else waits."""
    body = json.dumps(order_of("slow-0")).encode()
    head = f"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n".encode()
    large = b"GET /docs/api HTTP/1.1\r\nHost: x\r\n\r\n"
    senders = [
        *((_connected(stage), head, b"X-Slow: 1\r\n" * 9) for _ in range(SLOW_HEADS)),
        *((_connected(stage), head + b"\r\n", body) for _ in range(SLOW_BODIES)),
    ]
    readers = [_connected(stage) for _ in range(SLOW_READERS)]
    try:
        for client, beginning, _ in senders:
            client.sendall(beginning)
        for client in readers:
            client.sendall(large)
        ends, at = time.monotonic() + SLOW, 0
        while time.monotonic() < ends:
            for client, _, rest in senders:
                with contextlib.suppress(OSError):  # it was refused
                    client.sendall(rest[at : at + 1])
            for client in select.select(readers, [], [], 0)[0]:
                client.recv(1)
            asked = time.monotonic()
            if not stage.server.is_well():
                waited = time.monotonic() - asked
                pytest.fail(
                    f"slow clients stop the others: no after {waited:.2f} s\n{stage.log()[-2000:]}"
                )
            at += 1
            time.sleep(0.1)
    finally:
        for client in (*readers, *(client for client, *_ in senders)):
            client.close()


def _connected(stage: Stage) -> socket.socket:
    return socket.create_connection(("127.0.0.1", stage.server.port))


def set_clock(stage: Stage, seconds: int) -> None:
    """Step the clock of the product to `seconds` after the real one (clock.c)."""
    assert stage.clock is not None
    with stage.clock.open("r+b") as file:
        file.write(struct.pack("=q", seconds * 10**9))


def clock_ahead(stage: Stage) -> None:
    set_clock(stage, HOUR)


def clock_back(stage: Stage) -> None:
    set_clock(stage, -HOUR)


def clock_right(stage: Stage) -> None:
    set_clock(stage, 0)


OF_ALL: Sequence[Fault] = (
    worker_killed, workers_killed, background_killed, server_killed, supervisor_killed,
    everything_killed, workers_frozen, descriptors_exhausted, memory_exhausted, disk_full,
    clients_slow,
)  # fmt: skip
FAULTS: dict[str, Sequence[Fault]] = {
    "sqlite": (*OF_ALL, files_read_only, disk_read_only, files_moved_away),
    "postgresql": (
        *OF_ALL, database_killed, database_gone, database_frozen, database_read_only,
        connections_cut,
    ),
}  # fmt: skip
CLOCK: Sequence[Fault] = (clock_ahead, clock_right, clock_back, clock_right)
