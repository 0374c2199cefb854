"""Look-ups are rate-limited by client address, so that nobody guesses codes."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from orders.settings import Settings
from orders.storage.database import close
from tests.customer.conftest import UNKNOWN_CODE, Clock


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application that allows two look-ups a minute."""
    app = create_app(dataclasses.replace(settings, lookup_limit="2 per minute"))
    app.testing = True
    yield app
    with app.app_context():
        close()


@pytest.mark.parametrize(
    "address", [f"/o/{UNKNOWN_CODE}", "/o/x", "/find?code=x", f"/find?code={UNKNOWN_CODE}"]
)
def test_too_many_look_ups_are_429_with_a_message(
    client: FlaskClient, clock: Clock, address: str
) -> None:
    allowed = {client.get(address).status_code for _ in range(2)}
    assert allowed <= {404, 303}
    refused = client.get(address)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts. Please try again in" in refused.text
    assert refused.headers["Cache-Control"] == "no-store"
    # The input is still in the field.
    typed = address.rpartition("=")[2].rpartition("/")[2]
    assert f'value="{typed}"' in refused.text


def test_other_clients_are_not_limited(client: FlaskClient, clock: Clock) -> None:
    for _ in range(3):
        last = client.get("/o/x", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert last.status_code == 429
    other = client.get("/o/x", environ_base={"REMOTE_ADDR": "192.0.2.2"})
    assert other.status_code == 404


def test_the_form_itself_is_not_limited(client: FlaskClient) -> None:
    assert {client.get("/find").status_code for _ in range(5)} == {200}
