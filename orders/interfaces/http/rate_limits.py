"""Rate limits of API requests and look-ups, counted in memory and shared by all processes.

Tries to sign in are counted exactly, by `limiter` in `limiters`.
"""

import math
import time
from functools import lru_cache
from typing import Any

import limits
from flask import Flask
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from orders.domain.errors import TooManyTries
from orders.domain.networks import network_of
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.settings import NONE, Settings
from orders.storage.rate_counts import EXACT, SHARED_MEMORY, storage_options

KEPT_KEYS = 10_000  # of tokens and addresses, which requests repeat
# Short IDs of other orgs' configurations that an org may learn of, by choosing the same ones.
TAKEN_LIMIT = "100 per hour"
TOO_MANY_TAKEN = lazy_gettext(
    "Too many of the short IDs you chose are already used. Leave them out, or try again later."
)


def frequent_storage(app: Flask) -> tuple[str, dict[str, Any]]:
    """Return URI and options of the storage for what comes often.

    It is RATE_LIMIT_STORAGE itself, unless that is the database.
    """
    settings: Settings = app.config["SETTINGS"]
    if settings.rate_limit_storage == EXACT:
        return SHARED_MEMORY, {"context": app.app_context}
    return settings.rate_limit_storage, storage_options(settings.rate_limit_storage)


class _Limit:
    """One limit, such as 600 per minute; an empty text and 0 mean none."""

    def __init__(self, name: str, text: str, strategy: FixedWindowRateLimiter) -> None:
        self.item = limits.parse(text) if text not in {"", NONE} else None
        self._strategy = strategy
        self._name = name
        self._most = self.item.amount if self.item else 0
        self._expiry = self.item.get_expiry() if self.item else 0
        # Cheaper than the library's own way, which joins the key of each request.
        self._count = getattr(strategy.storage, "count", strategy.storage.incr)

    def key(self, of: str) -> str:
        """Return the key under which a token or a network is counted."""
        return f"{self._name}/{of}"

    def hit(self, key: str, cost: int = 1) -> bool:
        """Count `cost`; return whether the limit is kept."""
        return not self._most or self._count(key, self._expiry, cost) <= self._most

    def has_room(self, key: str) -> bool:
        """Return whether the limit is not used up, without counting."""
        return not self._most or self._strategy.storage.get(key) < self._most

    def wait(self, key: str) -> int:
        """Return the seconds until the limit begins again, at least 1."""
        return max(1, math.ceil(self._strategy.storage.get_expiry(key) - time.time()))

    def too_many(self, key: str, message: str) -> TooManyRequests:
        """Return the error for a client, with the seconds until the limit begins again."""
        return TooManyRequests(message, retry_after=self.wait(key))


class RequestLimits:
    """The limits of tokens, of clients' addresses, and of tries with unknown codes or IDs."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        uri, options = frequent_storage(app)
        strategy = FixedWindowRateLimiter(storage_from_string(uri, **options))
        self._any_token = _Limit("token", settings.api_limit, strategy)
        self._public_token = _Limit("public", settings.public_token_limit, strategy)
        self._address = _Limit("address", settings.public_address_limit, strategy)
        self._misses = _Limit("misses", settings.miss_limit, strategy)
        self._taken = _Limit("taken", TAKEN_LIMIT, strategy)
        # Networks that have missed here: for all others nothing needs to be looked up.
        self._missed: set[str] = set()
        self._keys = lru_cache(KEPT_KEYS)(self._new_keys)

    def count_request(self, actor: Actor, address: str) -> None:
        """Count an API request. Raises TooManyRequests if it exceeds a limit.

        `address` is the client's. Requests with private tokens have only the limit API_LIMIT.
        """
        if self._any_token.item is not None:
            self._count_any_token(actor.id)
        if actor.is_private:
            return
        token, address_key, network = self._keys(actor.id, address)
        if network in self._missed:
            self._require_misses_left(network)
        if not self._public_token.hit(token):
            raise self._public_token.too_many(
                token,
                f"The limit for this public token is {self._public_token.item}. Wait a moment.",
            )
        if not self._address.hit(address_key):
            raise self._address.too_many(
                address_key,
                f"The limit for public tokens from one address is {self._address.item}. "
                "Wait a moment.",
            )

    def require_misses_left(self, address: str) -> None:
        """Raise TooManyRequests if too many codes from this address were unknown."""
        self._require_misses_left(network_of(address))

    def count_misses(self, address: str, count: int = 1) -> None:
        """Count codes or IDs that nothing has."""
        network = network_of(address)
        if len(self._missed) > KEPT_KEYS:
            self._missed.clear()
        self._missed.add(network)
        self._misses.hit(self._misses.key(network), count)

    def require_taken_left(self, org_id: str) -> None:
        """Raise TooManyTries if the org has learned of too many short IDs that others have."""
        key = self._taken.key(org_id)
        self._taken.hit(key, 0)  # from now on with what other processes have counted
        if not self._taken.has_room(key):
            raise TooManyTries(TOO_MANY_TAKEN, self._taken.wait(key))

    def count_taken(self, org_id: str, count: int) -> None:
        """Count short IDs that an org has chosen and another org has: they are unique over all."""
        if count:
            self._taken.hit(self._taken.key(org_id), count)

    def _count_any_token(self, token_id: str) -> None:
        key = self._any_token.key(token_id)
        if not self._any_token.hit(key):
            raise self._any_token.too_many(
                key, f"The limit for this token is {self._any_token.item}. Wait a moment."
            )

    def _require_misses_left(self, network: str) -> None:
        key = self._misses.key(network)
        if not self._misses.has_room(key):
            raise self._misses.too_many(
                key, "Too many unknown codes or IDs from this address. Wait a moment."
            )

    def _new_keys(self, token_id: str, address: str) -> tuple[str, str, str]:
        network = network_of(address)
        return self._public_token.key(token_id), self._address.key(network), network
