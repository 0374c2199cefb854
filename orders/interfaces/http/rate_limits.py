"""Rate limits of API requests and look-ups, counted in memory and shared by all processes.

Tries to sign in are counted exactly, by `limiter` in `current_settings`.
"""

import math
import time

import limits
from flask import Flask
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from orders.domain.networks import network_of
from orders.services.accounts.access import Actor
from orders.settings import NONE, Settings

EXACT = "database://"
# For what comes often: RATE_LIMIT_STORAGE itself, unless that is the database.
SHARED_MEMORY = "database+memory://"


def frequent_storage(settings: Settings) -> str:
    """Return the URI of the storage that counts what comes often."""
    uri = settings.rate_limit_storage
    return SHARED_MEMORY if uri == EXACT else uri


class _Limit:
    """One limit, such as 600 per minute; an empty text and 0 mean none."""

    def __init__(self, name: str, text: str, strategy: FixedWindowRateLimiter) -> None:
        self.item = limits.parse(text) if text not in {"", NONE} else None
        self._strategy = strategy
        self._prefix = f"{name}/"
        self._most = self.item.amount if self.item else 0
        self._expiry = self.item.get_expiry() if self.item else 0
        # Cheaper than the library's own way, which joins the key of each request.
        self._count = getattr(strategy.storage, "count", strategy.storage.incr)

    def hit(self, key: str, cost: int = 1) -> bool:
        """Count `cost`; return whether the limit is kept."""
        return not self._most or self._count(self._prefix + key, self._expiry, cost) <= self._most

    def has_room(self, key: str) -> bool:
        """Return whether the limit is not used up, without counting."""
        return not self._most or self._strategy.storage.get(self._prefix + key) < self._most

    def refusal(self, key: str, message: str) -> TooManyRequests:
        """Return the error for a client, with the seconds until the limit begins again."""
        wait = self._strategy.storage.get_expiry(self._prefix + key) - time.time()
        return TooManyRequests(message, retry_after=max(1, math.ceil(wait)))


class RequestLimits:
    """The limits of tokens, of clients' addresses, and of tries with unknown codes or IDs."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        uri = frequent_storage(settings)
        options = {"context": app.app_context} if uri == SHARED_MEMORY else {}
        strategy = FixedWindowRateLimiter(storage_from_string(uri, **options))
        self._any_token = _Limit("token", settings.api_limit, strategy)
        self._public_token = _Limit("public", settings.public_token_limit, strategy)
        self._address = _Limit("address", settings.public_address_limit, strategy)
        self._misses = _Limit("misses", settings.miss_limit, strategy)

    def count_request(self, actor: Actor, address: str) -> None:
        """Count an API request. Raises TooManyRequests if it exceeds a limit.

        `address` is the client's. Requests with private tokens have only the limit API_LIMIT.
        """
        if not self._any_token.hit(actor.id):
            raise self._any_token.refusal(
                actor.id, f"The limit for this token is {self._any_token.item}. Wait a moment."
            )
        if actor.is_private:
            return
        self.require_misses_left(address)
        if not self._public_token.hit(actor.id):
            raise self._public_token.refusal(
                actor.id,
                f"The limit for this public token is {self._public_token.item}. Wait a moment.",
            )
        network = network_of(address)
        if not self._address.hit(network):
            raise self._address.refusal(
                network,
                f"The limit for public tokens from one address is {self._address.item}. "
                "Wait a moment.",
            )

    def require_misses_left(self, address: str) -> None:
        """Raise TooManyRequests if too many codes from this address were unknown."""
        network = network_of(address)
        if not self._misses.has_room(network):
            raise self._misses.refusal(
                network, "Too many unknown codes or IDs from this address. Wait a moment."
            )

    def count_misses(self, address: str, count: int = 1) -> None:
        """Count codes or IDs that nothing has."""
        self._misses.hit(network_of(address), count)
