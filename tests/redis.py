"""A real Redis that tests start for themselves: Debian's package `redis-server`."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.postgres import die_with_parent, free_port

PATIENCE = 20.0  # seconds


class RedisServer:
    """A server on loopback that stores nothing, and may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing. On Debian: apt install redis-server"
        self._command = [program, "--port", str(port := free_port()), "--bind", "127.0.0.1",
                         "--save", "", "--dir", str(folder)]  # fmt: skip
        self.url = f"redis://127.0.0.1:{port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no locks are held here
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Start a server, and stop it after the block."""
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.stop()
