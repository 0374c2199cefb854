"""The ID of a request, by which its answer, its log lines, its trace and its error are found."""

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-ID"
_PLACE = "shortorder.request_id"  # in the environment of the request
# What is written into logs, headers and pages as it is. Proxies send UUIDs or hexadecimal numbers.
_VALID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
# Secrets of tokens and webhooks, which a client may send in the wrong header.
_SECRET = re.compile(r"so_(?:prv|pub)_|whsec_")


def request_id_of(environ: "WSGIEnvironment") -> str:
    """Return the ID of a WSGI request, the same one at each call.

    It is the request's `X-Request-ID` if that has 1 to 128 letters, digits and `. _ : / + = -`, and
    looks like no secret of ours, and otherwise a new one.
    """
    known: str | None = environ.get(_PLACE)
    if known is not None:
        return known
    sent = environ.get("HTTP_X_REQUEST_ID", "")
    is_usable = _VALID.fullmatch(sent) and not _SECRET.search(sent)
    found = environ[_PLACE] = sent if is_usable else new_request_id()
    return found


def new_request_id() -> str:
    """Return 32 random hexadecimal digits."""
    return secrets.token_hex(16)
