"""An org and its webhooks, within the application."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.actors import Org
from tests.services.webhooks.desk import Desk


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """For services that are called by themselves."""
    with app.app_context():
        yield


@pytest.fixture
def desk(inside: None, org: Org) -> Desk:
    return Desk(org)
