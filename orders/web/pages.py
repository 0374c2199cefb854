"""Decides between a page and the piece of it that HTMX swaps."""

import htmx_flask
from flask import Response, render_template
from htmx_flask import request


def wants_piece() -> bool:
    """Tell whether htmx asked for a piece: boosted and history requests want the whole page."""
    return bool(
        request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    )


def page_or_piece(page: str, piece: str, /, *, status: int = 200, **context: object) -> Response:
    """Draw the piece for htmx and the whole page for everyone else, from the same variables.

    The answer always says that it depends on `HX-Request`, so that no cache mixes the two up.
    """
    text = render_template(piece if wants_piece() else page, **context)
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


def go_to(address: str) -> Response:
    """Send the browser to another page of ours; htmx follows as a change of the whole page."""
    if wants_piece():
        response: Response = htmx_flask.make_response("", 200, redirect=address)
    else:
        response = Response("", 303, headers={"Location": address})
    response.vary.add("HX-Request")
    return response
