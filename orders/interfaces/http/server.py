"""The server process: granian with its ASGI workers, whose coroutines run on a pool of threads.

On DRAIN, workers accept no more connections, and close each one after its next response: another
server has taken over.

This process is a fork of the supervisor, which has loaded the modules of the application, and its
workers are forks of this one, so that a worker is there in a tenth of a second, also in the place
of one that has died.

Normally granian passes each ASGI request to an event loop. Because the application is WSGI, a
request would then move from granian's thread to the loop, from there to a thread of a pool, and
back, which costs a third of the throughput of reads
(docs/decisions/0033-request-bodies-arrive-whole.md). Here the thread that granian uses for a
request runs its coroutine until it has to wait for the network. The thread that receives the
awaited data then continues it. No event loop runs.

This file depends on details of granian 2.8 that its documentation does not describe.
`tests/processes/test_gateway.py` fails when a new version changes them.
"""

import asyncio
import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any

import granian._futures
import granian._granian
import granian.asgi
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server.common import WORKERS_METHODS
from granian.server.mp import MPServer, WorkerProcess

from orders.interfaces.http.gateway import BodyLimits, Gateway
from orders.interfaces.http.listener import BACKLOG, DRAIN, FACTORY, READY, accept_no_more
from orders.interfaces.http.logs import start_logging
from orders.interfaces.http.memory import LOOK, ThreadWatch
from orders.interfaces.http.monitoring import shared_metrics
from orders.settings import PROJECT, Settings, read_settings

log = logging.getLogger(__name__)

# Continues streamed responses that let go of their thread.
_streams = ThreadPoolExecutor(1, "streams")
native: Any = granian._granian  # its types are older than its functions

# Its lines go where all others go.
LOGGING: dict[str, Any] = {"loggers": {"_granian": {}, "granian.access": {}}}
# Seconds that running requests get to finish.
GRACE = 20
MOST_MILLISECONDS = 2**31 - 1  # that a socket takes
# Seconds between two requests to a worker to stop.
AGAIN = 0.1
# Seconds between two looks whether all workers live.
GLANCE = 0.1
# Seconds that a worker has to begin, which takes a tenth of one; for the next one twice as many if
# they were not enough: it may have waited for memory, or the machine may be slow.
FIRST_BEGIN = 3
# Seconds after its start within which the end of a worker means that all of the server is at fault.
CRASHING = 5.5
PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGTERM, signal.SIGINT)

# Loaded here and not after a fork, when a thread may own a lock of the loader.
_libc = ctypes.CDLL(None)


def run(
    settings: Settings, listeners: Sequence[socket.socket], factory: str = FACTORY, ready: int = -1
) -> None:
    """Serve the WSGI application that `factory` ("module:function") returns, until stopped.

    There is a worker for each of the `listeners`. Each writes a byte to the descriptor `ready` once
    it answers requests. Exits with 1 if the workers end as soon as they have started.
    """
    # Workers read the settings again, and where this is run, a relative path means another place.
    os.environ |= {"DATA_DIR": str(settings.data_dir), READY: str(ready)}
    os.chdir(PROJECT)
    # Whatever the default is: newer versions of Python have another one, and so may our parent.
    multiprocessing.set_start_method("fork", force=True)
    start_logging(settings)
    with shared_metrics(settings):
        _serve_until_stopped(settings, list(listeners), factory)


def _serve_until_stopped(settings: Settings, listeners: list[socket.socket], factory: str) -> None:
    for one in listeners:
        drop_stalled_readers(one, settings.read_seconds)
    signal.signal(DRAIN, signal.SIG_IGN)  # it is meant for the workers
    _import_before_forks(factory)
    server = _Server(
        listeners, factory, settings.host, settings.port, interface=Interfaces.ASGINL,
        http=HTTPModes.http1, websockets=False, loop=Loops.asyncio,
        workers=len(listeners), respawn_failed_workers=True, workers_kill_timeout=1,
        log_level=LogLevels.error, log_dictconfig=LOGGING,
    )  # fmt: skip
    server.serve(spawn_target=_serve, target_loader=partial(_load, server))


