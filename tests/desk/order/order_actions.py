"""Actions on the page of an order, and the state of the order afterwards."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.domain.order import Order
from orders.services.orders import queries
from tests.actors import Org
from tests.html import read

KEY = "N" * 22
IDA = "ida@customer.example"


def stored(org: Org, code: str) -> Order:
    with org.app.app_context():
        return queries.find_any_order(code, org.id)


def actions(org: Org, code: str) -> list[str]:
    with org.app.app_context():
        return [one.action for one in queries.read_history(queries.find_any_order(code, org.id))]


def post(client: FlaskClient, code: str, action: str, **fields: object) -> TestResponse:
    return client.post(f"/orders/{code}/{action}", data=fields)


def page(client: FlaskClient, code: str) -> str:
    answer = client.get(f"/orders/{code}")
    assert answer.status_code == 200
    return answer.text


def undo_fields(text: str) -> dict[str, str]:
    """Read the form behind the message's Undo button."""
    form = read(text).first("form.undo[method=post]")
    return {"action": form["action"], **{one["name"]: one["value"] for one in form.all("[name]")}}


def send_undo(client: FlaskClient, text: str) -> TestResponse:
    fields = undo_fields(text)
    return client.post(fields.pop("action"), data=fields)
