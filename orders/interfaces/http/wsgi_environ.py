"""The WSGI environment of a request that arrives by ASGI."""

import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Names of headers repeat with every request; those of a flood are not kept.
MOST_NAMES, LONGEST_NAME = 500, 64

_BASE: dict[str, Any] = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_UNIQUE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
_variables: dict[bytes, str] = {}


def environ_of(scope: MutableMapping[str, Any]) -> "WSGIEnvironment":
    """Return the WSGI environment for an ASGI scope of type `http`, without the body.

    Headers whose names contain an underscore are left out: `Content_Length` would be taken for
    `Content-Length`, and `X_Forwarded_For` for a header that a proxy has set.
    """
    path = scope["raw_path"]
    name, port = scope["server"]
    environ = {
        **_BASE,
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "wsgi.url_scheme": scope["scheme"],
    }
    for header, raw in scope["headers"]:
        variable = _variables.get(header)
        if variable is None:
            variable = _variable_of(header)
        value = raw.decode("latin-1")
        if variable not in environ:
            environ[variable] = value
        elif variable not in _UNIQUE:
            environ[variable] += (";" if variable == "HTTP_COOKIE" else ",") + value
    environ.pop("", None)
    return environ


def _variable_of(header: bytes) -> str:
    """Return the WSGI environ key for a header name in lowercase; "" if it has an underscore."""
    variable = header.decode("latin-1").replace("-", "_").upper()
    if b"_" in header:
        variable = ""
    elif variable not in _UNIQUE:
        variable = f"HTTP_{variable}"
    if len(_variables) < MOST_NAMES and len(header) <= LONGEST_NAME:
        _variables[header] = variable
    return variable
