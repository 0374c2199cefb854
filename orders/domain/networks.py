"""Which network a client's address belongs to, by which clients are counted."""

import ipaddress
from functools import lru_cache

# Whoever has an address of IPv6 has at least all of the same first 64 bits (RFC 6177).
IPV6_BITS = 64


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return an IPv4 address, also one inside an IPv6 address, or the /64 network of an IPv6 one.

    A text that is no address is returned unchanged.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_BITS), strict=False))
