"""Static files: small, and under addresses that change with their content: browsers keep them.

Only what is the same for everybody is compressed: a page that holds a secret beside what somebody
typed would tell the secret by its length. A proxy that compresses pages should know that, too.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, current_app, request
from flask_compress import Compress

HASH_LENGTH = 10  # hexadecimal characters

FOR_EVER = "public, max-age=31536000, immutable"  # a year
SMALLEST = 500  # bytes; below it compressing gains nothing


def start_compression(app: Flask, *endpoints: str) -> None:
    """Let these endpoints, whose answers hold nothing secret, answer in the browser's encoding."""
    app.config.update(
        COMPRESS_REGISTER=False, COMPRESS_MIN_SIZE=SMALLEST, COMPRESS_ALGORITHM=["br", "gzip"]
    )
    compress = Compress(app)
    app.view_functions["static"] = _whole(app.send_static_file)
    for endpoint in endpoints:
        app.view_functions[endpoint] = compress.compressed()(app.view_functions[endpoint])


def _whole(view: Callable[[str], Response]) -> Callable[[str], Response]:
    """Make a view of files read them whole: as a stream they could be compressed less well.

    A file under the address that names its content is never asked for again.
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
    """Give the address of a file below static/, with a piece of its hash as version."""
    # Not `url_for`: a page may have hundreds of pictures.
    root = f"{request.script_root}{current_app.static_url_path}"
    return f"{root}/{quote(filename)}?v={_version(current_app.static_folder or '', filename)}"


@lru_cache(maxsize=256)
def _version(folder: str, name: str) -> str:
    return hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()[:HASH_LENGTH]
