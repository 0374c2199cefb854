"""Switches on what the settings say about watching a process: access log, metrics, traces, errors.

Everything is off by default, and nothing of it is loaded then. A process that serves or works calls
`start_monitoring` once, after it was forked.
"""

import fcntl
import hmac
import logging
import os
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.wrappers import Request, Response

from orders import measurements
from orders.interfaces.http.logs import log_access
from orders.interfaces.http.probes import probe
from orders.monitoring_settings import ListenAddress, listen_address
from orders.settings import Settings
from orders.storage.database import db

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from orders.interfaces.http.application import Shortorder

log = logging.getLogger(__name__)

METRICS = "/metrics"
SERVER, BACKGROUND = "server", "background"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# The folder in which processes keep their metrics for one another; the library reads it, too.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# A folder in memory: processes map its files, and a full disk would end those that write.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is created in it
FOLDER_PREFIX = "shortorder-metrics-"
JUST_MADE = 60  # seconds for which a new folder may have no lock yet
_BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
CLIENT_SECONDS = 10  # within which a client of METRICS_LISTEN must have sent its request

App = TypeVar("App", bound="Shortorder")


@contextmanager
def shared_metrics(settings: Settings, *, is_heir: bool = False) -> Iterator[None]:
    """Let this process and those that it starts in the block keep their metrics together.

    Does nothing if metrics are off, or a process before this one has done it. If this process is
    the heir of that one, the metrics are deleted after the block.
    """
    if is_heir and (inherited := os.environ.get(FOLDER_VARIABLE)):
        try:
            with _held(Path(inherited)):
                yield
        finally:
            shutil.rmtree(inherited, ignore_errors=True)
        return
    if not settings.has_metrics or os.environ.get(FOLDER_VARIABLE):
        yield
        return
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    _remove_left(place or Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, dir=place) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            with _held(Path(folder)):
                yield
        finally:
            del os.environ[FOLDER_VARIABLE]


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other services from removing the folder, until this process and its forks have ended.

    The processes that they start by a command do not count, so an heir has to hold it again.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(handle)


def _remove_left(place: Path) -> None:
    """Remove the folders of services that were killed: no process has a lock on them."""
    for folder in place.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # such as of another user, or still in use
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(handle).st_mtime > JUST_MADE:
                    shutil.rmtree(folder)
            finally:
                os.close(handle)


def start_monitoring(app: App, kind: str = SERVER, *, listens: bool = True) -> App:
    """Watch this process as its settings say; return `app`.

    `kind` says what the process does: SERVER or BACKGROUND. With `listens`, it answers at
    METRICS_LISTEN, as other processes of the same service may do.
    """
    settings: Settings = app.config["SETTINGS"]
    if settings.access_log:
        app.observers.append(log_access)
    if settings.has_metrics and os.environ.get(FOLDER_VARIABLE):
        _start_metrics(app, settings, kind)
        if listens and settings.metrics_listen:
            _listen(app.probes[METRICS], listen_address(settings.metrics_listen))
        if not settings.metrics_token:
            del app.probes[METRICS]
    if settings.otel_exporter_otlp_endpoint and kind == SERVER:
        from orders.interfaces.http import traces  # noqa: PLC0415 - an optional package

        app.observers.append(traces.start_tracing())
    if settings.sentry_dsn:
        from orders.interfaces.http import error_reports  # noqa: PLC0415 - an optional package

        error_reports.start_reporting(settings.sentry_dsn)
    return app


def _start_metrics(app: "Shortorder", settings: Settings, kind: str) -> None:
    from orders.interfaces.http import metrics  # noqa: PLC0415 - see there

    def show(request: Request) -> Response:
        if request.path != METRICS:  # on a port of its own
            raise NotFound
        if settings.metrics_token:
            _require_token(request, settings.metrics_token)
        return Response(metrics.exposition(app), content_type=CONTENT_TYPE)

    app.observers.append(metrics.RequestMetrics())
    app.probes[METRICS] = probe(show)
    measurements.listeners.append(metrics.take_measurement)
    with app.app_context():
        metrics.watch_process(db.engine, kind)


def _require_token(request: Request, token: str) -> None:
    sent = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if sent is None or not hmac.compare_digest(sent[1].encode(), token.encode()):
        text = "Send the METRICS_TOKEN as Authorization: Bearer …"
        raise Unauthorized(text, www_authenticate=WWWAuthenticate("bearer"))


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, *_: object) -> None:
        """Write no line of its own format."""


class _Listener(ThreadingMixIn, WSGIServer):
    """A small server on a port that the processes of a service share; one of them answers."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind the port, also if another process of ours has it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        TCPServer.server_bind(self)  # that of HTTP would look up its own name
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Listener6(_Listener):
    address_family = socket.AF_INET6


def _listen(app: "WSGIApplication", address: ListenAddress) -> None:
    kind = _Listener6 if ":" in address.host else _Listener
    try:
        server = make_server(address.host, address.port, app, kind, _Handler)
    except OSError as error:  # no reason to take no orders
        log.error("METRICS_LISTEN: %s:%d cannot be used: %s", *address, error)  # noqa: TRY400 - a sentence
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
