"""The socket on which the service listens, which outlives the processes that answer on it.

The supervisor opens it, and each server gets it from there. Connections that wait to be accepted
are lost with the last process that has the socket, and not with a worker or a server that ends.
"""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

# The descriptor of the socket that a process has got from the one that started it.
LISTENER = "SHORTORDER_LISTENER"
# The descriptor of a pipe to which each worker writes a byte once it answers requests.
READY = "SHORTORDER_READY"
# Tells a server that another one has taken over.
DRAIN = signal.SIGUSR1
# Connections that may wait to be accepted.
BACKLOG = 1024


def open_listener(host: str, port: int) -> socket.socket:
    """Return a new socket that listens on an address. Raises OSError if it cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def inherited_listener() -> socket.socket | None:
    """Return the socket that LISTENER names; None if this process has got none."""
    descriptor = os.environ.get(LISTENER, "")
    return socket.socket(fileno=int(descriptor)) if descriptor else None


def accept_no_more(listener: socket.socket) -> None:
    """Let this process accept no more connections; other processes with the socket go on.

    Each of its descriptors here gets a socket to which nobody connects. The server would take it
    for an error if they were closed.
    """
    idle = open_listener("::1" if listener.family == socket.AF_INET6 else "127.0.0.1", 0)
    own = os.fstat(listener.fileno())
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # closed since it was listed
            if os.path.samestat(own, os.fstat(int(entry.name))):
                os.dup2(idle.fileno(), int(entry.name))
