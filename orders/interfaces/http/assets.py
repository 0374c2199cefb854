"""Sends static files, which are compressed and cached by browsers, and uploaded files.

Only responses that are the same for everyone may be compressed, here or by a proxy: the length of a
compressed page that contains both a secret and reflected input would reveal the secret (BREACH).
"""

import hashlib
import io
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from flask import Flask, Response, current_app, request
from flask_compress import Compress
from werkzeug.utils import send_file
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.configuration import THUMBNAIL
from orders.domain.uploads import PICTURES, download_name
from orders.services.catalog.configuration_queries import StoredFile
from orders.services.files import FileStore

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HASH_LENGTH = 10  # hexadecimal characters

FOR_EVER = "public, max-age=31536000, immutable"  # a year
SMALLEST = 500  # bytes; compressing less gains nothing
# Only a browser that may see an upload caches it. Seconds; a picture can be replaced, and has the
# same URL then, unless the URL has its version.
UPLOAD_MAX_AGE = 86_400
PICTURE_MAX_AGE = 600
UPLOAD_HEADERS = {
    # No scripts, forms or origin, wherever the file is opened.
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def start_compression(app: Flask, *endpoints: str) -> None:
    """Compress static files and the responses of the given views, which must contain no secrets."""
    app.config.update(
        COMPRESS_REGISTER=False, COMPRESS_MIN_SIZE=SMALLEST, COMPRESS_ALGORITHM=["br", "gzip"]
    )
    compress = Compress(app)
    app.view_functions["static"] = _without_streams(app.send_static_file)
    for endpoint in endpoints:
        app.view_functions[endpoint] = compress.compressed()(app.view_functions[endpoint])


def _without_streams(view: Callable[[str], Response]) -> Callable[[str], Response]:
    """Wrap Flask's view of static files, so that it returns whole files instead of streams.

    Streams compress less well. If the request's parameter `v` is the current version of the file,
    as in URLs from `asset`, the response may be cached for a year.
    """

    def send(filename: str) -> Response:
        response = view(filename)
        if response.status_code == HTTPStatus.OK:
            response.direct_passthrough = False
            response.get_data()
            response.close()  # the file
        version = request.args.get("v")
        if version and version == _version(current_app.static_folder or "", filename):
            response.headers["Cache-Control"] = FOR_EVER
        return response

    return send


def asset(filename: str) -> str:
    """Return the URL path of a file in `static/`, with the start of the file's SHA-256 as `?v=`."""
    # `url_for` would be too slow for pages with hundreds of pictures.
    root = f"{request.script_root}{current_app.static_url_path}"
    return f"{root}/{quote(filename)}?v={_version(current_app.static_folder or '', filename)}"


@lru_cache(maxsize=256)
def _version(folder: str, name: str) -> str:
    return hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()[:HASH_LENGTH]


def file_store() -> FileStore:
    store: FileStore = current_app.extensions["files"]
    return store


def send_stored(file: StoredFile) -> Response:
    """Return a response to the current Flask request with this upload; see `file_response`."""
    return cast(Response, file_response(file, file_store(), request.environ))


def file_response(file: StoredFile, store: FileStore, environ: "WSGIEnvironment") -> AnyResponse:
    """Return a response with an uploaded file: pictures are shown inline, others are downloaded.

    `store` contains the file's bytes. `environ` is the WSGI environment, which may contain
    conditional headers. Raises NotFound if the bytes are missing, and ServiceBusy if the store
    cannot be reached.
    """
    may_change = file.key == THUMBNAIL and "v=" not in environ.get("QUERY_STRING", "")
    max_age = PICTURE_MAX_AGE if may_change else UPLOAD_MAX_AGE
    response = send_file(
        io.BytesIO(store.get(file.stored_as)),
        environ,
        mimetype=file.content_type,
        as_attachment=file.content_type not in PICTURES,
        download_name=download_name(file.file_name, file.content_type),
        etag=file.sha256,
        max_age=max_age,
        response_class=Response,
    )
    response.headers["Cache-Control"] = f"private, max-age={max_age}"
    response.headers.extend(UPLOAD_HEADERS)
    return response
