"""Answers with files that others have sent: nothing of them ever runs in our origin."""

import io

from flask import Response, current_app, send_file

from orders.catalogue.configuration_queries import StoredFile
from orders.files import FileStore
from orders.rules.uploads import PICTURES

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
    """Answer with a file. Pictures may be shown in a page; everything else is for the disk."""
    response = send_file(
        io.BytesIO(file_store().get(file.stored_as)),
        mimetype=file.content_type,
        as_attachment=file.content_type not in PICTURES,
        download_name=file.file_name,
        etag=file.sha256,
        max_age=MAX_AGE,
    )
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    response.headers.extend(HEADERS)
    return response
