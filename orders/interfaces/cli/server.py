"""`serve` and `work`: they migrate the database, and keep the service running."""

import errno
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial

import click
from flask import Flask

from orders.domain.errors import Conflict
from orders.interfaces.cli.demo.seed import DOMAINS, DemoResult, seed_demo
from orders.interfaces.cli.supervisor import STOPPING, Supervisor, die_with_parent, succession
from orders.interfaces.cli.upgrade import migrate, require_rate_limits
from orders.interfaces.cli.worker import Background
from orders.interfaces.http.application import Shortorder, compile_pages
from orders.interfaces.http.listener import open_listeners
from orders.interfaces.http.logs import start_logging
from orders.interfaces.http.memory import BEGIN, LOOK, ThreadWatch
from orders.interfaces.http.monitoring import BACKGROUND, shared_metrics, start_monitoring
from orders.services import request_log
from orders.services.accounts import orgs, setup
from orders.settings import COMMAND, Settings

log = logging.getLogger(__name__)

# Seconds until a port in use is an error: an earlier start may be about to end.
PORT_WAIT = 2.0
PORT_PAUSE = 0.05
MORE_WORKERS = "{} workers go on: a reload starts more of them, and only a restart fewer."


def serve(
    app: Shortorder, settings: Settings, *, only_checks: bool = False, is_single: bool = False
) -> int:
    """Migrate the database, create the demo on the first start, and serve until stopped.

    With `only_checks`, return once all that a start needs has been tried out, except for the port.
    With `is_single`, this process becomes the server: nothing restarts it, and others must do the
    background work.

    Returns the exit code, which is 1 if the port cannot be used. Requires an application context.
    On SIGTERM or SIGINT, it stops after current requests have finished.
    """
    before = succession()
    if only_checks:
        return _prepare(settings)
    try:
        listeners = _listeners(settings, before.sockets if before else [])
    except OSError as error:
        click.echo(_port_problem(settings, error), err=True)
        return 1
    with ExitStack() as stack:
        for one in listeners:
            stack.enter_context(one)
        if len(listeners) > settings.workers:
            click.echo(MORE_WORKERS.format(len(listeners)), err=True)
        if code := _in_child(partial(_begin, app, settings, is_first=before is None)):
            return code
        address = service_address(settings)
        click.echo(f"Shortorder serves on {address}; its data is in {settings.data_dir}", err=True)
        has_background = settings.send_webhooks and not is_single
        background = partial(_work_until_asked, app, settings) if has_background else None
        start_logging(settings)
        if is_single:
            # Not above: the other commands of this module need no server.
            from orders.interfaces.http import server as http_server  # noqa: PLC0415

            http_server.run(settings, listeners)
            return 0
        with shared_metrics(settings, is_heir=before is not None):
            return Supervisor(settings, listeners, background, before).run()


def _in_child(run: Callable[[], None]) -> int:
    """Run a function in a child process, and return its exit code.

    All later processes are forks of this one. So it must have no threads, such as those of the file
    store, which a fork would not have; no connections; and no memory that only the start needed.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0:
            click.echo(f"The start was ended by signal {-code}.", err=True)
        return abs(code)
    code = 1
    try:
        die_with_parent()
        run()
        code = 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (Exception, SystemExit):
        log.exception("The service could not begin.")
    finally:
        with suppress(OSError, ValueError):  # nobody reads any more
            sys.stdout.flush()
        os._exit(code)


def _begin(app: Flask, settings: Settings, *, is_first: bool) -> None:
    _prepare(settings)
    # Workers have few seconds to begin, and would all compile at the same time; this one is not
    # hurried, and what it compiles is kept for them.
    compile_pages(app)
    if not settings.request_log_days:
        request_log.forget_all()
    if is_first:
        _welcome(settings, service_address(settings))


def _prepare(settings: Settings) -> int:
    migrate(settings.database_wait)
    require_rate_limits(settings.rate_limit_storage)
    return 0


def _listeners(settings: Settings, handed: list[socket.socket]) -> list[socket.socket]:
    """Return the sockets to listen on. Raises OSError if the port stays in use for PORT_WAIT."""
    ends = time.monotonic() + PORT_WAIT
    while True:
        try:
            return open_listeners(settings.host, settings.port, settings.workers, handed)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > ends:
                raise
        time.sleep(PORT_PAUSE)


def _port_problem(settings: Settings, error: OSError) -> str:
    place = f"Port {settings.port} on {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is in use. Set PORT to another one."
    return f"{place} cannot be used: {error.strerror}. Set HOST or PORT to another one."


def _welcome(settings: Settings, address: str) -> None:
    """Create the demo on the first start, or show the link to set up an empty desk."""
    if settings.demo and not orgs.has_orgs():
        _show_demo(seed_demo(settings.limits), address)
    elif setup.is_open():
        _show_setup_link(settings)


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
    signal.alarm(BEGIN)
    background = Background(app, settings)
    # Waited for, not handled: a handler that sets an event could interrupt this thread while it
    # owns the event's lock. Threads inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    start_monitoring(app, BACKGROUND, listens=bool(started))
    background.start()
    signal.alarm(0)
    if started:
        click.echo(started, err=True)
    watch = ThreadWatch(background.threads)
    while signal.sigtimedwait(STOPPING, LOOK) is None:
        watch.look()
    background.stop()


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
