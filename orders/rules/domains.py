"""The domains of a public token, and the origin that a browser names.

An entry is a host (`shop.example`), optionally with a port, or `*.shop.example` for every host below
it. Parsing is strict: what is unusual in an `Origin` header is not from a browser.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST = 253  # characters (RFC 1035)
MAX_PORT = 65535

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?")
_DOMAIN = re.compile(rf"(\*\.)?({_HOST})(?::([0-9]{{1,5}}))?")


def origin_host(origin: str) -> tuple[str, int] | None:
    """Read an `Origin` header: host in small letters, and the port, the scheme's own if none stands.

    None for `null` and whatever is not exactly scheme, host and port.
    """
    match = _ORIGIN.fullmatch(origin.lower()) if origin.isascii() else None
    if match is None or len(match[2]) > MAX_HOST:
        return None
    port = int(match[3]) if match[3] else DEFAULT_PORTS[match[1]]
    return (match[2], port) if 1 <= port <= MAX_PORT else None


def referer_host(referer: str) -> tuple[str, int] | None:
    """Read the origin of a `Referer` header, as `origin_host` does."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return None
    # A user name, a backslash or a blank before the path is somebody's trick.
    return origin_host(f"{parts.scheme}://{parts.netloc}")


def is_allowed(host: str, port: int | None, domains: Iterable[str]) -> bool:
    """Tell whether an origin is one of the domains. An entry without a port means any port."""
    for domain in domains:
        match = _DOMAIN.fullmatch(domain)
        if match is None:
            continue
        wildcard, name, own_port = match.groups()
        if own_port and int(own_port) != port:
            continue
        if host.endswith(f".{name}") if wildcard else host == name:
            return True
    return False


def check_domain(text: str) -> str:
    """Give an entry in the form in which it is stored. Raises ValueError with a sentence."""
    domain = text.strip().lower()
    match = _DOMAIN.fullmatch(domain) if domain.isascii() else None
    port = int(match[3]) if match and match[3] else 1
    if match is None or len(match[2]) > MAX_HOST or not 1 <= port <= MAX_PORT:
        raise ValueError(
            f"{text!r} is no domain: write shop.example, *.shop.example or localhost:3000."
        )
    return domain
