"""Saved views of the list."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Org
from tests.desk.order_list.test_list import codes
from tests.desk.test_pages import make_order
from tests.html import read

pytestmark = pytest.mark.usefixtures("csrf_off")


def tabs(client: FlaskClient, query: str = "") -> dict[str, str]:
    """Return label and address of each tab."""
    text = client.get(f"/orders?{query}").text
    return {one.strings()[0]: one["href"] for one in read(text).all(".views a[href]")}


def current(client: FlaskClient, query: str) -> list[str]:
    text = client.get(f"/orders?{query}").text
    return [one.strings()[0] for one in read(text).all(".views [aria-current=page]")]


def save(client: FlaskClient, name: str, state: str, **more: str) -> str:
    """Save a view and return its ID."""
    sent = {"name": name, "state": state, "key": name, **more}
    answer = client.post("/orders/views", data=sent)
    assert answer.status_code == 303, answer.text
    return answer.location.rpartition("view=")[2]


@pytest.fixture
def colleague(app: Flask, org: Org) -> FlaskClient:
    return org.sign_in(app.test_client(), org.admin())


@pytest.fixture
def stranger(app: Flask, other_org: Org) -> FlaskClient:
    return other_org.sign_in(app.test_client())


def test_everybody_has_the_built_in_views(staff_client: FlaskClient, org: Org) -> None:
    made = {
        status: make_order(org, status=status)["shortId"]
        for status in ("List", "In Cart", "New", "In Progress", "Complete")
    }
    assert list(tabs(staff_client)) == [
        "All", "Open carts", "New", "In progress", "Complete", "Deleted orders",
    ]  # fmt: skip
    found = {label: set(codes(staff_client, address.partition("?")[2]))
             for label, address in tabs(staff_client).items()}  # fmt: skip
    assert found["All"] == set(made.values())
    assert found["Open carts"] == {made["List"], made["In Cart"]}
    assert found["Complete"] == {made["Complete"]}
    assert found["Deleted orders"] == set()
    assert current(staff_client, "") == ["All"]
    assert current(staff_client, "status=In+Cart&status=List&sort=name") == ["Open carts"]
    assert current(staff_client, "status=New&q=x") == []


def test_a_view_saves_filters_sort_and_columns(staff_client: FlaskClient, org: Org) -> None:
    wanted = make_order(org, name="Oak")["shortId"]
    make_order(org, name="Ash")
    view_id = save(staff_client, "Oak ones", "q=oak&sort=name&columns=name&older=x")
    address = tabs(staff_client)["Oak ones"]
    assert address == f"/orders?q=oak&sort=name&columns=name&view={view_id}"
    assert codes(staff_client, address.partition("?")[2]) == [wanted]
    assert current(staff_client, address.partition("?")[2]) == ["Oak ones"]
    # With another filter it is still this view, and can be overwritten.
    assert current(staff_client, f"q=oak&status=New&view={view_id}") == ["Oak ones"]


def test_a_view_is_private_until_it_is_shared(
    staff_client: FlaskClient, colleague: FlaskClient, stranger: FlaskClient
) -> None:
    view_id = save(staff_client, "Mine", "status=New")
    assert "Mine" not in tabs(colleague)
    change = {"name": "Ours", "shared": "y", "state": "status=New", "do": "save"}
    assert staff_client.post(f"/orders/views/{view_id}", data=change).status_code == 303
    assert "Ours" in tabs(colleague)
    assert "Ours" not in tabs(stranger)


def test_a_view_can_be_renamed_overwritten_and_deleted(staff_client: FlaskClient) -> None:
    view_id = save(staff_client, "Mine", "status=New&columns=name")
    sent = {"name": "Yours", "state": f"status=List&columns=name&view={view_id}", "do": "save"}
    staff_client.post(f"/orders/views/{view_id}", data=sent)
    assert tabs(staff_client)["Yours"] == f"/orders?status=New&columns=name&view={view_id}"
    staff_client.post(f"/orders/views/{view_id}", data={**sent, "do": "overwrite"})
    assert tabs(staff_client)["Yours"] == f"/orders?status=List&columns=name&view={view_id}"
    answer = staff_client.post(f"/orders/views/{view_id}", data={**sent, "do": "delete"})
    assert answer.location == "/orders?status=List&columns=name"
    assert "Yours" not in tabs(staff_client)
    assert staff_client.get(f"/orders?view={view_id}").status_code == 200


def test_only_the_owner_and_for_shared_views_an_admin_can_change_a_view(
    app: Flask, org: Org, staff_client: FlaskClient, colleague: FlaskClient, stranger: FlaskClient
) -> None:
    theirs = save(colleague, "Admin's", "status=New", shared="y")
    own = save(staff_client, "Own", "status=New")
    sent = {"name": "Stolen", "state": "", "do": "save"}
    assert staff_client.post(f"/orders/views/{theirs}", data=sent).status_code == 403
    assert colleague.post(f"/orders/views/{own}", data=sent).status_code == 404
    deleting = {**sent, "do": "delete"}
    assert stranger.post(f"/orders/views/{theirs}", data=deleting).status_code == 404
    assert stranger.post("/orders/views/%00", data=sent).status_code == 404
    assert {"Admin's", "Own"} <= set(tabs(staff_client))
    shared = save(staff_client, "Shared", "status=New", shared="y")
    assert colleague.post(f"/orders/views/{shared}", data=sent).status_code == 303
    assert "Stolen" in tabs(staff_client)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "1 to 80"), ("x" * 81, "1 to 80"), ("Mine", "A view with this name already exists"),
     ("a\0b", "NUL")],
)  # fmt: skip
def test_a_bad_name_is_reported_and_stays_in_its_field(
    staff_client: FlaskClient, name: str, sentence: str
) -> None:
    save(staff_client, "Mine", "status=New")
    before = tabs(staff_client)
    sent = {"name": name, "state": "status=New", "key": "another"}
    answer = staff_client.post("/orders/views", data=sent)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert tabs(staff_client) == before


def test_the_same_form_twice_makes_one(staff_client: FlaskClient) -> None:
    assert save(staff_client, "Mine", "status=New") == save(staff_client, "Mine", "status=New")
    assert list(tabs(staff_client)).count("Mine") == 1
    # Another name on the same page makes another view.
    assert save(staff_client, "Another", "status=New", key="Mine") != save(
        staff_client, "Third", "status=New", key="Mine"
    )
    assert {"Mine", "Another", "Third"} <= set(tabs(staff_client))


def test_the_number_of_views_is_limited(
    staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.services.orders.saved_views.MAX_VIEWS", 1)
    save(staff_client, "One", "")
    answer = staff_client.post("/orders/views", data={"name": "Two", "state": "", "key": "2"})
    assert answer.status_code == 422
    assert "The limit is 1 view" in answer.text
