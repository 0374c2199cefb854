"""Background work in threads: webhooks, imports, cleaning up.

One thread polls the tables for due messages every POLL seconds and wakes the senders, so that
messages of other processes, also of dead ones, need no signal
(docs/decisions/0035-the-table-is-polled.md).
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Flask

from orders.domain.errors import ServiceBusy
from orders.services.imports.control import forget_old
from orders.services.imports.work import work_next
from orders.services.orders import drafts, order_edits
from orders.services.webhooks import deliveries
from orders.services.webhooks.webhook_client import WebhookClient
from orders.settings import Settings

log = logging.getLogger(__name__)

# Seconds between two polls for due messages, and for imports.
POLL = 0.5
# Seconds that a thread waits after a failure, such as a database that cannot be reached.
PAUSE = 10.0
# Seconds between two deletions of old messages and files.
CLEARING = 3600.0
# Seconds in which running work must finish when it stops; an attempt has a shorter limit.
GRACE = 15.0


class Background:
    """The threads that send webhooks and import orders, between `start` and `stop`."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._limits = settings.limits
        self._client = WebhookClient(allow_private=settings.webhook_private_network)
        self._kept_for = timedelta(days=settings.webhook_days)
        self._is_stopping = threading.Event()
        # One at most: the sender that takes it sees everything that was due before.
        self._wake_ups: queue.Queue[None] = queue.Queue(maxsize=1)
        senders = [self._send] * settings.webhook_threads
        self._threads = [
            threading.Thread(target=self._repeat, args=(step,), name=step.__name__, daemon=True)
            for step in (*senders, self._watch, self._import, self._clear)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Begin nothing new. A signal handler may call this, but only once."""
        self._is_stopping.set()

    def stop(self) -> None:
        """Stop, and wait up to GRACE seconds for running work."""
        self.ask_to_stop()
        self._wake()
        ends = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _repeat(self, step: Callable[[], None]) -> None:
        while not self._is_stopping.is_set():
            try:
                with self._app.app_context():
                    step()
            except ServiceBusy as error:
                log.warning("Background work has to wait: %s", error)
                self._is_stopping.wait(PAUSE)
            except Exception:
                log.exception("Background work has failed, and goes on in %g seconds.", PAUSE)
                self._is_stopping.wait(PAUSE)

    def _wake(self) -> None:
        with suppress(queue.Full):
            self._wake_ups.put_nowait(None)

    def _watch(self) -> None:
        if deliveries.is_any_due():
            self._wake()
        self._is_stopping.wait(POLL)

    def _send(self) -> None:
        self._wake_ups.get()
        try:
            # Each claim wakes another sender, which looks for the next message meanwhile.
            while not self._is_stopping.is_set() and deliveries.send_next(
                self._client.post, claimed=self._wake
            ):
                pass
        finally:
            if self._is_stopping.is_set():  # the other senders must see it too
                self._wake()

    def _import(self) -> None:
        while not self._is_stopping.is_set() and work_next(self._limits, self._is_stopping.is_set):
            pass
        self._is_stopping.wait(POLL)

    def _clear(self) -> None:
        if self._is_stopping.wait(CLEARING):
            return
        deliveries.clear_old(self._kept_for)
        forget_old()
        drafts.clear_old()
        order_edits.clear_old()
