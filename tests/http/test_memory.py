"""A page for which there is no memory says that the service is busy."""

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.mark.one_database(reason="the fault is in a view")
def test_a_page_without_memory_is_503(
    app: Flask, staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setitem(app.view_functions, "desk.list_orders", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = staff_client.get("/orders")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "The service is busy" in answer.text
