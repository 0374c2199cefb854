"""The metrics of a process, in the format of Prometheus (docs/monitoring.md).

Import this module only where `shared_metrics` has been entered: the library decides during its
import whether the values of several processes are added up.
"""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event

from orders import __version__
from orders.domain.errors import ServiceBusy
from orders.interfaces.http.observers import HandledRequest
from orders.measurements import Measured
from orders.services.imports import claim as imports
from orders.services.webhooks import claims as webhooks
from orders.storage.replica import AWAY, CURRENT, LATE
from orders.storage.sqlite import request_lock

# Seconds. The same for all, so that dashboards can add them up.
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GROUP_BUCKETS = (1, 2, 4, 8, 16, 32, 64)
# Others are one label: a client may send any.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER, UNKNOWN = "other", "unknown"

_requests = Counter(
    "shortorder_requests", "Requests by method, route and status.", ["method", "route", "status"]
)
_seconds = Histogram(
    "shortorder_request_seconds",
    "Seconds that the application took for a request.",
    ["method", "route"],
    buckets=BUCKETS,
)
_orders = Counter("shortorder_orders_created", "Orders created, by who created them.", ["source"])
_groups = Histogram(
    "shortorder_write_group_size",
    "Writes that SQLite's writer committed together.",
    buckets=GROUP_BUCKETS,
)
_replica = Counter(
    "shortorder_replica_reads",
    "Lists, searches and the like that wanted to read from the replica, by its state.",
    ["state"],
)
for _state in (CURRENT, LATE, AWAY):
    _replica.labels(_state)  # 0 until there is one
_deliveries = Counter(
    "shortorder_webhook_attempts", "Attempts to send a message of a webhook.", ["result"]
)
_delivery_seconds = Histogram(
    "shortorder_webhook_attempt_seconds", "Seconds that such an attempt took.", buckets=BUCKETS
)
_connections = Gauge(
    "shortorder_database_connections",
    "Connections of the database pools, open and in use.",
    ["state"],
    multiprocess_mode="livesum",
)
_workers = Gauge(
    "shortorder_processes", "Processes that run, by what they do.", ["kind"],
    multiprocess_mode="livesum",
)  # fmt: skip


# Counters begin at 0, so that the first order is an increase.
for _source in ("token", "staff", "import"):
    _orders.labels(_source)
for _result in ("delivered", "failed"):
    _deliveries.labels(_result)


class RequestMetrics:
    """An observer that counts requests and measures how long they take."""

    def __init__(self) -> None:
        # To find a metric by its labels takes longer than to change it. Its keys are limited by
        # the routes and methods that there are.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def __call__(self, handled: HandledRequest) -> None:
        """Count a handled request."""
        method = handled.method if handled.method in METHODS else OTHER
        route, status = handled.route or UNKNOWN, handled.status
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = _requests.labels(method, route, status)
            self._counters[method, route, status] = counter
        counter.inc()
        histogram = self._histograms.get((method, route))
        if histogram is None:
            histogram = self._histograms[method, route] = _seconds.labels(method, route)
        histogram.observe(handled.seconds)


def take_measurement(measured: Measured, value: float, kind: str) -> None:
    """Add what a lower layer has measured; a listener of `orders.measurements`."""
    if measured is Measured.ORDERS_CREATED:
        _orders.labels(kind).inc(value)
    elif measured is Measured.GROUP_SIZE:
        _groups.observe(value)
    elif measured is Measured.REPLICA:
        _replica.labels(kind).inc(value)
    else:
        _deliveries.labels(kind).inc()
        _delivery_seconds.observe(value)


def watch_process(engine: Engine, kind: str) -> None:
    """Count this process, whose `kind` is `server` or `background`, and its connections."""
    _workers.labels(kind).set(1)
    is_open, is_used = _connections.labels("open"), _connections.labels("in_use")
    for name, change in {
        "connect": is_open.inc, "close": is_open.dec,
        "checkout": is_used.inc, "checkin": is_used.dec,
    }.items():  # fmt: skip
        event.listen(engine, name, lambda *_, change=change: change())


class StoredMetrics(Collector):
    """What is read when the metrics are asked for: the build, health, and what is waiting."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics; those of the database only if it can be read."""
        with self._app.app_context():
            database = self._app.config["SETTINGS"].database_url.partition(":")[0]
            labels = {
                "version": __version__,
                "python": platform.python_version(),
                "database": database.partition("+")[0],
            }
            build = GaugeMetricFamily("shortorder_build_info", "Always 1.", labels=list(labels))
            build.add_metric(list(labels.values()), 1)
            yield build
            can_store = self._app.extensions["health"].can_store()
            yield GaugeMetricFamily(
                "shortorder_can_store", "Whether orders can be stored, as /readyz says.", can_store
            )
            try:
                yield from _waiting()
            except ServiceBusy:
                return


def _waiting() -> Iterable[Metric]:
    now = datetime.now(UTC)
    count = GaugeMetricFamily("shortorder_waiting", "Background work due.", labels=["kind"])
    age = GaugeMetricFamily(
        "shortorder_waiting_seconds",
        "Seconds for which the oldest of it has been due.",
        labels=["kind"],
    )
    for kind, backlog in {"webhooks": webhooks.backlog, "imports": imports.backlog}.items():
        number, since = backlog(now)
        count.add_metric([kind], number)
        age.add_metric([kind], 0.0 if since is None else (now - since).total_seconds())
    return count, age


def exposition(app: Flask) -> bytes:
    """Return the metrics of all processes of this service, as Prometheus reads them."""
    request_lock.release()  # to add up many files takes long
    registry = CollectorRegistry()
    _forget_dead_processes()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
    registry.register(StoredMetrics(app))
    return generate_latest(registry)


def _forget_dead_processes() -> None:
    """Remove what processes that have ended had at the moment, such as open connections."""
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("gauge_live*.db"):
        pid: Any = file.stem.rpartition("_")[2]
        if not Path(f"/proc/{pid}").exists():
            file.unlink(missing_ok=True)
