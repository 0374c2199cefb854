"""Turns a page of ours into a PDF with WeasyPrint, which is optional (`make pdf`).

Nothing is fetched over the network: the page's own addresses are answered from here, and all others
are refused.
"""

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

from orders.storage.sqlite import request_lock

# The page's own address while it is drawn; nobody has it (RFC 6761).
ORIGIN = "http://sheet.invalid"
PANGO = "libpango-1.0.so.0"  # as Linux names it

# Gives the content of an address of ours and its type; None when there is nothing.
Reader = Callable[[str], tuple[bytes, str] | None]


class PdfMissing(Exception):  # noqa: N818 - named for what it is, as our other errors
    """WeasyPrint, or the pango library of the system, is not installed."""


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Tell whether PDFs can be made here; what is installed later counts after a restart.

    Loading WeasyPrint takes a second, for which nobody should wait who only sees an order: where
    its system library is found, that is enough.
    """
    if importlib.util.find_spec("weasyprint") is None:
        return False
    try:
        ctypes.CDLL(PANGO)
    except OSError:  # it may have another name here
        pass
    else:
        return True
    try:
        _load()
    except PdfMissing:
        return False
    return True


def make_pdf(html: str, read: Reader) -> bytes:
    """Draw a page as PDF. `read` answers for pictures; static files are read from our folder.

    Raises PdfMissing.
    """
    weasyprint = _load()
    request_lock.release()  # a sheet takes long, and other requests should not wait for it
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
    """Give what WeasyPrint asks for every address in the page, its style sheets and drawings."""

    class OwnFilesOnly(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # as above
        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ANN401, ARG002 - WeasyPrint's own signature
            if url.startswith("data:"):
                return super().fetch(url)
            found = _own(url, read)
            if found is None:
                raise ValueError("Only files of ours.")
            content, kind = found
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
