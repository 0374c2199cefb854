"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from orders.domain.moments import to_the_millisecond

_UTC_OFFSET = "+00:00"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC with millisecond precision; always an aware `datetime` in Python.

    SQLite stores no time zone, and PostgreSQL stores microseconds; this type hides the difference.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _text if dialect.name == "sqlite" else _stored

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002 - the signature of SQLAlchemy
    ) -> Callable[[Any], datetime | None]:
        return _moment if dialect.name == "sqlite" else _in_utc


def _stored(value: datetime | None) -> datetime | None:
    """Return the time converted to UTC and truncated to milliseconds, or None if it is None.

    Raises ValueError if the time has no time zone.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a stored time needs a time zone")
    return to_the_millisecond(value.astimezone(UTC))


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _text(value: datetime | None) -> str | None:
    stored = _stored(value)
    text = "" if stored is None else stored.isoformat(" ", "microseconds")
    return text.removesuffix(_UTC_OFFSET) or None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + _UTC_OFFSET)


class JsonText(TypeDecorator[Any]):
    """Any JSON value, stored as text: key order and numbers come back as they were sent.

    PostgreSQL's `jsonb` would sort keys and rewrite numbers.
    """

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002 - the signature of SQLAlchemy
        return lambda value: None if value is None else orjson.dumps(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:  # noqa: ARG002 - as above
        return lambda text: None if text is None else orjson.loads(text)
