"""A new order is filled in from the customer's record and last orders, with one undo."""

import pytest
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from tests.actors import Org
from tests.desk.customers.test_customers import add
from tests.desk.test_pages import make_order
from tests.html import read, texts

pytestmark = pytest.mark.usefixtures("csrf_off")
KEY = "F" * 22
FINISH = (Option("matt", "Matt"), Option("oil", "Oiled"))


@pytest.fixture
def defined(org: Org) -> Org:
    org.define(
        AttributeRule("finish", "Finish", Kind.OPTION, FINISH, default="matt"),
        AttributeRule("gift", "Gift", Kind.BOOLEAN),
        AttributeRule("weight", "Weight", Kind.NUMBER),
        AttributeRule("note", "Note", Kind.TEXT),
        AttributeRule("crate", "Crate", Kind.TEXT, applies=Applies.DERIVATIVE),
    )
    return org


def press(client: FlaskClient, do: str, form: dict[str, str], **more: str) -> str:
    answer = client.post(f"/orders/new?form={KEY}", data={**form, "do": do, **more})
    assert answer.status_code == 200
    return answer.text


def fields(page: str) -> dict[str, str]:
    return read(page).first("#order-form").fields()


def opened(client: FlaskClient, **typed: str) -> dict[str, str]:
    return {**fields(client.get(f"/orders/new?form={KEY}").text), **typed}


def test_defaults_of_the_record_come_before_the_last_orders(
    staff_client: FlaskClient, defined: Org
) -> None:
    add(defined, "C-1", defaults={"finish": "oil", "weight": 1.5})
    for crate in ("big", "big"):
        make_order(defined, customerId="C-1", metadata={"finish": "matt", "gift": True},
                   derivative={"crate": crate})  # fmt: skip
    form = opened(staff_client, customerId=" C\u20111", name="Mine", **{"metadata.note": "typed"})
    page = press(staff_client, "fill", form)
    now = fields(page)
    assert (now["metadata.finish"], now["metadata.weight"]) == ("oil", "1.5")
    assert (now["metadata.gift"], now["derivative.crate"]) == ("y", "big")
    assert (now["name"], now["metadata.note"]) == ("Mine", "typed")
    hints = texts(page, ".fields .hint")
    assert hints.count("From the customer") == 2
    assert hints.count("From the last orders") == 2
    assert "4 fields filled in from the customer&#39;s record and the last orders" in page


def test_one_undo_restores_what_nobody_has_changed_since(
    staff_client: FlaskClient, defined: Org
) -> None:
    add(defined, "C-1", defaults={"finish": "oil", "weight": 1.5, "gift": True})
    before = opened(staff_client, customerId="C-1")
    filled = fields(press(staff_client, "fill", before))
    page = press(staff_client, "unfill", {**filled, "metadata.weight": "2"})
    after = fields(page)
    assert after["metadata.weight"] == "2"
    assert after["metadata.finish"] == "matt"
    assert "metadata.gift" not in after
    assert "From the customer" not in texts(page, ".hint")


def test_another_customer_replaces_what_was_filled_in(
    staff_client: FlaskClient, defined: Org
) -> None:
    add(defined, "C-1", defaults={"finish": "oil", "note": "ring"})
    add(defined, "C-2", defaults={"weight": 3})
    first = fields(press(staff_client, "fill", opened(staff_client, customerId="C-1")))
    second = fields(press(staff_client, "fill", {**first, "customerId": "C-2"}))
    assert (second["metadata.finish"], second["metadata.note"]) == ("matt", "")
    assert second["metadata.weight"] == "3"


def test_orders_must_agree_and_one_alone_decides_nothing(
    staff_client: FlaskClient, defined: Org
) -> None:
    make_order(defined, customerId="C-1", metadata={"finish": "oil", "note": "PO 1"})
    form = opened(staff_client, customerId="C-1")
    page = press(staff_client, "fill", form)
    assert fields(page)["metadata.finish"] == "matt"
    assert "There is nothing to fill in for this customer." in page
    answer = staff_client.post(f"/orders/new?form={KEY}", data={**form, "do": "fill", "auto": "1"})
    assert (answer.status_code, answer.text) == (204, "")
    make_order(defined, customerId="C-1", metadata={"finish": "oil", "note": "PO 2"})
    make_order(defined, customerId="C-1", status="In Cart", metadata={"finish": "matt"})
    now = fields(press(staff_client, "fill", form))
    assert (now["metadata.finish"], now["metadata.note"]) == ("oil", "")


@pytest.mark.parametrize(
    "filled", ["x", "[1]", "{}", '[{"path": 1}]', "[" * 9999, "null", "7",
               '[{"path": "metadata.note", "source": "x", "before": 1, "after": ""}]',
               '[{"path": "metadata.note", "source": [], "before": 1, "after": ""}]'],
)  # fmt: skip
@pytest.mark.one_database(reason="the hidden field is read without a statement")
def test_an_odd_hidden_field_is_ignored(
    staff_client: FlaskClient, defined: Org, filled: str
) -> None:
    form = opened(staff_client, customerId="nobody\0")
    for do in ("fill", "unfill", "stay"):
        assert "From the" not in texts(press(staff_client, do, {**form, "filled": filled}), ".hint")


def test_the_form_of_a_stored_order_is_not_filled_in(
    staff_client: FlaskClient, defined: Org
) -> None:
    add(defined, "C-1", defaults={"finish": "oil"})
    code = make_order(defined, customerId="C-1")["shortId"]
    page = staff_client.get(f"/orders/{code}/edit").text
    assert not read(page).all("#fill")
