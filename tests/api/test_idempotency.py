"""Contract: requests that are safe to repeat, by `Idempotency-Key`."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, update

from orders.services import idempotency
from orders.storage import database
from orders.storage.tables import submission
from tests.actors import Org
from tests.api.calls import Api

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": SOFA, "count": 2}
BODY = {"name": "Hall", "cart": [LINE]}
KEY = {"Idempotency-Key": "9f3c1b"}
StoredRows = Callable[[], dict[str, int]]


def age_keys(app: Flask) -> None:
    """Make all keys a little older than a day."""
    with app.app_context():
        old = datetime.now(UTC) - idempotency.KEPT_FOR - timedelta(seconds=1)
        database.write(
            lambda connection: connection.execute(update(submission).values(created_at=old))
        )


def test_the_same_key_and_body_return_the_first_answer(api: Api, stored_rows: StoredRows) -> None:
    first = api.call("POST", "/orders", BODY, headers=KEY)
    api.call("PUT", f"/orders/{first.json['id']}", {"name": "Changed meanwhile"})
    again = api.call("POST", "/orders", BODY, headers=KEY)
    assert (again.status_code, again.json) == (201, first.json)
    for header in ("Location", "ETag", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert stored_rows()["orders"] == 1


def test_the_order_of_keys_in_the_body_does_not_matter(api: Api) -> None:
    first = api.call("POST", "/orders", BODY, headers=KEY).json
    assert api.call("POST", "/orders", {"cart": [LINE], "name": "Hall"}, headers=KEY).json == first


def test_the_same_key_with_another_body_is_422(api: Api, stored_rows: StoredRows) -> None:
    api.call("POST", "/orders", BODY, headers=KEY)
    other = api.call("POST", "/orders", {**BODY, "name": "Other"}, headers=KEY)
    assert other.status_code == 422
    assert [error["path"] for error in other.json["errors"]] == ["Idempotency-Key"]
    assert stored_rows()["orders"] == 1


def test_the_same_key_at_another_address_is_422(api: Api) -> None:
    made = [api.create({"status": "List"}).json["id"] for _ in range(2)]
    assert api.call("POST", f"/orders/{made[0]}/cart", [LINE], headers=KEY).status_code == 200
    assert api.call("POST", f"/orders/{made[1]}/cart", [LINE], headers=KEY).status_code == 422


def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    assert api.call("POST", "/orders", {"cart": [{}]}, headers=KEY).status_code == 422
    assert api.call("POST", "/orders", BODY, headers=KEY).status_code == 201


def test_each_token_has_keys_of_its_own(api: Api, public_api: Api, stored_rows: StoredRows) -> None:
    api.call("POST", "/orders", BODY, headers=KEY)
    assert public_api.call("POST", "/orders", BODY, headers=KEY).status_code == 201
    assert stored_rows()["orders"] == 2


def test_a_key_is_free_again_after_a_day(api: Api, app: Flask, stored_rows: StoredRows) -> None:
    first = api.call("POST", "/orders", BODY, headers=KEY).json
    age_keys(app)
    second = api.call("POST", "/orders", {**BODY, "name": "Next day"}, headers=KEY)
    assert second.status_code == 201
    assert second.json["id"] != first["id"]
    assert stored_rows()["orders"] == 2


def test_old_keys_of_the_api_are_removed_and_those_of_forms_stay(api: Api, app: Flask) -> None:
    api.call("POST", "/orders", BODY, headers=KEY)
    age_keys(app)
    made = api.call("POST", "/orders", BODY, headers={"Idempotency-Key": "fresh"}).json
    with app.app_context():
        form = {
            "actor_id": "someone", "key": "form", "fingerprint": "0" * 64, "order_id": made["id"],
            "created_at": datetime(2020, 1, 1, tzinfo=UTC),
        }  # fmt: skip
        database.write(lambda connection: connection.execute(submission.insert(), form).rowcount)
        assert idempotency.clear_old() == 1
        with database.read() as connection:
            assert set(connection.execute(select(submission.c.key)).scalars()) == {"fresh", "form"}


def test_lines_are_put_behind_once(api: Api) -> None:
    order = api.create({"status": "List", "cart": [LINE]}).json
    path = f"/orders/{order['id']}/cart"
    first = api.call("POST", path, [LINE], headers=KEY)
    again = api.call("POST", path, [LINE], headers=KEY)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert api.read(order["id"]).json["cart"] == [LINE, LINE]


def test_the_first_answer_is_returned_even_if_the_request_would_be_refused_now(
    api: Api, public_api: Api
) -> None:
    order = public_api.create({"status": "In Cart"}).json
    path = f"/orders/{order['id']}/cart"
    first = public_api.call("POST", path, [LINE], headers=KEY)
    api.call("PUT", f"/orders/{order['id']}", {"status": "New"})
    again = public_api.call("POST", path, [LINE], headers=KEY)
    assert (again.status_code, again.json) == (200, first.json)


def test_a_restore_may_be_repeated(api: Api) -> None:
    order = api.create(BODY).json
    api.call("DELETE", f"/orders/{order['id']}")
    first = api.call("POST", f"/orders/{order['id']}/restore", headers=KEY).json
    api.call("DELETE", f"/orders/{order['id']}")
    assert api.call("POST", f"/orders/{order['id']}/restore", headers=KEY).json == first
    assert api.read(order["id"]).status_code == 404


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "schlüssel"])
def test_an_invalid_key_is_422(api: Api, key: str) -> None:
    answer = api.call("POST", "/orders", BODY, headers={"Idempotency-Key": key})
    assert [error["path"] for error in answer.json["errors"]] == ["Idempotency-Key"]


def test_the_longest_key_is_accepted(api: Api) -> None:
    longest = {"Idempotency-Key": "k" * 255}
    first = api.call("POST", "/orders", BODY, headers=longest)
    assert first.status_code == 201
    assert api.call("POST", "/orders", BODY, headers=longest).json == first.json


def test_many_at_the_same_moment_make_one_order(app: Flask, org: Org) -> None:
    headers = {"Authorization": f"Bearer {org.private.secret}", **KEY}

    def post(_: int) -> tuple[int, str]:
        answer = app.test_client().post("/api/orders", json=BODY, headers=headers)
        return answer.status_code, answer.get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(40)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    with app.app_context(), database.read() as connection:
        assert connection.execute(select(func.count()).select_from(submission)).scalar_one() == 1


def test_many_at_the_same_moment_with_one_version_get_the_first_answer(
    app: Flask, api: Api
) -> None:
    order = api.create({"status": "List"})
    path = f"/api/orders/{order.json['id']}/cart"
    headers = {**api.headers, **KEY, "If-Match": order.headers["ETag"]}

    def post(_: int) -> tuple[int, str]:
        answer = app.test_client().post(path, json=[LINE], headers=headers)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(24)))
    assert [status for status, _ in answers] == [200]
    assert api.read(order.json["id"]).json["cart"] == [LINE]


def test_keys_that_are_written_together_keep_each_its_own_answer(app: Flask, org: Org) -> None:
    # On SQLite the first of those who wait writes for all of them; here it has no request at all.
    is_held, may_go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        is_held.set()
        may_go_on.wait(30)

    def write(work: Callable[[Connection], None]) -> None:
        with app.app_context():
            database.write(work)

    def make(number: int) -> tuple[int, str | None, object]:
        path, body = (
            ("configurations", {"metadata": {"name": f"Chair {number}"}})
            if number % 2
            else ("webhooks", {"topic": "order.created", "address": "https://shop.example/hook"})
        )
        answer = app.test_client().post(
            f"/api/{path}",
            json=body,
            headers={
                "Authorization": f"Bearer {org.private.secret}",
                "Idempotency-Key": f"key-{number}",
            },
            environ_overrides={"SCRIPT_NAME": f"/desk{number}"},
        )
        return answer.status_code, answer.headers.get("Location"), answer.json

    org.actor()  # the token's use is noted: nothing but the rows below is left to write
    numbers = range(8)
    with ThreadPoolExecutor(10) as threads:
        threads.submit(write, hold)
        assert is_held.wait(30)
        threads.submit(write, lambda connection: None)
        time.sleep(0.5)  # so that it is the first of those who wait
        made = [threads.submit(make, number) for number in numbers]
        time.sleep(1)  # so that they wait together
        may_go_on.set()
        first = [one.result() for one in made]
    assert [status for status, _, _ in first] == [201] * len(numbers)
    assert [make(number) for number in numbers] == first
    for number, (_, location, _) in zip(numbers, first, strict=True):
        assert str(location).startswith(f"/desk{number}/api/")
