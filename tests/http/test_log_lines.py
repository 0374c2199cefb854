"""What a request contains cannot end a line of the log, begin one, or command a terminal."""

import io
import logging

import pytest
from flask import Flask

from orders.interfaces.http.logs import INDENT, TextLines
from tests.actors import Org
from tests.api.conftest import caller

FORGED = "\n[2026-01-01] ERROR in forged: \x1b[2J\r\x85\u2028\x9b"
ENCODED = "%0A[2026-01-01]%20ERROR%20in%20forged:%20%1B[2J%0D%C2%85%E2%80%A8%C2%9B"


@pytest.fixture
def log(app: Flask, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged while a request fails."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(TextLines())
    monkeypatch.setattr(app.logger, "handlers", [handler])
    monkeypatch.setattr(app.logger, "propagate", False)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_: object, **__: object) -> None:
        raise LookupError(FORGED)

    monkeypatch.setattr("orders.services.orders.queries.find_order", fail)
    monkeypatch.setattr("orders.services.orders.lookup.find_order_for_customer", fail)
    return written


@pytest.mark.one_database(reason="it fails before any SQL")
def test_a_path_or_error_writes_no_line_of_its_own(
    app: Flask, org: Org, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.domain.short_id.find_code", lambda _: "000000000000")
    api = caller(app.test_client(), org, org.private)
    for path in (f"/o/{ENCODED}", f"/api/orders/{ENCODED}"):
        assert api.client.get(path, headers=api.headers).status_code == 500
    text = log.getvalue()
    assert text.count("forged") == 4  # the path and the error, twice
    for line in text.split("\n"):
        assert line.isprintable()
        assert line.startswith((INDENT, "20")) or not line
        assert "forged" not in line or "\\x0a" in line or line.startswith(INDENT)