class _Server(MPServer):
    """granian's server on our own sockets; it also stops workers that miss its first signal."""

    def __init__(self, listeners: list[socket.socket], *options: Any, **named: Any) -> None:  # noqa: ANN401 - granian's own types
        super().__init__(*options, **named)
        self._listeners = listeners
        self.own_pid = os.getpid()
        self.begin = FIRST_BEGIN

    def _init_shared_socket(self) -> None:
        self._ssp: Any = self._listeners  # which each worker gets
        self._sso = None

    def _spawn_worker(self, *options: Any, **named: Any) -> Any:  # noqa: ANN401 - granian's own types
        worker: Any = super()._spawn_worker(*options, **named)
        # A thread that waits for the worker might not begin for want of memory, and hold this one.
        worker._watch = _nothing
        return worker

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:  # noqa: ANN401 - granian's own types
        """Start workers again that have ended, until stopped or until that happens at once.

        granian's own loop waits for threads, and forgets a worker that ends while it takes note of
        another one.
        """
        started: dict[int, float] = {}
        while not self.interrupt_signal:
            time.sleep(GLANCE)
            workers: list[Any] = self.wrks
            ended = [one.idx for one in workers if not one.is_alive()]
            now = time.monotonic()
            if any(now - started.get(at, -CRASHING) < CRASHING for at in ended):
                log.error("Workers end as soon as they have started.")
                self.interrupt_children = ended  # which makes the exit code 1
                return
            for at in ended:
                code = workers[at].inner.exitcode  # -14: it could not begin in time
                log.error("Worker %d has ended (code %s); starting it again.", at + 1, code)
                if code == -signal.SIGALRM:
                    self.begin *= 2
            started.update(dict.fromkeys(ended, now))
            self._respawn_workers(ended, spawn_target, target_loader)

    def signal_handler_interrupt(self, *_: object) -> None:
        """Take note of a stop; `_serve_loop` looks for it.

        granian's own handler also sets an event. If the thread that it interrupts owns the lock of
        that event, it waits for itself, and the server never stops.
        """
        self.interrupt_signal = True

    def startup(self, *options: Any) -> None:  # noqa: ANN401 - granian's own types
        """Start the workers; as the first process of a container, also reap orphans."""
        super().startup(*options)  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it is for the supervisor
        if os.getpid() == 1:
            signal.signal(signal.SIGCHLD, self._reap_orphans)

    def _reap_orphans(self, *_: object) -> None:
        # The exit codes of workers are left to granian; each end of one calls this again.
        ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
        workers = {worker.inner.pid for worker in self.wrks}
        with contextlib.suppress(ChildProcessError):
            while (child := os.waitid(os.P_ALL, 0, ended)) and child.si_pid not in workers:
                os.waitpid(child.si_pid, 0)

    def _stop_workers(self) -> None:
        for one in self._listeners:
            one.close()
        # A worker that has just been forked still has this process's handlers, which ignore it.
        # Without a signal, workers die again and again: nobody shall wait for those that are left.
        ends = time.monotonic() + (GRACE if self.interrupt_signal else 0)
        workers: list[Any] = self.wrks
        while time.monotonic() < ends and any(worker.is_alive() for worker in workers):
            for worker in workers:
                worker.terminate()
            time.sleep(AGAIN)
        super()._stop_workers()  # type: ignore[no-untyped-call]


def _nothing() -> None:
    pass


def _import_before_forks(factory: str) -> None:
    """Import the factory's module, and with it the whole application, for all workers at once.

    What exists then is excluded from garbage collection: a collection in a worker would write to
    the memory that it shares with this process, and thereby copy it.
    """
    gc.disable()
    import_module(factory.partition(":")[0])
    gc.freeze()
    gc.enable()


