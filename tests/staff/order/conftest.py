"""The order whose page or sheet is looked at."""

import pytest

from tests.actors import Org
from tests.staff.test_pages import make_order


@pytest.fixture
def code(org: Org) -> str:
    return make_order(org, name="Lobby")["shortId"]
