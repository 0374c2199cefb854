"""The health check, which tests whether the service can write to its database."""

import time

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from orders.domain.errors import ServiceBusy
from orders.storage import database
from orders.storage.models.orgs import Org

# Seconds for which a good result is cached, because anyone may ask.
KEPT_FOR = 1.0


class HealthCheck:
    """A test of whether the database can be written; success is cached for KEPT_FOR seconds."""

    def __init__(self) -> None:
        self._healthy_until = 0.0

    def can_store(self) -> bool:
        """Return whether a transaction that updates the table of orgs succeeds.

        The update changes no value, but needs the current schema, the write lock and disk space.
        """
        if time.monotonic() < self._healthy_until:
            return True
        one_org = select(func.min(Org.id)).scalar_subquery()
        touch = update(Org).where(Org.id == one_org).values(rules_version=Org.rules_version)
        try:
            database.execute(touch)
        except (ServiceBusy, SQLAlchemyError, OSError):
            return False
        self._healthy_until = time.monotonic() + KEPT_FOR
        return True
