"""Addresses of static files that change with their content, so that browsers may keep them."""

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import current_app, request

HASH_LENGTH = 10  # hexadecimal characters


def asset(filename: str) -> str:
    """Give the address of a file below static/, with a piece of its hash as version."""
    # Not `url_for`: a page may have hundreds of pictures.
    root = f"{request.script_root}{current_app.static_url_path}"
    return (
        f"{root}/{quote(filename)}?v={_version(Path(current_app.static_folder or '') / filename)}"
    )


@lru_cache(maxsize=256)
def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_LENGTH]
