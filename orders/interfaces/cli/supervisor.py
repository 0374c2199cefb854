"""The supervisor of `serve`: it keeps the server and the background work running.

It restarts the server whenever that ends, and the process that does the background work; the
server itself replaces dead workers. As the first process of a container, it also takes the exit
codes of processes whose parents have ended. It uses neither threads nor the database, so that what
can end the others does not end it. It handles no signals either: it waits for them.

On SIGHUP it lets the installed code check that it can start, and then replaces itself with that,
under the same process ID. The new supervisor finds the sockets and the running processes in
SUCCESSION, starts a server of its own on the same sockets, and lets the old one end once that is
ready.
"""

import ctypes
import gc
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

from orders.environment import inherited_environment
from orders.interfaces.http.listener import DRAIN, FACTORY
from orders.settings import Settings

log = logging.getLogger(__name__)

# The variable with what a supervisor hands over to the code that replaces it, as JSON.
SUCCESSION = "SHORTORDER_SUCCESSION"
CHECK = "--check"
# Seconds before a restart; doubled while the server dies at once, which a fork does soon.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
# Seconds after which a start counts as good: a faulty one ends at once.
SETTLED = 1.0
# Seconds for which an old server still answers on connections that it has accepted.
DRAINING = 2.0
# Seconds between two looks at whether a new server is ready.
GLANCE = 0.05
PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGTERM, signal.SIGINT)
WATCHED = (*STOPPING, signal.SIGHUP, signal.SIGCHLD)

# Loaded here and not after a fork, when a thread may own a lock of the loader.
_libc = ctypes.CDLL(None)


@dataclass
class Succession:
    """What a supervisor hands over: the descriptors of its sockets, and its processes."""

    listeners: list[int] = field(default_factory=list)
    servers: list[int] = field(default_factory=list)
    background: int = 0

    @property
    def sockets(self) -> list[socket.socket]:
        return [socket.socket(fileno=descriptor) for descriptor in self.listeners]


def succession() -> Succession | None:
    """Return what the supervisor before this code handed over; None after an ordinary start.

    Processes that this one starts do not inherit it.
    """
    handed = os.environ.pop(SUCCESSION, "")
    if not handed:
        return None
    given = json.loads(handed)
    if "listener" in given:  # a version with one socket for all workers
        given["listeners"] = [given.pop("listener")]
    return Succession(**given)


