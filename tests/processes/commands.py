"""Commands of the product as processes that are forks of one which has loaded the application.

To load it takes most of a start, and tests start many. `tests/processes/test_serve.py` starts the
commands as people do.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

from flask.cli import main

from orders.settings import PROJECT

PR_SET_PDEATHSIG = 1

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["app", "orders.interfaces.cli.commands", __name__])


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    with log.open("ab", buffering=0) as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT)
    sys.argv = ["flask", "--app", "app", *arguments]
    main()


class Command:
    """A running command, with those methods of `subprocess.Popen` that tests need."""

    def __init__(self, *arguments: str, environment: dict[str, str], log: Path) -> None:
        """Start the command; what it prints is added to the file `log`."""
        options = (list(arguments), environment, log)
        self._process = FORKS.Process(target=_run, args=options)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Return the exit code; raise TimeoutExpired if it runs for longer than `timeout`."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(sys.argv, timeout)
        return code

    def terminate(self) -> None:
        """Send SIGTERM unless it has ended."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL unless it has ended."""
        self._process.kill()
