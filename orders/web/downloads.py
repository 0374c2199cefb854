"""Responses with files that others have sent: nothing of them ever runs in our origin."""

import io
from typing import TYPE_CHECKING, cast

from flask import Response, current_app, request
from werkzeug.utils import send_file
from werkzeug.wrappers import Response as AnyResponse

from orders.catalogue.configuration_queries import StoredFile
from orders.files import FileStore
from orders.rules.file_types import PICTURES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# A file never changes under its address; only the browser that may see it keeps it.
MAX_AGE = 86_400  # seconds
HEADERS = {
    # Wherever somebody opens it: no scripts, no forms, no origin.
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def file_store() -> FileStore:
    """Give the file store of the application that answers."""
    store: FileStore = current_app.extensions["files"]
    return store


def send_stored(file: StoredFile) -> Response:
    """Answer a page's request for a file, as `file_response` does."""
    return cast(Response, file_response(file, file_store(), request.environ))


def file_response(file: StoredFile, store: FileStore, environ: "WSGIEnvironment") -> AnyResponse:
    """Return a file of the store. Pictures may be shown in a page; others are saved to disk."""
    response = send_file(
        io.BytesIO(store.get(file.stored_as)),
        environ,
        mimetype=file.content_type,
        as_attachment=file.content_type not in PICTURES,
        download_name=file.file_name,
        etag=file.sha256,
        max_age=MAX_AGE,
        response_class=Response,
    )
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    response.headers.extend(HEADERS)
    return response
