"""`shortorder serve`: migrates the database and keeps the server running.

A supervisor restarts granian whenever it dies, and the process that does the background work;
granian itself replaces dead workers. The supervisor uses neither threads nor the database, so that
what can end the others does not end it.
"""

import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType

import click

from orders.domain.errors import Conflict
from orders.interfaces.cli.demo.seed import DOMAINS, DemoResult, seed_demo
from orders.interfaces.cli.upgrade import migrate, require_rate_limits
from orders.interfaces.cli.worker import Background
from orders.interfaces.http.application import Shortorder
from orders.interfaces.http.logs import start_logging
from orders.interfaces.http.memory import end_without_memory
from orders.interfaces.http.monitoring import BACKGROUND, shared_metrics, start_monitoring
from orders.services import request_log
from orders.services.accounts import orgs, setup
from orders.settings import COMMAND, PROJECT, Settings
from orders.storage import database

log = logging.getLogger(__name__)

# Seconds before a restart; doubled while the server dies at once.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# Seconds after which a start counts as good: a faulty one ends during its imports.
SETTLED = 1.0
PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGTERM, signal.SIGINT)

# Loaded here and not after a fork, when a thread may own a lock of the loader.
_libc = ctypes.CDLL(None)


def serve(app: Shortorder, settings: Settings) -> int:
    """Migrate the database, create the demo on the first start, and serve until stopped.

    Returns the exit code, which is 1 if the port is in use. Requires an application context. On
    SIGTERM or SIGINT, it stops after current requests have finished.
    """
    if not _is_port_free(settings):
        click.echo(
            f"Port {settings.port} on {settings.host} is in use. Set PORT to another one.", err=True
        )
        return 1
    migrate(settings.database_wait)
    require_rate_limits(settings.rate_limit_storage)
    if not settings.request_log_days:
        request_log.forget_all()
    address = service_address(settings)
    if settings.demo and not orgs.has_orgs():
        _show_demo(seed_demo(settings.limits), address)
    elif setup.is_open():
        _show_setup_link(settings)
    click.echo(f"Shortorder serves on {address}; its data is in {settings.data_dir}", err=True)
    background = partial(_work_until_asked, app, settings) if settings.send_webhooks else None
    database.close()  # the process of the background work gets connections of its own
    start_logging(settings)
    with shared_metrics(settings):
        return _Supervisor(server_command(), settings.data_dir, background).run()


def work(app: Shortorder, settings: Settings) -> None:
    """Migrate the database, then send webhooks and import orders until stopped.

    Requires an application context. On SIGTERM or SIGINT, it stops after current work has finished.
    """
    migrate(settings.database_wait)
    start_logging(settings)
    with shared_metrics(settings):
        _work_until_asked(app, settings, "Shortorder sends webhooks and imports orders.")


def _work_until_asked(app: Shortorder, settings: Settings, started: str = "") -> None:
    """Do the background work until SIGTERM or SIGINT; print `started` once it has begun.

    Without it, this is a process of `serve`, whose workers answer for its metrics.
    """
    end_without_memory()
    background = Background(app, settings)
    # Waited for, not handled: a handler that sets an event could interrupt this thread while it
    # owns the event's lock. Threads inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    start_monitoring(app, BACKGROUND, listens=bool(started))
    background.start()
    if started:
        click.echo(started, err=True)
    signal.sigwait(STOPPING)
    background.stop()


def _is_port_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return False
    return True


def _show_demo(made: DemoResult, address: str) -> None:
    click.echo(
        f"""
  A demo org was made, with {made.configurations} configurations and {made.orders} orders.
  These are shown this once:

    Sales desk      {address}/sign-in
    Look-up         {address}/find
    E-mail          {made.email}
    Password        {made.password}
    Private token   {made.private_token}
    Public token    {made.public_token}
                    (for pages of {", ".join(DOMAINS)})

  DEMO=0 starts empty.
"""
    )


