"""What PostgreSQL refuses for a moment is done again as a whole, or refused with nothing stored.

The server itself fails in place of one statement after the other of every write of the API: by a
conflict of transactions, by a deadlock, and by ending the connection.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from orders.interfaces.api.application import all_endpoints
from orders.storage import database
from orders.storage.compiled_select import CompiledSelect, Parameters
from orders.storage.table_copies import copied_tables
from tests.actors import Org
from tests.api.calls import Answer, Api
from tests.api.conftest import caller
from tests.bad_orders import CHAIR

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'for a moment' USING ERRCODE = '{}'; END $$"
FAULTS = {
    "conflict": RAISE.format("40001"),
    "deadlock": RAISE.format("40P01"),
    "lost": "SELECT pg_terminate_backend(pg_backend_pid())",
}
AT_COMMIT = 0  # in place of the number of a statement
# Counters and logs of requests, which a refused one may have, too.
NOT_COMPARED = {"rate_count", "request_log"}
ROWS_OF_DRIVER = CompiledSelect.rows_of_driver
CART = [{"configurationId": CHAIR, "count": 1}]
HOOK = {"topic": "order.created", "address": "https://shop.example/hook"}
State = dict[str, Any]


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait before a write is tried again."""
    monkeypatch.setattr(database, "PAUSE", 0.0)


@pytest.fixture
def api(client: FlaskClient, org: Org) -> Api:
    return caller(client, org, org.private)


def made(api: Api, path: str, body: object, name: str = "") -> State:
    answer = api.call("POST", path, body)
    assert answer.status_code == 201, answer.text
    found: State = answer.json[name] if name else answer.json
    return found


def order(api: Api) -> State:
    return made(api, "/orders", {"cart": CART, "customerId": "C-1", "name": "Hall"})


def changed(api: Api, method: str, path: str = "", body: object = None, *before: str) -> State:
    """Return an order after the steps `before`, with the call that is to be tried."""
    found = order(api)
    for step in before:
        if step == "bin":
            answer = api.call("DELETE", f"/orders/{found['id']}")
        else:
            answer = api.call("POST", f"/orders/{found['id']}/{step}", {})
        assert answer.status_code == 200
    return {"call": (method, f"/orders/{found['id']}{path}", body)}


def new(path: str, body: object) -> Callable[[Api], State]:
    return lambda _: {"call": ("POST", path, body)}


def customer(api: Api, method: str, body: object = None) -> State:
    name = f"K-{uuid.uuid4()}"
    made(api, "/customers", {"customerId": name, "name": "Hall"})
    return {"call": (method, f"/customers/{name}", body)}


def webhook(api: Api, method: str, path: str = "", body: object = None) -> State:
    own = f"/webhooks/{made(api, '/webhooks', HOOK, 'webhook')['id']}"
    if path:
        api.call("DELETE", own)
    return {"call": (method, own + path, body)}


# Each makes what it needs, and returns the call that is tried.
WRITES: dict[str, Callable[[Api], State]] = {
    "POST /api/orders": new("/orders", {"cart": CART, "platform": {"id": "7"}, "name": "Hall"}),
    "PUT /api/orders/{reference}": lambda api: changed(api, "PUT", "", {"name": "New"}),
    "DELETE /api/orders/{reference}": lambda api: changed(api, "DELETE"),
    "POST /api/orders/{reference}/restore": lambda api: changed(
        api, "POST", "/restore", None, "bin"
    ),
    "POST /api/orders/{reference}/cancel": lambda api: changed(api, "POST", "/cancel", {}),
    "POST /api/orders/{reference}/reopen": lambda api: changed(
        api, "POST", "/reopen", None, "cancel"
    ),
    "POST /api/orders/{reference}/cart": lambda api: changed(api, "POST", "/cart", CART),
    "PUT /api/orders/{reference}/cart": lambda api: changed(api, "PUT", "/cart", CART * 2),
    "POST /api/orders/{reference}/items": lambda api: changed(
        api, "POST", "/items", [{"id": CHAIR, "count": "2"}]
    ),
    "POST /api/configurations": new("/configurations", {"variant": {"Wood": "Oak"}}),
    "POST /api/customers": lambda _: {
        "call": ("POST", "/customers", {"customerId": f"N-{uuid.uuid4()}", "name": "Hall"})
    },
    "PUT /api/customers/{customer_id}": lambda api: customer(api, "PUT", {"name": "New"}),
    "DELETE /api/customers/{customer_id}": lambda api: customer(api, "DELETE"),
    "POST /api/webhooks": new("/webhooks", HOOK),
    "PUT /api/webhooks/{webhook_id}": lambda api: webhook(api, "PUT", "", HOOK),
    "DELETE /api/webhooks/{webhook_id}": lambda api: webhook(api, "DELETE"),
    "POST /api/webhooks/{webhook_id}/restore": lambda api: webhook(api, "POST", "/restore"),
}