class Supervisor:
    """Runs the server and the background work as child processes, and restarts what dies.

    The server has a worker for each of the `listeners`. `background` does the background work until
    it is asked to stop; None if others do it. `before` is what the supervisor before this one
    handed over. `factory` names the function that makes the application, as "module:function".
    """

    def __init__(
        self,
        settings: Settings,
        listeners: Sequence[socket.socket],
        background: Callable[[], None] | None,
        before: Succession | None,
        factory: str = FACTORY,
    ) -> None:
        self._settings, self._factory = settings, factory
        self._listeners = listeners
        self._background = background
        self._before = before or Succession()
        self._children: dict[int, Callable[[int], None]] = {}  # what to do with their exit codes
        self._planned: list[tuple[float, Callable[[], None]]] = []
        self._server = self._worker = self._check = 0  # process IDs
        self._pause = FIRST_PAUSE
        self._is_stopping = False
        self._code = 0

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the server's exit code (0 for a clean stop)."""
        # Also for the code that replaces this one, which thereby misses none of them.
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        gc.freeze()  # a collection in the child would copy the memory that it shares with this one
        self._adopt()
        self._start_background()
        self._start_server()
        while self._children or not self._is_stopping:
            self._handle(self._next_signal())
            self._reap()
            self._run_planned()
        return self._code

    def _adopt(self) -> None:
        """Take over the children of the supervisor before; those that have ended are reaped."""
        for pid in self._before.servers:
            self._children[pid] = partial(self._old_server_ended, pid)
        if self._before.background:
            self._children[self._before.background] = _nothing
            _send(self._before.background, signal.SIGTERM)

    def _next_signal(self) -> int:
        """Wait until the next signal or the next planned time; return 0 for the latter."""
        ends = min((when for when, _ in self._planned), default=None)
        if ends is None:
            return signal.sigwait(WATCHED)
        came = signal.sigtimedwait(WATCHED, max(ends - time.monotonic(), 0))
        return came.si_signo if came else 0

    def _handle(self, number: int) -> None:
        is_hang_up = number == signal.SIGHUP
        if number in STOPPING or (is_hang_up and sys.stdin is not None and sys.stdin.isatty()):
            self._stop()
        elif is_hang_up and not self._is_stopping and not self._check:
            self._check = self._fork(partial(_run_own_command, CHECK), self._check_ended)

    def _run_planned(self) -> None:
        now = time.monotonic()
        due = [one for one in self._planned if one[0] <= now]
        self._planned = [one for one in self._planned if one[0] > now]
        for _, run in due:
            run()

    def _plan(self, seconds: float, run: Callable[[], None]) -> None:
        self._planned.append((time.monotonic() + seconds, run))

    def _reap(self) -> None:
        """Take the exit codes of all processes that have ended, also of those that are unknown."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._children.pop(pid, _nothing)(os.waitstatus_to_exitcode(status))

    def _fork(self, run: Callable[[], None], ended: Callable[[int], None]) -> int:
        """Run a function in a child process; `ended` gets its exit code. Return its process ID."""
        pid = os.fork()
        if not pid:
            code = 1
            try:
                die_with_parent()
                signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
                run()
                code = 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            except Exception:
                log.exception("A process could not begin.")
            finally:
                os._exit(code)
        self._children[pid] = ended
        return pid

    def _start_background(self) -> None:
        if self._background is not None and not self._is_stopping:
            self._worker = self._fork(self._do_background_work, self._background_ended)

    def _do_background_work(self) -> None:
        self._close_listeners()  # it may take longer than the others to end
        assert self._background is not None  # noqa: S101 - for the type checker
        self._background()

    def _background_ended(self, code: int) -> None:
        self._worker = 0
        if not self._is_stopping:
            log.warning("Background work ended (code %d); starting it again.", code)
            self._plan(FIRST_PAUSE, self._start_background)

    def _start_server(self) -> None:
        if self._is_stopping:
            return
        ready, write = os.pipe()
        os.set_blocking(ready, False)
        ended = partial(self._server_ended, time.monotonic())
        self._server = self._fork(partial(self._become_server, ready, write), ended)
        os.close(write)
        self._look_whether_ready(self._server, ready, 0)

    def _become_server(self, ready: int, write: int) -> None:
        # Not above: the other commands, whose module imports this one, need no server.
        from orders.interfaces.http import server  # noqa: PLC0415

        os.close(ready)
        os.setsid()  # a process group of its own, so that all of it can be ended together
        server.run(self._settings, self._listeners, self._factory, write)

    def _server_ended(self, started: float, code: int) -> None:
        _end_group(self._server)
        self._server = 0
        if self._is_stopping:
            self._code = 0 if code in {0, -signal.SIGTERM, -signal.SIGINT} else abs(code)
            return
        lasted = time.monotonic() - started
        self._pause = FIRST_PAUSE if lasted > SETTLED else min(self._pause * 2, LONGEST_PAUSE)
        log.warning("The server ended (code %d); starting it again.", code)
        self._plan(self._pause, self._start_server)

    def _look_whether_ready(self, server: int, ready: int, count: int) -> None:
        """Let the old servers end as soon as all workers of the new one answer requests.

        `count` of them have said so before, and others say it to the pipe `ready`.
        """
        with suppress(BlockingIOError):
            count += len(os.read(ready, len(self._listeners)))
        is_current = server == self._server
        if is_current and self._before.servers and count < len(self._listeners):
            self._plan(GLANCE, partial(self._look_whether_ready, server, ready, count))
            return
        os.close(ready)
        for pid in self._before.servers if is_current else ():
            _send_group(pid, DRAIN)
            self._plan(DRAINING, partial(_send, pid, signal.SIGTERM))

    def _old_server_ended(self, pid: int, _code: int) -> None:
        self._before.servers.remove(pid)
        _end_group(pid)

    def _check_ended(self, code: int) -> None:
        self._check = 0
        if self._is_stopping:
            return
        if code:
            log.error("The service goes on as it is, because a new start would fail; see above.")
            return
        servers = [*self._before.servers, *filter(None, [self._server])]
        for one in self._listeners:
            one.set_inheritable(True)
        handed = Succession([one.fileno() for one in self._listeners], servers, self._worker)
        try:
            _run_own_command(**{SUCCESSION: json.dumps(asdict(handed))})
        except OSError:  # removed in this moment
            log.exception("The service goes on as it is.")

    def _stop(self) -> None:
        self._is_stopping = True
        self._close_listeners()
        self._planned.clear()
        for pid in self._children:
            _send(pid, signal.SIGTERM)

    def _close_listeners(self) -> None:
        for one in self._listeners:
            one.close()


def die_with_parent() -> None:
    """Let the kernel send SIGTERM to this process when the process that has forked it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _run_own_command(*options: str, **variables: str) -> NoReturn:
    """Replace this process by the command with which it was started, as it is installed now.

    That command may be a link that leads to another version since, so that its first line, and not
    this process, says which Python it needs. The settings are read again.
    """
    is_program = os.access(sys.argv[0], os.X_OK) and Path(sys.argv[0]).is_file()
    command = sys.argv if is_program else [sys.executable, *sys.orig_argv[1:]]
    environment = {**inherited_environment(), **variables}
    os.execve(command[0], [*command, *options], environment)  # noqa: S606 - our own command line


def _nothing(_code: int) -> None:
    pass


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _send_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _end_group(group: int) -> None:
    """Kill the server's process group: workers that outlive the server would keep the port."""
    _send_group(group, signal.SIGKILL)
