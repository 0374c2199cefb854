"""The application that the server calls."""

import gc
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from flask import Flask

from orders import turns
from orders.rules.configuration import own_picture
from orders.web.assets import asset
from orders.web.options import options_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Lane: TypeAlias = "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes] | None]"


class Shortorder(Flask):
    """A Flask application with an express lane; all its views and hooks are plain functions."""

    express_lane: Lane

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Flask's own
        super().__init__(*arguments, **options)
        # A redirect to the address with single slashes would write the token of its query into
        # a header and a page.
        self.url_map.merge_slashes = False

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function as it is: Flask would look each time whether it is asynchronous."""
        return func

    def wsgi_app(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request; its turn ends with it, whatever happened."""
        try:
            answer = self.express_lane(environ, start_response)
            return super().wsgi_app(environ, start_response) if answer is None else answer
        finally:
            turns.give()


def start_pages(app: Flask) -> None:
    """Give the templates what all pages draw with."""
    app.jinja_env.globals.update(asset=asset, own_picture=own_picture)
    app.jinja_env.filters.update(options=options_line, plain_text=str)


def compile_pages(app: Flask) -> Flask:
    """Compile all templates, which takes a second at most; the first request would take a tenth."""
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
    return app


def keep_for_good(app: Flask) -> Flask:
    """Take what is there now, which stays to the end, out of the garbage collector's sight.

    It would look through all of it again and again, a tenth of a second each time, while somebody
    waits for an answer.
    """
    gc.collect()
    gc.freeze()
    return app
