"""Tells whether the service can store an order, by storing something."""

import time

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from orders.rules.errors import ServiceBusy
from orders.storage import database
from orders.storage.models.orgs import Org

# Seconds for which a good answer is kept: anyone may ask, and asking must not load the database.
KEPT_FOR = 1.0


class HealthCheck:
    """Asks the database at most once in KEPT_FOR seconds while it is well, each time otherwise."""

    def __init__(self) -> None:
        self._well_until = 0.0

    def can_store(self) -> bool:
        """Write to the table that every order refers to, in a durable transaction of its own.

        The write changes nothing, yet it needs all that an order needs: a reachable database at
        the present schema, its write lock, and room in its journal.
        """
        if time.monotonic() < self._well_until:
            return True
        one_org = select(func.min(Org.id)).scalar_subquery()
        touch = update(Org).where(Org.id == one_org).values(rules_version=Org.rules_version)
        try:
            with database.transaction() as connection:
                connection.execute(touch)
        except (ServiceBusy, SQLAlchemyError, OSError):
            return False
        self._well_until = time.monotonic() + KEPT_FOR
        return True
