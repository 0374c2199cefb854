"""Sends webhooks in threads of the process that runs this."""

import logging
import threading
import time
from datetime import timedelta

from flask import Flask

from orders import deliveries, queue
from orders.courier import Courier
from orders.rules.errors import ServiceBusy
from orders.settings import Settings

log = logging.getLogger(__name__)

# Seconds that running attempts get to finish when the process stops; each has a time limit itself.
GRACE = 15
# Seconds between two looks whether a thread has died.
CARE = 10.0
# Seconds between two times that old messages are forgotten.
CLEARING = 3600.0


class Sender:
    """The threads that send, between `start` and `stop`."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Take the application; needs its context."""
        self._app = app
        self._courier = Courier(allow_private=settings.webhook_private_network)
        self._kept_for = timedelta(days=settings.webhook_days)
        self._is_stopping = threading.Event()
        self._consumer = queue.consumer(self._send_all, settings.webhook_threads)
        self._consumer.shutdown_timeout = GRACE

    def start(self) -> None:
        """Send what is due, and from then on what becomes due."""
        self._consumer.start()
        threading.Thread(target=self._care, name="Sender", daemon=True).start()

    def ask_to_stop(self) -> None:
        """Begin no other attempt; returns at once, so that a signal's handler may call it."""
        self._is_stopping.set()
        self._consumer.stop_flag.set()

    def stop(self) -> None:
        """Wait for the running attempts, at most GRACE seconds."""
        self.ask_to_stop()
        self._consumer.stop(graceful=True)
        with self._app.app_context():
            queue.close()

    def _send_all(self) -> None:
        try:
            with self._app.app_context():
                while not self._is_stopping.is_set() and deliveries.send_next(self._courier.carry):
                    pass
        except ServiceBusy as error:  # the next sweep tries again
            log.warning("Webhooks have to wait: %s", error)

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
        except ServiceBusy as error:  # in an hour, then
            log.warning("Old messages of webhooks have to wait: %s", error)
