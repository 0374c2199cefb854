"""Callers of the JSON API."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.services.accounts.tokens import NewToken
from orders.storage import database
from orders.storage.models.orgs import Token
from tests.actors import Org
from tests.api.calls import Api


def caller(client: FlaskClient, org: Org, token: NewToken) -> Api:
    return Api(client, org.id, token.id, token.secret, {"Authorization": f"Bearer {token.secret}"})


@pytest.fixture
def api(client: FlaskClient, org: Org) -> Api:
    """A script with the org's private token."""
    return caller(client, org, org.private)


@pytest.fixture
def public_api(client: FlaskClient, org: Org) -> Api:
    """A web page of shop.example with the org's public token."""
    page = caller(client, org, org.public)
    page.headers["Origin"] = "https://shop.example"
    return page


@pytest.fixture
def foreign_api(client: FlaskClient, other_org: Org) -> Api:
    """A script of another org."""
    return caller(client, other_org, other_org.private)


@pytest.fixture
def saved_short_id(org: Org) -> str:
    return org.save("Oslo chair", "OSL-1").short_id


@pytest.fixture
def last_use(app: Flask) -> Callable[[str], datetime | None]:
    """Read when a token was last used."""

    def read(token_id: str) -> datetime | None:
        with app.app_context(), database.read() as connection:
            return connection.execute(
                select(Token.last_used_at).where(Token.id == token_id)
            ).scalar_one()

    return read
