"""Addresses that the service may be asked to call: what is wrong with one, by its text alone.

A name can be made to point anywhere, at any time. What it points to is checked when it is called
(`orders.courier`); here is refused what can be known to be wrong at once.
"""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from orders.rules import domains
from orders.rules.inputs import too_long
from orders.rules.texts import mark

MAX_ADDRESS = 2_000  # characters
PRIVATE_SENTENCE = mark("An address that anyone can reach; this one is in a private network.")

# IPv6 addresses that stand for IPv4 ones, private ones too: NAT64 and 6to4.
_TRANSLATED = tuple(
    ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)
_NO_BLANKS = re.compile(r"[\x21-\x7e]+")


def address_fault(address: str) -> str | None:
    """Say in a sentence why this is no address to call; None when it may be one."""
    # Up to the path; a backslash ends it for some programs and not for others.
    place = re.split(r"[/?\\]", address.partition("://")[2], maxsplit=1)[0]
    faults = (
        (
            len(address) > MAX_ADDRESS,
            too_long(MAX_ADDRESS, address),
        ),
        (
            _NO_BLANKS.fullmatch(address) is None,
            mark("Without blanks, and in ASCII: others percent-encoded, names in their xn-- form."),
        ),
        (
            not address.lower().startswith(("https://", "http://")),
            mark("An address that begins with https:// or http://."),
        ),
        (
            "#" in address,
            mark("An address without # and what stands behind it: no server is told that."),
        ),
        (
            "@" in place,
            mark("An address without a user name or password: messages are signed instead."),
        ),
        (
            domains.referer_host(address) is None,
            mark("An address with a host, such as https://shop.example/orders."),
        ),
    )
    return next((sentence for is_wrong, sentence in faults if is_wrong), None)


def is_private(address: str) -> bool:
    """Tell whether the text alone says that the address is not in the public network.

    `address` has no fault. True for localhost and for IP addresses of loopback, private and other
    networks of one's own, in every spelling that a system resolves without asking anyone.
    """
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    ip = _literal(host)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip is not None and _is_ones_own(ip)


def _is_ones_own(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    is_odd = not ip.is_global or ip.is_multicast or ip.is_reserved
    if isinstance(ip, ipaddress.IPv6Address):
        return is_odd or ip.is_site_local or any(ip in network for network in _TRANSLATED)
    return is_odd


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" in host:
        return ipaddress.IPv6Address(host)
    try:
        # Also 127.1, 0x7f.1 and 2130706433, which `ipaddress` does not know.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