class Failing:
    """Fails once in place of statement number `at`, from 1, or of the first COMMIT."""

    def __init__(self, fault: str, at: int) -> None:
        self._sql, self._at = FAULTS[fault], at
        self._seen = 0
        self.has_failed = False

    def statement(
        self, _connection: object, _cursor: object, statement: str, parameters: Any,  # noqa: ANN401 - the driver's
        _context: object, is_many: bool,
    ) -> tuple[str, Any]:  # fmt: skip
        self._seen += 1
        if self.has_failed or self._seen != self._at:
            return statement, parameters
        self.has_failed = True
        return self._sql, [()] if is_many else ()

    def select(self, one: CompiledSelect, driver: Any, dialect: Dialect, values: Parameters) -> Any:  # noqa: ANN401 - the driver's
        """Run a select that goes past SQLAlchemy's events."""
        sql, _ = self.statement(None, None, "", (), None, False)
        if sql:
            driver.execute(sql)
        return ROWS_OF_DRIVER(one, driver, dialect, values)

    def commit(self, connection: Connection) -> None:
        if self._at == AT_COMMIT and not self.has_failed:
            self.has_failed = True
            try:
                connection.exec_driver_sql(self._sql)
            except DBAPIError as error:
                if not error.connection_invalidated:  # a COMMIT that fails ends the transaction
                    connection.connection.rollback()
                raise

    @contextmanager
    def on(self, engine: Engine) -> Iterator[None]:
        event.listen(engine, "before_cursor_execute", self.statement, retval=True)
        event.listen(engine, "commit", self.commit)
        try:
            with patch.object(
                CompiledSelect,
                "rows_of_driver",
                lambda *read: self.select(*read),  # noqa: PLW0108 - a method
            ):
                yield
        finally:
            event.remove(engine, "before_cursor_execute", self.statement)
            event.remove(engine, "commit", self.commit)


def rows() -> dict[str, int]:
    with database.read() as connection:
        return {
            one.name: connection.execute(select(func.count()).select_from(one)).scalar_one()
            for one in copied_tables()
            if one.name not in NOT_COMPARED
        }


def tried(api: Api, write: str, failing: Failing) -> tuple[Answer, dict[str, int]]:
    """Try a write; return its answer, and how many rows there are more in each table."""
    method, path, body = WRITES[write](api)["call"]
    before = rows()
    with failing.on(database.db.engine):
        answer = api.call(method, path, body)
    after = rows()
    return answer, {name: after[name] - before[name] for name in after}


def test_every_write_of_the_api_is_tried() -> None:
    every = {f"{one.method} {one.path}" for one in all_endpoints() if one.method != "GET"}
    assert every == WRITES.keys()


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "fault",
    ["conflict", *(pytest.param(one, marks=pytest.mark.soak) for one in ("deadlock", "lost"))],
)
@pytest.mark.parametrize("write", WRITES)
def test_a_statement_that_fails_once_leaves_nothing_half_done(
    app: Flask, api: Api, write: str, fault: str
) -> None:
    with app.app_context():
        right, wanted = tried(api, write, Failing(fault, -1))
        assert right.status_code in {200, 201, 204}, right.text
        outcomes = []
        for at in itertools.count(AT_COMMIT):
            failing = Failing(fault, at)
            answer, found = tried(api, write, failing)
            if not failing.has_failed:
                break
            outcomes.append(answer.status_code)
            if answer.status_code == 503:
                assert not any(found.values()), (at, found)
                assert answer.headers["Retry-After"]
            else:
                assert (answer.status_code, found) == (right.status_code, wanted), at
    assert len(outcomes) >= 3
