"""Bad orders through the JSON API and the form: same paths, same messages, nothing stored."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind, Option
from tests.actors import Org
from tests.bad_orders import BAD_ORDERS, BadOrder, good_form, good_json
from tests.conftest import StoredRows
from tests.html import read

KEY = "A" * 22


@pytest.fixture
def defined_org(org: Org) -> Org:
    """An org with attributes of three kinds."""
    org.define(
        AttributeRule(
            "finish",
            "Finish",
            Kind.OPTION,
            options=(Option("matt", "Matt"), Option("gloss", "Gloss")),
            required=True,
        ),
        AttributeRule("gift", "Gift wrap", Kind.BOOLEAN),
        AttributeRule("weight", "Weight", Kind.NUMBER),
    )
    return org


def post_json(client: FlaskClient, org: Org, order: object) -> TestResponse:
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    return client.post("/api/orders", json=order, headers=headers)


def post_form(client: FlaskClient, form: dict[str, str], **headers: str) -> TestResponse:
    fields = {**form, "do": "place"}
    return client.post(f"/orders/new?form={KEY}", data=fields, headers=headers)


def errors_in_json(answer: TestResponse) -> list[tuple[str, str]]:
    assert answer.json is not None
    return [(error["path"], error["message"]) for error in answer.json["errors"]]


def errors_in_form(answer: TestResponse) -> list[tuple[str, str]]:
    """Read the errors of the form's summary: each entry carries its path."""
    entries = read(answer.text).all("li[data-path]")
    return [(entry["data-path"], entry.first(".message").text) for entry in entries]


def test_there_are_at_least_forty_bad_orders() -> None:
    assert len(BAD_ORDERS) >= 40
    assert len({bad.name for bad in BAD_ORDERS}) == len(BAD_ORDERS)


def test_all_interfaces_accept_the_good_order(
    client: FlaskClient, staff_client: FlaskClient, defined_org: Org, csrf_off: None
) -> None:
    assert post_json(client, defined_org, good_json()).status_code == 201
    assert post_form(staff_client, good_form()).status_code == 303


@pytest.mark.parametrize("bad", BAD_ORDERS, ids=lambda bad: bad.name)
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_all_interfaces_report_the_same_errors(
    bad: BadOrder,
    client: FlaskClient,
    staff_client: FlaskClient,
    defined_org: Org,
    stored_rows: StoredRows,
    csrf_off: None,
) -> None:
    before = stored_rows()
    by_json = post_json(client, defined_org, bad.as_json())
    by_form = post_form(staff_client, bad.as_form())
    by_htmx = post_form(staff_client, bad.as_form(), **{"HX-Request": "true"})
    assert (by_json.status_code, by_form.status_code, by_htmx.status_code) == (422, 422, 422)
    errors = errors_in_json(by_json)
    assert errors_in_form(by_form) == errors
    assert errors_in_form(by_htmx) == errors
    assert tuple(path for path, _ in errors) == bad.paths
    if bad.message is not None:
        assert errors[0][1] == bad.message
    assert stored_rows() == before
