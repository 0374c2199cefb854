"""The WSGI application that the server calls: the pages, and the JSON API below `/api`."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from orders import __version__
from orders.domain.configuration import own_picture
from orders.domain.errors import BUSY, ServiceBusy
from orders.interfaces.http.admission import without_cookies
from orders.interfaces.http.assets import asset
from orders.interfaces.http.i18n import option_values_line, options_line
from orders.interfaces.http.observers import Observer, begin_request
from orders.interfaces.http.probes import new_probes
from orders.interfaces.http.request_ids import HEADER
from orders.services.accounts import acting
from orders.storage.sqlite import request_lock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api"


def replace_no_host(environ: "WSGIEnvironment") -> None:
    """Replace a `Host` header that is no host by a name that nobody has (RFC 2606).

    Flask refuses it while it has no addresses for the links of the page that says so.
    """
    try:
        environ.get("HTTP_HOST", "").encode("idna")
    except UnicodeError:
        environ["HTTP_HOST"] = "invalid"


class Shortorder(Flask):
    """The Flask application of the pages; it passes requests below `/api` on to the JSON API.

    `api` is the WSGI application of the JSON API, set when the application is built. `observers`
    are called after each request to a page or to the API. `probes` are the WSGI applications of
    single paths that are neither, such as `/livez`. Views and hooks must not be coroutines.
    """

    api: "WSGIApplication"
    # Waits until this thread may work on a request.
    acquire_lock = staticmethod(request_lock.skip)

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Flask's own
        super().__init__(*arguments, **options)
        self.observers: list[Observer] = []
        self.probes = new_probes(self)
        # A redirect to the address with single slashes would write the token of its query into
        # a header and a page.
        self.url_map.merge_slashes = False

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the view or hook unchanged, without Flask's slow support for coroutines."""
        return func

    def handle_exception(self, e: Exception) -> Response:
        """Return the response to an error that no handler took, or that the page of another raised.

        If the database has gone away in between, or there is no memory, this is a 503, and
        otherwise a logged 500.
        """
        if isinstance(e, MemoryError):
            self.logger.error("There is no memory for a request.")
            e = ServiceBusy(BUSY)
        if isinstance(e, ServiceBusy):
            return self.finalize_request(self.handle_user_exception(e), from_error_handler=True)
        return super().handle_exception(e)

    def wsgi_app(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a WSGI request with the API, a probe or a page, then call the observers.

        The response has the ID of the request. Exceptions of observers are logged.
        """
        started = time.perf_counter()
        self.acquire_lock()  # the server has read the body: its sender may be slow
        path: str = environ["PATH_INFO"]
        is_api = path == API or path.startswith(API + "/")
        handled = begin_request(environ, is_api=is_api)
        doer = acting.begin_request()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:  # noqa: ANN401 - as WSGI has it
            handled.status = int(status[:3])
            headers = [*without_cookies(headers, environ), (HEADER, handled.id)]
            return start_response(status, headers, *error)

        try:
            if is_api:
                return self.api(environ, start)
            if path in self.probes:
                handled.route = path
                return self.probes[path](environ, start)
            replace_no_host(environ)
            return super().wsgi_app(environ, start)
        finally:
            acting.end_request(doer)
            request_lock.release()
            handled.seconds = time.perf_counter() - started
            for observer in self.observers:
                try:
                    observer(handled)
                except Exception:
                    self.logger.exception("An observer of requests failed.")


class CompiledPages(FileSystemBytecodeCache):
    """Files of compiled templates, which are compiled again once their source has changed.

    Raises OSError or RuntimeError if there is no folder for them that only we can write to.
    """

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template unless the disk refuses it."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def start_pages(app: Flask) -> None:
    """Add the functions and filters that all templates use to the app's Jinja environment.

    Compiled templates are kept in the machine's folder for temporary files, where there is one that
    belongs to us: to compile them all takes a second of each start.
    """
    with contextlib.suppress(OSError, RuntimeError):
        app.jinja_env.bytecode_cache = CompiledPages()
    app.jinja_env.globals.update(asset=asset, own_picture=own_picture, product_version=__version__)
    app.jinja_env.filters.update(
        options=options_line, option_values=option_values_line, plain_text=str
    )


def compile_pages(app: Flask) -> Flask:
    """Compile all HTML templates now, so that no request has to wait for it; return `app`."""
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
    return app


def keep_for_good(app: Flask) -> Flask:
    """Exclude all existing objects from garbage collection permanently; return `app`.

    Call this once the application is complete. Otherwise each full collection would examine all of
    these objects, which takes a tenth of a second while a person waits for a response.
    """
    gc.collect()
    gc.freeze()
    return app
