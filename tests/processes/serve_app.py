"""Serve an application, such as one of the tests, by the product's own server alone."""

import sys

from orders.interfaces.http import server
from orders.interfaces.http.listener import open_listeners
from orders.settings import read_settings


def server_command(factory: str) -> list[str]:
    """Return the command line that does so; `factory` is "module:function"."""
    return [sys.executable, "-m", "tests.processes.serve_app", factory]


if __name__ == "__main__":
    settings = read_settings()
    listeners = open_listeners(settings.host, settings.port, settings.workers)
    server.run(settings, listeners, sys.argv[1])