def service_address(settings: Settings) -> str:
    """Return the URL under which a browser reaches the service, without a final slash."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    # A browser cannot open the addresses that mean every network.
    host = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def new_setup_link(settings: Settings) -> tuple[str, datetime]:
    """Create a link for the setup of an empty desk; return its URL and when it expires.

    Every older link stops working. Raises Conflict if an org has ever existed.
    """
    made = setup.new_link(settings.setup_token)
    return f"{service_address(settings)}/setup?token={made.secret}", made.expires_at


def _show_setup_link(settings: Settings) -> None:
    try:
        link, _ = new_setup_link(settings)
    except Conflict:  # another process has created an org in this moment
        return
    click.echo(
        f"""
  This desk is empty. Open this link to set it up; it works once, within an hour:

    {link}

  A new link: {COMMAND} setup-link, or a restart.
"""
    )


def server_command(factory: str = "orders.application:create_served_app") -> list[str]:
    """Return the command line that starts the server.

    `factory` names the function that creates the WSGI application, as "module:function".
    """
    return [sys.executable, "-m", "orders.interfaces.http.server", factory]


def _begin_child() -> None:
    """Make the kernel send SIGTERM to this process when its supervisor dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class _Supervisor:
    """Runs the server and the background work as child processes, and restarts what dies.

    `background` does the background work until it is asked to stop; None if others do it.
    """

    def __init__(
        self, command: list[str], data_dir: Path, background: Callable[[], None] | None
    ) -> None:
        self._command = command
        # The server runs in another folder, where a relative path would mean another one.
        self._environment = {**os.environ, "DATA_DIR": str(data_dir)}
        self._background = background
        self._server: subprocess.Popen[bytes] | None = None
        self._worker: int | None = None  # the process of the background work
        self._is_stopping = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the server's exit code (0 for a clean stop)."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        gc.freeze()  # a collection in the child would copy the memory that it shares with this one
        self._start_worker()
        code = self._serve()
        if self._worker is not None:
            os.waitpid(self._worker, 0)
        return code

    def _serve(self) -> int:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            # A process group of its own, so that all of it can be ended together.
            self._server = subprocess.Popen(  # noqa: S603 - our own command line
                self._command,
                cwd=PROJECT,
                env=self._environment,
                start_new_session=True,
                preexec_fn=_begin_child,  # noqa: PLW1509 - one system call, loaded beforehand
            )
            if self._is_stopping:  # asked between two starts
                _terminate(self._server.pid)
            code = self._wait_for(self._server)
            self._end_group(self._server.pid)
            if self._is_stopping:
                return 0 if code in {0, -signal.SIGTERM, -signal.SIGINT} else abs(code)
            lasted = time.monotonic() - started
            pause = FIRST_PAUSE if lasted > SETTLED else min(pause * 2, LONGEST_PAUSE)
            log.warning("The server ended (code %d); starting it again.", code)
            self._wait(pause)

    def _wait_for(self, server: "subprocess.Popen[bytes]") -> int:
        """Return the server's exit code; restart the background work if it ends meanwhile."""
        while True:
            pid, status = os.wait()
            code = os.waitstatus_to_exitcode(status)
            if pid == server.pid:
                server.returncode = code
                return code
            self._worker = None
            if not self._is_stopping:
                log.warning("Background work ended (code %d); starting it again.", code)
                self._wait(FIRST_PAUSE)
                self._start_worker()

    def _start_worker(self) -> None:
        """Fork the process of the background work, unless there is none or a stop was asked for."""
        if self._background is None or self._is_stopping:
            return
        # The child waits for these signals, and must not handle them as this process does.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        self._worker = os.fork()
        if not self._worker:
            code = 1
            try:
                _begin_child()
                self._background()
                code = 0
            except Exception:
                log.exception("Background work could not begin.")
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _wait(self, seconds: float) -> None:
        """Wait until the next start; a stop ends it within a tenth of a second."""
        ends = time.monotonic() + seconds
        while not self._is_stopping and time.monotonic() < ends:
            time.sleep(0.1)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        # A second signal may interrupt this, and must not wait for its locks.
        if self._is_stopping:
            return
        self._is_stopping = True
        if self._worker is not None:
            _terminate(self._worker)
        if self._server is not None:
            _terminate(self._server.pid)

    @staticmethod
    def _end_group(group: int) -> None:
        """Kill the server's process group: workers that outlive the server would keep the port."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _terminate(pid: int) -> None:
    # Not Popen's way, which would take the exit code that `os.wait` waits for.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
