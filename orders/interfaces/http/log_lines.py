"""Lines of the log that nobody who sends a request can forge or disguise.

A path, or the text of an error, may contain line breaks and the control sequences of terminals.
"""

import logging
from logging import Formatter, LogRecord
from typing import Any

from flask.logging import default_handler

# C0, DEL and C1, and the two other characters that end a line (Unicode 5.8).
_CONTROL = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
INDENT = "    "
FLASK_FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"  # as it is by default


class Lines(Formatter):
    """Writes a record as one line, and a traceback below it with each line indented."""

    def formatMessage(self, record: LogRecord) -> str:  # noqa: N802 - the class's own name
        return super().formatMessage(record).translate(_CONTROL)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - the class's own
        lines = super().formatException(ei).split("\n")
        return "\n".join(INDENT + line.translate(_CONTROL) for line in lines)


def write_safe_lines() -> None:
    """Let the handlers that write our log, Flask's and Python's last one, write with `Lines`."""
    default_handler.setFormatter(Lines(FLASK_FORMAT))
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Lines())
