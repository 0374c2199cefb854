"""Background work in threads: sending webhooks, importing orders, deleting old data.

Each thread polls its table, so it finds messages and imports from other processes, even dead ones,
without a signal (docs/decisions/0035-the-table-is-polled.md).
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from orders.domain.errors import ServiceBusy
from orders.domain.webhook import Webhook
from orders.interfaces.cli.backup import BackupSchedule
from orders.interfaces.cli.webhook_mail import mail_admins
from orders.interfaces.http.memory import end_now
from orders.interfaces.http.session import session_lifetimes
from orders.services import retention
from orders.services.accounts import sessions
from orders.services.imports.work import work_next
from orders.services.orders import pending_changes
from orders.services.orders.pending_changes import AT_ONCE
from orders.services.webhooks.sender import Sender
from orders.services.webhooks.webhook_client import WebhookClient
from orders.settings import Settings

log = logging.getLogger(__name__)

# Seconds between two polls for imports.
POLL = 0.5
# Seconds between two looks for orders whose changes lists and numbers do not contain yet. Of many,
# each hundred is followed by a rest, at first REST times the processor's time that it took, because
# those who place orders go first; the longer it goes on, the less, because reads take longer then.
SETTLING = 1.0
REST = 9.0
LESS_REST = 0.02
LONGEST_REST = 0.5  # seconds
# Seconds from the start until lists, numbers, and the search are compared with the orders, which
# processes of the version before may write during an upgrade, and then between two times.
FIRST_REPAIR = 300.0
REPAIRING = 3_600.0
# Seconds that a thread waits after a failure, such as a database that cannot be reached.
PAUSE = 2.0
# Seconds between two deletions of old messages, drafts and sessions.
CLEARING = 3600.0
# Added to the niceness of the background threads, so that people who place orders go first: their
# threads get about three times as much of a busy processor.
NICE = 5
# Seconds in which running work must finish when it stops; an attempt has a shorter limit.
GRACE = 15.0


class Background:
    """The threads that work in the background once `start` is called.

    They send webhooks, import orders, update what lists and numbers read, and delete old data.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._limits = settings.limits
        self._is_stopping = threading.Event()
        self._is_repaired = False
        self._sender = Sender(
            WebhookClient(allow_private=settings.webhook_private_network),
            org_lanes=settings.webhook_threads,
            is_stopping=self._is_stopping.is_set,
            on_gone=self._tell_admins,
        )
        schedule = BackupSchedule(settings, self._is_stopping.wait)
        schedules = (schedule.run,) if settings.backup_to else ()
        self.threads = [
            threading.Thread(target=self._repeat, args=(step,), name=step.__name__, daemon=True)
            for step in (
                self._send,
                self._import,
                self._settle,
                self._repair,
                self._clear,
                *schedules,
            )
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Make the threads begin no new work, and return without waiting.

        A signal handler may call this, but only once.
        """
        self._is_stopping.set()

    def stop(self) -> None:
        """Stop the threads, waiting up to GRACE seconds for them to finish their current work."""
        self.ask_to_stop()
        self._sender.wake()
        ends = time.monotonic() + GRACE
        for thread in self.threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _repeat(self, step: Callable[[], None]) -> None:
        # Linux has priorities of threads, which the threads that this one starts inherit.
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + NICE
            os.setpriority(os.PRIO_PROCESS, thread, min(niceness, 19))
        # After the stop, the outcomes of messages that were sent before are still stored.
        while not self._is_stopping.is_set() or (step == self._send and not self._sender.is_idle):
            try:
                with self._app.app_context():
                    step()
            except ServiceBusy as error:
                log.warning("Background work has to wait: %s", error)
                self._is_stopping.wait(PAUSE)
            except MemoryError:
                end_now()  # what it was about to do would stay half done in this process
            except Exception:
                log.exception("Background work has failed, and goes on in %g seconds.", PAUSE)
                self._is_stopping.wait(PAUSE)

    def _send(self) -> None:
        self._sender.run_round()

    def _tell_admins(self, webhook: Webhook) -> None:
        """Mail the admins about a switched-off webhook, in a new thread, because mail is slow."""

        def run() -> None:
            with self._app.app_context():
                mail_admins(webhook, self._settings)

        threading.Thread(target=run, daemon=True).start()

    def _import(self) -> None:
        while not self._is_stopping.is_set() and work_next(self._limits, self._is_stopping.is_set):
            pass
        self._is_stopping.wait(POLL)

    def _settle(self) -> None:
        began, patience = time.thread_time(), REST
        while not self._is_stopping.is_set() and pending_changes.settle() >= AT_ONCE:
            self._is_stopping.wait(min(patience * (time.thread_time() - began), LONGEST_REST))
            began, patience = time.thread_time(), max(0.0, patience - LESS_REST)
        self._is_stopping.wait(SETTLING)

    def _clear(self) -> None:
        if self._is_stopping.wait(CLEARING):
            return
        retention.clear_old(self._settings)
        sessions.clear_old(session_lifetimes())
        pending_changes.add_up_old(datetime.now(UTC))

    def _repair(self) -> None:
        if not self._is_stopping.wait(REPAIRING if self._is_repaired else FIRST_REPAIR):
            pending_changes.repair(self._is_stopping.is_set)
            self._is_repaired = True
