"""The path below which the service is reached, such as `/desk` of `https://example.com/desk`.

It becomes the WSGI variable SCRIPT_NAME, with which all links, redirects and cookies begin.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import request

from orders.settings import PREFIX, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEADER = "HTTP_X_FORWARDED_PREFIX"


class Prefix:
    """A WSGI application that calls `app` as one that is mounted below a path.

    PUBLIC_URL says what that path is. A proxy may pass it on with each request, or remove it and
    say so in X-Forwarded-Prefix. Without PUBLIC_URL, the path is that of this header. It counts
    only behind trusted proxies: those who choose the path also choose where links lead to.
    """

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._own = settings.public_path
        self._is_known = bool(settings.public_url)
        self._trusts_header = settings.trusted_proxies > 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        sent = environ.get(_HEADER, "").rstrip("/") if self._trusts_header else ""
        path: str = environ["PATH_INFO"]
        prefix = self._own
        if not self._is_known and PREFIX.fullmatch(sent):
            prefix = sent
        elif prefix and sent != prefix and f"{path}/".startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        if prefix:
            environ["SCRIPT_NAME"] = prefix
        return self._app(environ, start_response)


def requested_address() -> str:
    """Return the address of the current request, which leads to this host only, with its prefix.

    Browsers take what begins with two slashes for another host, and a backslash for a slash.
    """
    query = request.query_string.decode("latin-1")
    path = quote(request.path.lstrip("/"))
    return f"{request.script_root}/{path}{'?' * bool(query)}{query}"
