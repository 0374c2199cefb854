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

    SQLite stores no time zone and PostgreSQL would store microseconds: without this type the same
    order would differ between the two. On SQLite it is text, as SQLAlchemy's own type writes it.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature of SQLAlchemy
        """Convert to UTC and cut to milliseconds, the precision of the wire format.

        Raises ValueError for a time without a time zone.
        """
        return None if value is None else _stored(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Return the moment in UTC."""
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Return the conversion to the driver's value; SQLite's driver takes text."""
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """Return the conversion from the driver's value."""
        return _moment if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _stored(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a stored time needs a time zone")
    return to_the_millisecond(value.astimezone(UTC))


def _text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return _stored(value).isoformat(" ", "microseconds").removesuffix(_UTC_OFFSET)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + _UTC_OFFSET)


class JsonText(TypeDecorator[Any]):
    """Any JSON value, stored as text: key order and numbers come back as they were sent.

    PostgreSQL's `jsonb` would sort keys and rewrite numbers, and its `json` type needs a second
    encoding on the way in; both databases store text alike.
    """

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002 - the signature of SQLAlchemy
        """Return the conversion to compact JSON; None becomes SQL NULL."""
        return lambda value: None if value is None else orjson.dumps(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:  # noqa: ARG002 - as above
        """Return the conversion from JSON text."""
        return lambda text: None if text is None else orjson.loads(text)
