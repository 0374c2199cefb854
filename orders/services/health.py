"""The health check, which tests whether the service can write to its database."""

import logging
import threading
import time
from concurrent.futures import Future
from contextvars import copy_context

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from orders.domain.errors import ServiceBusy
from orders.storage import database
from orders.storage.models.orgs import Org
from orders.storage.sqlite import request_lock

log = logging.getLogger(__name__)

# Seconds for which a good result is cached, because anyone may ask. Together with LIMIT it is less
# than the two seconds within which a fault shows.
KEPT_FOR = 0.5
# Seconds that a test may take. One that takes longer goes on, and its success counts once it is
# there; until then nothing can be stored.
LIMIT = 1.0


class HealthCheck:
    """A test of whether the database can be written; only one runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._healthy_until = 0.0
        self._started = 0.0
        self._test: Future[bool] | None = None

    def can_store(self) -> bool:
        """Return whether a transaction that updates the table of orgs succeeds within LIMIT.

        The update changes no value, but needs the current schema, the write lock and disk space.
        Returns False at once if a write has just failed or the disk is nearly full.
        """
        with self._lock:
            now = time.monotonic()
            if database.has_trouble():
                return False
            if now < self._healthy_until:
                return True
            if self._test is None or self._test.done():
                self._test, self._started = self._begin(), now
            test, wait = self._test, max(0.0, self._started + LIMIT - now)
        request_lock.release()
        try:
            return test.result(wait)
        except TimeoutError:
            return False

    def _begin(self) -> "Future[bool]":
        """Begin a test in a thread of its own, because it may wait for a lock for long."""
        test: Future[bool] = Future()
        run = copy_context().run  # with the engine of this request
        threading.Thread(target=run, args=(self._run, test), daemon=True, name="health").start()
        return test

    def _run(self, test: "Future[bool]") -> None:
        one_org = select(func.min(Org.id)).scalar_subquery()
        touch = update(Org).where(Org.id == one_org).values(rules_version=Org.rules_version)
        try:
            with database.transaction() as connection:
                connection.execute(touch)
                database.write_to_disk(connection)
        except (ServiceBusy, SQLAlchemyError, OSError):
            test.set_result(False)
        except Exception:
            log.exception("The health check failed.")
            test.set_result(False)
        else:
            self._healthy_until = time.monotonic() + KEPT_FOR
            test.set_result(True)
