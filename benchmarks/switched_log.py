"""The product with a request log that a file switches on and off while it serves.

Two starts of one program differ by a tenth in speed, by where their memory happens to lie: what the
log costs can only be seen within one of them.
"""

import os
import threading
import time
from pathlib import Path

from flask import Flask

import app
from orders.services.request_log import RequestRecorder

# The environment variable that names the file; while the file is there, the log is on.
SWITCH = "BENCHMARK_LOG_SWITCH"
PAUSE = 0.05  # seconds between two looks at it


def create_app() -> Flask:
    """Make the product as it ships, with a thread that looks at the switch."""
    made = app.create_app()
    recorder: RequestRecorder = made.extensions["request_recorder"]
    days, file = recorder.days, Path(os.environ[SWITCH])

    def look() -> None:
        while True:
            recorder.days = days if file.exists() else 0
            time.sleep(PAUSE)

    threading.Thread(target=look, daemon=True).start()
    return made
