"""Responses with whole pages or with fragments for htmx, and redirects to pages."""

import htmx_flask
from flask import Response, render_template
from htmx_flask import request

from orders.domain.typed_values import whole_number
from orders.storage.pages import MAX_PAGE


def wants_piece() -> bool:
    """Return whether htmx asks for a fragment of a page; False for boosted and history requests."""
    return bool(
        request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    )


def page_or_piece(page: str, piece: str, /, *, status: int = 200, **context: object) -> Response:
    """Render the template `piece` if htmx asks for a fragment, otherwise the template `page`.

    `context` has the variables of the template.
    """
    text = render_template(piece if wants_piece() else page, **context)
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


def page_number() -> int:
    """Return the query parameter `page` if it is a number from 1 to MAX_PAGE, otherwise 1."""
    return whole_number(request.args.get("page", ""), most=MAX_PAGE) or 1


def go_to(address: str) -> Response:
    """Return a 303 redirect to a URL of this service, or for htmx a 200 with `HX-Redirect`."""
    if wants_piece():
        response: Response = htmx_flask.make_response("", 200, redirect=address)
    else:
        response = Response("", 303, headers={"Location": address})
    response.vary.add("HX-Request")
    return response
