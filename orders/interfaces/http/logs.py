"""The log lines of a process: one format for all of them, with the request that they are about.

A line names org and actor by ID, never by name, and secrets in it are masked.
"""

import json
import logging
import re
import sys
import time
from typing import Any
from urllib.parse import quote

from orders.interfaces.http.observers import HandledRequest, current_request
from orders.settings import Settings

JSON = "json"  # a value of LOG_FORMAT
_access = logging.getLogger("orders.access")
# Secrets that libraries might write: of tokens and webhooks, in headers and in addresses; and the
# passwords in URLs of databases and mail servers.
_SECRETS = re.compile(
    r"(so_(?:prv|pub)_|whsec_|\b(?:bearer_token|token|link|key)=|\bBearer +)[^\s\"'&,;<>]+",
    re.IGNORECASE,
)
# A word that may be such a URL, and in it what is before the password, which ends with the last @.
_WORD = re.compile(r"\S+")
_USER = re.compile(r"://[^\s/:@]{0,200}:")
# Characters that a path may contain without being encoded (RFC 3986, 3.3).
_IN_PATHS = "/:@!$&'()*+,;="
# What a client sends must not begin a line of its own, or command a terminal: C0, DEL and C1, and
# the two other characters that end a line (Unicode 5.8).
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
INDENT = "    "


def start_logging(settings: Settings) -> None:
    """Write the log lines of this process to standard error, as `LOG_FORMAT` says.

    Lines of libraries begin at the level WARNING, and ours at INFO.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == JSON else TextLines())
    handler.addFilter(_add_request)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("orders").setLevel(logging.INFO)


def masked(text: str) -> str:
    """Return the text with an ellipsis in place of each secret that its form betrays."""
    shown = _SECRETS.sub(r"\1…", text)
    return _WORD.sub(_without_password, shown) if "://" in shown and "@" in shown else shown


def _without_password(found: re.Match[str]) -> str:
    begin, at, end = found[0].rpartition("@")
    user = _USER.search(begin) if at else None
    return f"{begin[: user.end()]}…@{end}" if user else found[0]


def log_access(handled: HandledRequest) -> None:
    """Write the line of a request; an observer. It does not contain the query string."""
    members = {
        "address": handled.address,
        "method": handled.method,
        "path": quote(handled.path, safe=_IN_PATHS),
        "status": handled.status,
        "milliseconds": round(handled.seconds * 1000, 1),
    }
    line = '%(address)s "%(method)s %(path)s" %(status)d %(milliseconds).1f ms'
    _access.info(line, members, extra={"members": {**members, "route": handled.route}})


def _add_request(record: logging.LogRecord) -> bool:
    """Add the IDs of the current request to a log record; a filter that keeps all of them."""
    request = current_request()
    if request is not None:
        record.__dict__.setdefault("request_id", request.id)
        record.org_id, record.actor_id = request.org_id, request.actor_id
    return True


def _ids(record: logging.LogRecord) -> dict[str, str]:
    """Return the IDs of the record's request by their names in a line, without empty ones."""
    names = {"requestId": "request_id", "orgId": "org_id", "actorId": "actor_id"}
    found = {name: getattr(record, field, "") for name, field in names.items()}
    return {name: value for name, value in found.items() if value}


def _time_of(record: logging.LogRecord) -> str:
    """Return when a record was made, in UTC with milliseconds, such as 2027-01-18T09:30:00.000Z."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


class TextLines(logging.Formatter):
    """Lines for people: time, level, logger, message, and the IDs of the request.

    The traceback of an exception follows in lines of its own, indented.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        ids = " ".join(f"{name}={value}" for name, value in _ids(record).items())
        message = record.getMessage().translate(_CONTROLS)
        line = f"{_time_of(record)} {record.levelname} {record.name}: {message}"
        parts = [f"{line} [{ids}]" if ids else line]
        if record.exc_info:
            traceback = self.formatException(record.exc_info).split("\n")
            parts += [INDENT + one.translate(_CONTROLS) for one in traceback]
        return masked("\n".join(parts))


class JsonLines(logging.Formatter):
    """A JSON object in each line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, in ASCII."""
        members: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": masked(record.getMessage()),
            **_ids(record),
        }
        for name, value in getattr(record, "members", {}).items():
            members[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info:
            members["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(members)
