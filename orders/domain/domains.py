"""Check hosts: the domains of public tokens, the origins of browsers, and the URLs of webhooks.

A domain is a host (`shop.example`), optionally with a port, or `*.shop.example` for every host
below it. Parsing is strict: an `Origin` header with unusual syntax does not come from a browser. A
webhook's URL is checked here by its text alone; the IP address to which its host resolves is
checked when the URL is called.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from orders.domain.errors import OrderError
from orders.domain.inputs import too_long
from orders.domain.texts import lazy_gettext

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST = 253  # characters (RFC 1035)
MAX_PORT = 65535

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?", re.IGNORECASE | re.ASCII)
_DOMAIN = re.compile(rf"(\*\.)?({_HOST})(?::([0-9]{{1,5}}))?")
# The origin of a `Referer` is followed by its path, without control characters.
_PATH = re.compile(r"[/?#][^\x00-\x1f\x7f]*")


def origin_host(origin: str) -> tuple[str, int] | None:
    """Return the host and port in an `Origin` header.

    The host is in lowercase; a missing port is the scheme's default. None for `null` and anything
    else that is not exactly `http(s)://host` with an optional port.
    """
    match = _ORIGIN.fullmatch(origin)
    return _host_and_port(match) if match else None


def referer_host(referer: str) -> tuple[str, int] | None:
    """Return the host and port of the URL in a `Referer` header.

    The host is in lowercase; a missing port is the scheme's default. None if anything but a scheme,
    host and port precedes the path: a user name, a backslash or a space there indicates an attack.
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
    """Return whether an origin matches one of a public token's domains.

    `host` and `port` come from `origin_host`, and `domains` from `check_domain`. A domain without a
    port allows every port.
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


class BadDomain(OrderError):  # noqa: N818 - named like the refusals in errors.py
    """The text is not a valid domain for a public token; `sentence` is the message for people."""


def check_domain(text: str) -> str:
    """Return a domain that a person typed, in lowercase and without spaces at its ends.

    Examples are `shop.example:443` and `*.shop.example`. Raises BadDomain for text that is not a
    domain.
    """
    domain, shown = text.strip().lower(), repr(text)
    if not text.strip().isascii():
        sentence = lazy_gettext(
            "%(text)s is not ASCII. Enter international names in their xn-- form.", text=shown
        )
        raise BadDomain(sentence)
    match = _DOMAIN.fullmatch(domain)
    port = int(match[3]) if match and match[3] else 1
    if match is None or not _is_host(match[2]) or not 1 <= port <= MAX_PORT:
        sentence = lazy_gettext(
            "%(text)s is not a domain. Enter one such as shop.example, *.shop.example, "
            "or localhost:3000.",
            text=shown,
        )
        raise BadDomain(sentence)
    # Addresses have no subdomains: *.0.0.1 would mean every machine whose address ends so.
    if match[1] and re.fullmatch(r"\[.*\]|[0-9.]+", match[2]):
        raise BadDomain(
            lazy_gettext("%(text)s is not a domain. A wildcard needs a name after it.", text=shown)
        )
    return domain


MAX_ADDRESS = 2_000  # characters
PRIVATE_SENTENCE = lazy_gettext("Use a public address. This one is in a private network.")

# IPv6 addresses that map IPv4 ones, private ones too: NAT64 and 6to4.
_TRANSLATED = tuple(
    ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)
_NO_BLANKS = re.compile(r"[\x21-\x7e]+")


def address_fault(address: str) -> str | None:
    """Return the error message for a webhook's URL if its syntax is invalid, else None."""
    # Up to the path; a backslash ends it for some programs and not for others.
    place = re.split(r"[/?\\]", address.partition("://")[2], maxsplit=1)[0]
    faults = (
        (len(address) > MAX_ADDRESS, too_long(MAX_ADDRESS, address)),
        (
            _NO_BLANKS.fullmatch(address) is None,
            lazy_gettext(
                "No spaces, and ASCII only: percent-encode other characters, and write names "
                "in their xn-- form."
            ),
        ),
        (
            not address.lower().startswith(("https://", "http://")),
            lazy_gettext("An address that starts with https:// or http://."),
        ),
        (
            "#" in address,
            lazy_gettext("Remove the # and everything after it. It is never sent to a server."),
        ),
        (
            "@" in place,
            lazy_gettext("Remove the user name and password. Messages are signed instead."),
        ),
        (
            referer_host(address) is None,
            lazy_gettext("The address needs a host, such as https://shop.example/orders."),
        ),
    )
    return next((sentence for is_wrong, sentence in faults if is_wrong), None)


def is_private(address: str) -> bool:
    """Return whether a URL's text alone shows that its host is outside the public network.

    `address` must have passed `address_fault`. True for localhost and for IP addresses that are not
    global, in every notation that systems accept without asking a name server (`127.1`); False for
    all other host names.
    """
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    ip = _literal(host)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip is None:
        return False
    is_private_v6 = isinstance(ip, ipaddress.IPv6Address) and (
        ip.is_site_local or any(ip in network for network in _TRANSLATED)
    )
    return is_private_v6 or not ip.is_global or ip.is_multicast or ip.is_reserved


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" in host:
        return ipaddress.IPv6Address(host)
    try:
        # Also 127.1, 0x7f.1 and 2130706433, which `ipaddress` does not know.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
