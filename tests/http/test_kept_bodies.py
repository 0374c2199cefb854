"""Large bodies wait in a file, for which there may be no room."""

import asyncio
import errno
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

from orders.interfaces.http import gateway
from tests.processes.echo_app import create_app


def test_a_body_for_whose_file_there_is_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 9, "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    sent: list[MutableMapping[str, Any]] = []
    scope = {
        "raw_path": b"/read", "server": ("x", 80), "http_version": "1.1", "client": ("::1", 9),
        "method": "POST", "query_string": b"", "scheme": "http",
        "headers": [(b"content-length", b"99")],
    }  # fmt: skip
    monkeypatch.setattr(gateway, "SpooledTemporaryFile", full)
    served = gateway.Gateway(create_app(), gateway.BodyLimits(1000, 9, 0, 9))
    # In a thread of its own: a browser of other tests leaves a running loop in this one.
    with ThreadPoolExecutor() as threads:
        threads.submit(asyncio.run, served(scope, receive, send)).result()
    assert sent[0]["status"] == 503
    assert (b"connection", b"close") in sent[0]["headers"]
