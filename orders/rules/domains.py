"""The domains of a public token, and the origin that a browser names.

An entry is a host (`shop.example`), optionally with a port, or `*.shop.example` for every host
below it. Parsing is strict: what is unusual in an `Origin` header is not from a browser.
"""

import ipaddress
import re
from collections.abc import Iterable

from orders.rules.texts import Text, mark

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST = 253  # characters (RFC 1035)
MAX_PORT = 65535

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?", re.IGNORECASE | re.ASCII)
_DOMAIN = re.compile(rf"(\*\.)?({_HOST})(?::([0-9]{{1,5}}))?")
# Behind the origin of a `Referer` stands its path, without control characters.
_PATH = re.compile(r"[/?#][^\x00-\x1f\x7f]*")


def origin_host(origin: str) -> tuple[str, int] | None:
    """Read an `Origin` header: host in small letters, and the port, or the scheme's own.

    None for `null` and whatever is not exactly scheme, host and port.
    """
    match = _ORIGIN.fullmatch(origin)
    return _host_and_port(match) if match else None


def referer_host(referer: str) -> tuple[str, int] | None:
    """Read the origin of a `Referer` header, as `origin_host` does.

    None when anything but scheme, host and port stands before the path: a user name, a backslash
    or a blank there is somebody's trick.
    """
    match = _ORIGIN.match(referer)
    if match is None or not (match.end() == len(referer) or _PATH.fullmatch(referer, match.end())):
        return None
    return _host_and_port(match)


def _host_and_port(match: re.Match[str]) -> tuple[str, int] | None:
    host = match[2].lower()
    port = int(match[3]) if match[3] else DEFAULT_PORTS[match[1].lower()]
    return (host, port) if _is_host(host) and 1 <= port <= MAX_PORT else None


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
    return len(host) <= MAX_HOST


def is_allowed(host: str, port: int | None, domains: Iterable[str]) -> bool:
    """Tell whether an origin is one of the domains. An entry without a port means any port.

    `host` and `port` come from `origin_host`, `domains` from `check_domain`.
    """
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


class BadDomain(ValueError):  # noqa: N818 - named like the refusals in errors.py
    """The text is no entry; `sentence` says why."""

    def __init__(self, sentence: Text) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def check_domain(text: str) -> str:
    """Give an entry in the form in which it is stored. Raises BadDomain with a sentence."""
    domain, shown = text.strip(), repr(text)
    if not domain.isascii():
        raise BadDomain(
            mark("%(text)s is not ASCII: write international names in their xn-- form.", text=shown)
        )
    domain = domain.lower()
    match = _DOMAIN.fullmatch(domain)
    port = int(match[3]) if match and match[3] else 1
    if match is None or not _is_host(match[2]) or not 1 <= port <= MAX_PORT:
        raise BadDomain(
            mark(
                "%(text)s is no domain: write shop.example, *.shop.example or localhost:3000.",
                text=shown,
            )
        )
    # Addresses have no subdomains: *.0.0.1 would mean every machine whose address ends so.
    if match[1] and re.fullmatch(r"\[.*\]|[0-9.]+", match[2]):
        raise BadDomain(
            mark("%(text)s is no domain: a wildcard needs a name behind it.", text=shown)
        )
    return domain
