"""The sockets on which the service listens, which outlive the processes that answer on them.

The supervisor opens them, and each server gets them from there. Connections that wait to be
accepted are lost with the last process that has their socket, and not with a worker or a server
that ends.

All sockets have the same address, and the kernel spreads new connections over them. Each worker
has one to itself: from a socket that is shared, the worker that wakes up first accepts whatever
has come, which can be all the connections of a proxy
(docs/decisions/0057-one-listening-socket-for-each-worker.md).
"""

import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# The function that makes the application of the server, as "module:function".
FACTORY = "orders.application:create_served_app"
# The descriptor of a pipe to which each worker writes a byte once it answers requests.
READY = "SHORTORDER_READY"
# Tells a server that another one has taken over.
DRAIN = signal.SIGUSR1
# Connections that may wait to be accepted.
BACKLOG = 1024


def open_listeners(
    host: str, port: int, count: int, handed: Sequence[socket.socket] = ()
) -> list[socket.socket]:
    """Return at least `count` sockets for one address: those `handed`, and new ones.

    The first one listens, and each other one as soon as its worker lets it.

    Sockets that were handed over keep their address, and all of them stay in use, since connections
    may wait in each. Raises OSError if the address cannot be used.
    """
    listeners = [*handed]
    for one in listeners:  # that of an earlier version has no others yet
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    while len(listeners) < count:
        place = listeners[0].getsockname()[:2] if listeners else (host, port)
        listeners.append(_open_listener(*place, is_first=not listeners))
    return listeners


def _open_listener(host: str, port: int, *, is_first: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_first:  # it may share the port with none but those that come after it
            opened.bind((host, port))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if is_first:
            opened.listen(BACKLOG)
        else:  # its worker listens once it is there: nothing may wait for one that never comes
            opened.bind((host, port))
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def accept_no_more(listener: socket.socket) -> None:
    """Let this process accept no more connections; other processes with the socket go on.

    Each of its descriptors here gets a socket to which nobody connects. The server would take it
    for an error if they were closed.
    """
    host = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
    [idle] = open_listeners(host, 0, 1)
    own = os.fstat(listener.fileno())
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # closed since it was listed
            if os.path.samestat(own, os.fstat(int(entry.name))):
                os.dup2(idle.fileno(), int(entry.name))
