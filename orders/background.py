"""What runs beside the requests, in threads of the process that serves: webhooks and imports."""

import logging
import threading
import time
from datetime import timedelta

from flask import Flask

from orders.entry import drafts
from orders.imports.claim import claims_last
from orders.imports.control import forget_old
from orders.imports.work import work_next
from orders.messaging import deliveries, queue
from orders.messaging.courier import Courier
from orders.revisions import editors
from orders.rules.errors import ServiceBusy
from orders.settings import Settings

log = logging.getLogger(__name__)

# Seconds that running attempts get to finish when the process stops; each has a time limit itself.
GRACE = 15
# Seconds between two looks whether a thread has died.
CARE = 10.0
# Seconds between two times that old messages and files are forgotten.
CLEARING = 3600.0


class Background:
    """The threads that send webhooks and import orders, between `start` and `stop`."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Take the application; needs its context."""
        self._app = app
        self._limits = settings.limits
        self._courier = Courier(allow_private=settings.webhook_private_network)
        self._kept_for = timedelta(days=settings.webhook_days)
        self._is_stopping = threading.Event()
        # One thread at a time imports, and never one of those that webhooks were promised.
        self._importing = threading.Lock()
        self._next_look = 0.0
        self._consumer = queue.consumer(self._look, settings.webhook_threads + 1)
        self._consumer.shutdown_timeout = GRACE

    def start(self) -> None:
        """Do what is due, and from then on what becomes due."""
        self._consumer.start()
        with self._app.app_context():
            queue.wake()  # for what a process that died has left
        threading.Thread(target=self._care, name="Background", daemon=True).start()

    def ask_to_stop(self) -> None:
        """Begin nothing else; returns at once, so that a signal's handler may call it, once."""
        self._is_stopping.set()
        self._consumer.stop_flag.set()

    def stop(self) -> None:
        """Wait for what is running, at most GRACE seconds."""
        self.ask_to_stop()
        self._consumer.stop(graceful=True)
        with self._app.app_context():
            queue.close()

    def _look(self) -> None:
        with self._app.app_context():
            self._send_all()
            self._import_all()

    def _send_all(self) -> None:
        try:
            while not self._is_stopping.is_set() and deliveries.send_next(self._courier.carry):
                pass
        except ServiceBusy as error:  # the next sweep tries again
            log.warning("Webhooks have to wait: %s", error)

    def _import_all(self) -> None:
        if not self._importing.acquire(blocking=False):
            return
        try:
            while not self._is_stopping.is_set() and work_next(
                self._limits, self._is_stopping.is_set
            ):
                pass
            self._look_after_claims()
        except ServiceBusy as error:  # as above
            log.warning("Imports have to wait: %s", error)
        finally:
            self._importing.release()

    def _look_after_claims(self) -> None:
        """Look again when a claim ends: its process may have died, and a minute is long."""
        rest = claims_last()
        if rest is not None and time.monotonic() >= self._next_look:
            pause = rest + timedelta(seconds=1)
            self._next_look = time.monotonic() + pause.total_seconds()
            queue.wake(pause)

    def _care(self) -> None:
        next_clearing = time.monotonic() + CARE
        while not self._is_stopping.wait(CARE):
            self._consumer.check_worker_health()
            if time.monotonic() >= next_clearing:
                next_clearing = time.monotonic() + CLEARING
                self._clear_old()

    def _clear_old(self) -> None:
        try:
            with self._app.app_context():
                deliveries.clear_old(self._kept_for)
                forget_old()
                drafts.clear_old()
                editors.clear_old()
        except ServiceBusy as error:  # in an hour, then
            log.warning("What is old has to wait: %s", error)
