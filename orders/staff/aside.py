"""Work that is done beside the answer, so that nobody can tell by the clock what was done."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from flask import Flask, current_app

from orders.rules.errors import OrderError

THREADS = 2  # of each process

_log = logging.getLogger(__name__)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="aside")


# The threads are not in a forked process: it makes its own.
os.register_at_fork(after_in_child=_threads.cache_clear)


def do_aside(work: Callable[[], None]) -> None:
    """Do the work after the answer, in the application but in no request.

    What it is refused is logged by its sentence: nobody waits for the outcome.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy

    def in_the_app() -> None:
        with app.app_context():
            try:
                work()
            except OrderError as error:
                _log.warning("Not done: %s", error)

    _threads().submit(in_the_app)
