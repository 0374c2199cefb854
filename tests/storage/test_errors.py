"""Errors of the database are logged, and none contains a value that was stored or compared."""

import traceback
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Executable, Integer, Text, bindparam, cast, insert, literal, select
from sqlalchemy.exc import SQLAlchemyError

from orders.domain.errors import ServiceBusy
from orders.storage import database
from orders.storage.database import NewRows
from orders.storage.models.orgs import Token
from orders.storage.tables import token
from tests.actors import Org

SECRET = "whsec_not_for_any_log"


def row(org: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - values of a row
    return {
        "id": str(uuid.uuid4()), "org_id": org, "name": SECRET, "is_private": True,
        "secret_hash": SECRET, "domains": [SECRET], "created_at": datetime.now(UTC),
        "succeeds": [], **changes,
    }  # fmt: skip


def said(error: BaseException) -> str:
    """Return what a log has of the error and its causes, without the lines of the code."""
    lines = traceback.TracebackException.from_exception(error).format()
    return "".join(line for line in lines if not line.lstrip().startswith("File "))


@pytest.mark.parametrize("wrong", [{"org_id": SECRET}, {"name": None}, {"id": "the same"}], ids=str)
def test_a_row_that_is_refused_is_not_in_the_error(
    app: Flask, org: Org, wrong: dict[str, Any]
) -> None:
    rows: NewRows = {token: [row(org.id, **wrong), row(org.id, **wrong)]}
    with app.app_context():
        for write in (
            lambda: database.insert(lambda: rows),
            lambda: database.write(
                lambda connection: connection.execute(insert(Token), rows[token])
            ),
        ):
            with pytest.raises(SQLAlchemyError) as raised:
                write()
            assert SECRET not in said(raised.value)
            assert str(raised.value)


def test_a_value_that_cannot_be_read_is_not_in_the_error(app: Flask) -> None:
    statements: list[Executable] = [
        select(cast(literal(SECRET), Integer)),
        select(Token.id).where(cast(Token.name, Integer) == literal(SECRET)),
        select(literal(SECRET) + literal(SECRET).op("nothing")(SECRET)),
    ]
    number = database.CompiledSelect(
        select(cast(bindparam("sent", type_=Text), Integer).label("read"))
    )
    reads: list[Callable[[], object]] = [
        *(partial(database.fetch_all, one) for one in statements),
        partial(database.rows, number, {"sent": SECRET}),
    ]
    with app.app_context():
        for read in reads:
            error: BaseException | None = None
            try:
                read()
            except (SQLAlchemyError, ServiceBusy) as raised:
                error = raised
            assert error is None or SECRET not in said(error)  # SQLite reads nearly everything
