"""Renders pages as PDF with WeasyPrint, which is optional (`make pdf`).

WeasyPrint makes no network requests: URLs of this service are read within the process, and all
others are refused.
"""

import contextlib
import ctypes
import importlib.util
import mimetypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app, request
from werkzeug.security import safe_join

from orders.domain.pictures import is_too_large
from orders.storage.sqlite import request_lock

# The base URL of a page while it is rendered. The top-level domain is reserved (RFC 6761).
ORIGIN = "http://sheet.invalid"
PANGO = "libpango-1.0.so.0"  # as Linux names it

# Returns content and content type of a path of the service, or None.
Reader = Callable[[str], tuple[bytes, str] | None]


class PdfMissing(Exception):  # noqa: N818 - named as the other errors
    """Raised if PDFs cannot be made because WeasyPrint or the system library pango is missing."""


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Return whether PDFs can be made: WeasyPrint and its system library, pango, are installed.

    Loading WeasyPrint takes a second, so it is tried only if pango is not found under its usual
    name.
    """
    if importlib.util.find_spec("weasyprint") is None:
        return False
    with contextlib.suppress(OSError):  # the library may have another name on this system
        ctypes.CDLL(PANGO)
        return True
    with contextlib.suppress(PdfMissing):
        _load()
        return True
    return False


def make_pdf(html: str, read: Reader) -> bytes:
    """Render an HTML page as PDF and return the bytes of the PDF file.

    Static files that the page uses are read from disk. Other paths of the service are passed to
    `read`, which returns content and content type, or None if the path does not exist. Other URLs
    are left out. Raises PdfMissing if WeasyPrint cannot be loaded.
    """
    weasyprint = _load()
    request_lock.release()  # rendering takes up to a second, and other requests should continue
    document = weasyprint.HTML(string=html, base_url=ORIGIN, url_fetcher=_fetcher(weasyprint, read))
    made: bytes = document.write_pdf()
    return made


def _load() -> Any:  # noqa: ANN401 - a module without types
    try:
        import weasyprint  # noqa: PLC0415 - optional, and it takes a second to load
    except (ImportError, OSError) as error:  # OSError: without pango
        raise PdfMissing from error
    return weasyprint


def _fetcher(weasyprint: Any, read: Reader) -> Any:  # noqa: ANN401 - as above
    # WeasyPrint asks this object for every URL in the page and in its style sheets.
    class OwnFilesOnly(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # as above
        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ANN401, ARG002 - WeasyPrint's own signature
            if url.startswith("data:"):
                return super().fetch(url)
            found = _own(url, read)
            if found is None:
                raise ValueError("Only files of this service.")
            content, kind = found
            if is_too_large(kind, content):  # stored before there was a limit
                raise ValueError("A picture with too many pixels.")
            return weasyprint.urls.URLFetcherResponse(url, content, {"Content-Type": kind})

    return OwnFilesOnly(allowed_protocols=("data",), allow_redirects=False)


def _own(url: str, read: Reader) -> tuple[bytes, str] | None:
    if not url.startswith(f"{ORIGIN}/"):
        return None
    path = unquote(urlsplit(url).path).removeprefix(request.script_root)
    static = f"{current_app.static_url_path}/"
    if not path.startswith(static):
        return read(path)
    file = safe_join(str(current_app.static_folder), path.removeprefix(static))
    if file is None or not Path(file).is_file():
        return None
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return Path(file).read_bytes(), kind
