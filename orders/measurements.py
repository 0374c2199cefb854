"""What the lower layers report for metrics, without knowing what becomes of it.

A call costs a tenth of a microsecond while nothing listens.
"""

import logging
from collections.abc import Callable
from enum import StrEnum, auto

log = logging.getLogger(__name__)


class Measured(StrEnum):
    """What is reported, and what `value` and `kind` mean.

    `ORDERS_CREATED`: how many; `token`, `staff` or `import`. `GROUP_SIZE`: writes that SQLite's
    writer committed together. `DELIVERY`: seconds of an attempt to send a message of a webhook;
    `delivered` or `failed`. `REPLICA`: how many functions wanted to read from it; `current`,
    `late` or `away`.
    """

    ORDERS_CREATED = auto()
    GROUP_SIZE = auto()
    DELIVERY = auto()
    REPLICA = auto()


# Called with what is measured, a number, and its kind or "".
listeners: list[Callable[[Measured, float, str], None]] = []


def report(measured: Measured, value: float, kind: str = "") -> None:
    """Pass a measurement to the listeners. Never raises: what is measured has happened."""
    for listener in listeners:
        try:
            listener(measured, value, kind)
        except Exception:
            log.exception("A measurement is lost.")
