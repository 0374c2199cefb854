"""The order of the tests in this folder."""

import pytest

from tests.actors import Org
from tests.desk.test_pages import make_order


@pytest.fixture
def code(org: Org) -> str:
    return make_order(org, name="Lobby")["shortId"]
