"""The ID of a request: taken from the client or made, and shown wherever an error is."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Org

pytestmark = pytest.mark.one_database(reason="no SQL has a part in it")
NEW = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("sent", ["a", "x" * 128, "0199f0c2-5d1e-7c3a", "Root=1-67:a/b+c._="])
def test_an_id_is_taken_and_given_back(client: FlaskClient, sent: str) -> None:
    for path in ("/find", "/api/orders/healthcheck", "/livez", "/static/desk.css"):
        assert client.get(path, headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", "x" * 129, "a b", "a,b", "<b>", "ä", '"', "so_prv_abc", "1-so_pub_a", "whsec_a"]
)
def test_another_id_is_made_for_a_bad_one(client: FlaskClient, sent: str) -> None:
    answers = [client.get("/api/nothing", headers={"X-Request-ID": sent}) for _ in range(2)]
    made = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(made) == 2
    assert all(NEW.fullmatch(one) for one in made)
    assert {answer.json["requestId"] for answer in answers if answer.json} == made


def test_every_error_shows_it(app: Flask, org: Org, staff_client: FlaskClient) -> None:
    headers = {"X-Request-ID": "proxy-1"}
    shown = '<code class="code">proxy-1</code>'
    assert shown in staff_client.get("/orders/nothing", headers=headers).text
    assert shown in staff_client.get("/settings", headers=headers).text
    customer = app.test_client().delete("/find", headers=headers)
    assert (customer.status_code, shown in customer.text) == (405, True)
    token = {"Authorization": f"Bearer {org.private.secret}", **headers}
    problem = app.test_client().post("/api/orders", json={"nmae": 1}, headers=token)
    assert problem.status_code == 422
    assert problem.json is not None
    assert problem.json["requestId"] == "proxy-1"


def test_a_fragment_shows_it_if_something_is_broken(
    app: Flask, staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"HX-Request": "true", "X-Request-ID": "proxy-1"}
    assert "proxy-1" not in staff_client.get("/orders/nothing", headers=headers).text
    monkeypatch.setitem(app.view_functions, "desk.list_orders", lambda: 1 / 0)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = staff_client.get("/orders", headers=headers)
    assert answer.status_code == 500
    assert answer.text.rstrip().endswith("Request ID: proxy-1")
