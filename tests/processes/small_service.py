"""A service with the product's supervisor and server, but an application that loads at once."""

import os
import sys
from pathlib import Path

if "--check" in sys.argv:
    sys.exit(int(Path(os.environ["DATA_DIR"], "broken").exists()))

import signal

from orders.interfaces.cli.supervisor import Supervisor, succession
from orders.interfaces.http.listener import open_listeners
from orders.settings import read_settings

settings, before = read_settings(), succession()
handed = before.sockets if before else []
listeners = open_listeners(settings.host, settings.port, settings.workers, handed)
factory = "tests.processes.echo_app:create_app"
sys.exit(Supervisor(settings, listeners, signal.pause, before, factory).run())
