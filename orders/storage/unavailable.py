"""Errors that mean that the database is away, and not that a statement is wrong."""

import logging

from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

log = logging.getLogger(__name__)


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database cannot be reached, is locked, or has no connection left.

    Also True for an SQLite file that is damaged or is no database, which is logged.
    """
    if isinstance(error, OperationalError | NoConnectionLeft):
        return True
    # The driver has no class of its own for these.
    if type(error) is DatabaseError:
        log.error("The database is damaged: %s", error.orig)
        return True
    return False


def reason_of(error: BaseException) -> str:
    """Return what the driver says in an error, or in what caused it, as one line."""
    cause = error.__cause__ or error
    return " ".join(str(getattr(cause, "orig", None) or cause).split())
