"""Addresses of static files that change with their content, so that browsers may keep them."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import current_app, url_for

HASH_LENGTH = 10  # hexadecimal characters


def asset(filename: str) -> str:
    """Give the address of a file below static/, with a piece of its hash as version."""
    folder = Path(current_app.static_folder or "")
    return url_for("static", filename=filename, v=_version(folder / filename))


@lru_cache(maxsize=256)
def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_LENGTH]
