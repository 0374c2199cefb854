"""Secrets of links that are given to one person and work once; only their hashes are stored."""

import secrets
from dataclasses import dataclass

from orders.access import hash_secret


@dataclass(frozen=True, slots=True, repr=False)
class LinkSecret:
    """A new secret of 256 random bits, and the hash that is stored."""

    secret: str
    secret_hash: str


def new_link_secret() -> LinkSecret:
    """Make a secret; whoever shows it does so once."""
    secret = secrets.token_urlsafe(32)
    return LinkSecret(secret, hash_secret(secret))