def _load(server: _Server, factory: str) -> Any:  # noqa: ANN401 - what the factory makes
    """Call the factory ("module:function") in a worker process; return its WSGI application.

    `server` is what has forked this process.
    """
    # A worker that outlives its server would keep the port, and nothing would ever stop it.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server.own_pid:  # it has died since the fork
        raise SystemExit(1)
    signal.alarm(server.begin)
    for number in STOPPING:
        # granian's own handlers, inherited by the fork, would ignore a stop until all is loaded.
        signal.signal(number, signal.SIG_DFL)
    module, _, name = factory.partition(":")
    return getattr(import_module(module), name)()


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
def _serve(worker_id: int, app: Any, sock: Any, ipc: Any, _loop: Any, *options: Any) -> None:  # noqa: ANN401 - granian's own types
    """Serve the WSGI application `app` in this worker process until a stop signal.

    This function replaces granian's own for ASGI workers and gets the same arguments. It has a
    socket of its own and as many threads as our settings say, runs no event loop, accepts no more
    on DRAIN, and ends when a thread cannot begin.
    """
    (runtime_mode, runtime_threads, runtime_blocking_threads, _, idle_timeout, backpressure, _,
     http_mode, http1_settings, http2_settings, websockets, static_path, log_access_format,
     ssl_context, scope_options, metrics) = options  # fmt: skip
    settings = read_settings()
    gateway = Gateway(app, body_limits(settings))
    logged = granian.asgi._callback_wrapper(gateway, scope_options, {}, log_access_format)  # type: ignore[no-untyped-call]
    handler = granian._futures._future_watcher_wrapper(logged)  # type: ignore[no-untyped-call]
    # A stop that came between its handler and the server would be forgotten.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    stop, stopped = native.WorkerSignal(), threading.Event()
    stop.add_cb(stopped.set)
    _stop_once(stop)
    listeners: list[socket.socket] = sock[0]
    listener = listeners.pop(worker_id - 1)  # also for one in the place of a dead worker
    for other in listeners:  # the port is free as soon as their own workers stop accepting
        other.close()
    listener.listen(BACKLOG)
    holder = native.SocketHolder(listener.fileno(), False, BACKLOG)
    worker = native.ASGIWorker(
        worker_id, (None, holder), ipc, runtime_threads, runtime_blocking_threads,
        settings.threads, idle_timeout, backpressure, http_mode, http1_settings, http2_settings,
        websockets, static_path, *ssl_context, metrics,
    )  # fmt: skip
    loop = _ThreadLoop()
    scheduler = native.CallbackScheduler(loop, handler, None, None, None)
    scheduler._schedule_fn = lambda watcher: resume(handler(watcher))
    serve = getattr(worker, WORKERS_METHODS[runtime_mode][False])
    serve(scheduler, loop, stop)

    def drain(*_: object) -> None:
        gateway.closes_connections = True
        accept_no_more(listener)

    signal.signal(DRAIN, drain)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    _say_ready()
    signal.alarm(0)
    watch = ThreadWatch()
    while not stopped.wait(LOOK):
        watch.look()


def _stop_once(stop: Any) -> None:  # noqa: ANN401 - granian's own type
    """Let the first signal set `stop`, and ignore all others.

    granian's own handler puts each signal into a queue for one, from which one is taken, and waits
    for room with Python's lock: at the third, no thread of the process would ever go on.
    """

    def handle(*_: object) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        stop.set()

    for number in STOPPING:
        signal.signal(number, handle)


def drop_stalled_readers(listener: socket.socket, seconds: int) -> None:
    """Let the kernel close the connections of clients that read nothing for this long.

    Connections inherit the option from the listening socket. Nothing of a response needs a thread
    while it waits, but it keeps its memory.
    """
    milliseconds = min(seconds * 1000, MOST_MILLISECONDS)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _say_ready() -> None:
    """Write a byte for the supervisor, if it waits for the workers of a new server."""
    with contextlib.suppress(OSError, ValueError):  # it waits no more, or has not asked
        os.write(int(os.environ[READY]), b".")


def body_limits(settings: Settings) -> BodyLimits:
    """Return the limits of a body whose path is not known yet: those of the largest upload."""
    most = max(settings.limits.body_bytes, settings.limits.upload_bytes)
    return BodyLimits(most, settings.body_seconds, settings.body_min_rate, settings.body_grace)


class _ThreadLoop:
    """Replaces an event loop: runs a callback at once, on the thread that schedules it."""

    def call_soon(
        self,
        callback: Callable[..., object],
        *arguments: object,
        context: object = None,  # noqa: ARG002 - the gateway keeps contexts itself
    ) -> None:
        callback(*arguments)

    call_soon_threadsafe = call_soon


def resume(coroutine: Coroutine[Any, Any, None], awaited: Any = None) -> None:  # noqa: ANN401 - granian's future
    """Run the coroutine on this thread until it ends or has to wait for a future.

    The thread that completes the future calls this again, with the future as `awaited`. If the
    future was cancelled, CancelledError is raised in the coroutine.
    """
    is_cancelled = awaited is not None and awaited.cancelled()
    try:
        while True:
            if is_cancelled:
                awaited = coroutine.throw(asyncio.CancelledError())
            else:
                awaited = coroutine.send(None)
            if awaited is None:  # asyncio.sleep(0): it lets go of the thread, and waits for nothing
                _streams.submit(resume, coroutine)
                return
            if not awaited.done():
                awaited.add_done_callback(partial(resume, coroutine))
                return
            is_cancelled = awaited.cancelled()
    except StopIteration:
        return
