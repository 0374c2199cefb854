"""Items of old clients that could not become lines: the order's page says so, and which."""

import pytest
from flask.testing import FlaskClient

from tests.actors import Org
from tests.desk.order.order_actions import page
from tests.desk.test_pages import make_order
from tests.html import read

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"


@pytest.mark.parametrize(
    ("entry", "path"),
    [({"sku": "X-1"}, "items.1"), ({"id": SOFA, "count": "many"}, "items.1.count"),
     ({"id": "no-such-1", "count": 1}, "items.1.id")],
)  # fmt: skip
def test_items_that_are_no_lines_are_named(
    staff_client: FlaskClient, org: Org, entry: dict[str, object], path: str
) -> None:
    code = make_order(org, cart=None, items=[{"id": SOFA}, entry])["shortId"]
    shown = read(page(staff_client, code))
    assert [one.text for one in shown.all(".items-notice code")] == [path]
    assert shown.all("details[open] pre")


def test_items_that_are_lines_are_only_shown(staff_client: FlaskClient, org: Org) -> None:
    code = make_order(org, cart=None, items=[{"id": SOFA, "count": "2"}])["shortId"]
    shown = read(page(staff_client, code))
    assert not shown.all(".items-notice")
    assert shown.all("details pre")
