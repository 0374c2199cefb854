"""Limits of tries to sign in to one account, counted over all processes and servers.

A password can be guessed from many addresses, so all of them together have a limit. An attacker
could use it up on purpose, and lock the owner out. So addresses from which someone has signed in to
the account do not count for it: they have only the limit of one address. Both windows slide, so a
try is possible again soon after the attack.
"""

import math
import time

import limits
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from orders.settings import NONE, Settings
from orders.storage.rate_counts import storage_options

KNOWN_FOR = 90 * 86_400  # seconds for which the address of a sign-in is known
MAX_ADDRESS = 320  # characters of an e-mail address that are looked at


class SignInTries:
    """Counts tries by account and address; `network` is the client's address or its network."""

    def __init__(self, settings: Settings) -> None:
        uri = settings.rate_limit_storage
        self._storage = storage_from_string(uri, **storage_options(uri))
        self._strategy = SlidingWindowCounterRateLimiter(self._storage)
        self._by_address = _parsed(settings.account_limit)
        self._total = _parsed(settings.account_total_limit)

    def take(self, email: str, network: str) -> int:
        """Use up a try for the account with this e-mail address, whether there is one or not.

        Returns 0, or the seconds until the next try if none is left. Raises ServiceBusy if the
        counts are in the database and it cannot be written, and StorageError if they are in Redis
        and it cannot be reached.
        """
        account = _account(email)
        wait = self._hit(self._by_address, "account", account, network)
        if wait or self._storage.get(_known(account, network)):
            return wait
        return self._hit(self._total, "accounts", account)

    def take_inside(self, staff_id: str) -> int:
        """Use up a try of someone who is signed in to the account, from any address.

        Strangers cannot use these up. Returns and raises what `take` does.
        """
        return self._hit(self._by_address, "inside", staff_id)

    def reset_inside(self, staff_id: str) -> None:
        """Reset the tries of someone who is signed in. Raises ServiceBusy as `take` does."""
        if self._by_address is not None:
            self._strategy.clear(self._by_address, "inside", staff_id)

    def remember_success(self, email: str, network: str) -> None:
        """Reset the tries of this account and address, and remember the address.

        Raises ServiceBusy as `take` does.
        """
        account = _account(email)
        if self._by_address is not None:
            self._strategy.clear(self._by_address, "account", account, network)
        known = _known(account, network)
        if not self._storage.get(known):
            self._storage.incr(known, KNOWN_FOR)

    def _hit(self, limit: limits.RateLimitItem | None, *key: str) -> int:
        if limit is None or self._strategy.hit(limit, *key):
            return 0
        reset = self._strategy.get_window_stats(limit, *key).reset_time
        return max(1, math.ceil(reset - time.time()))


def _parsed(text: str) -> limits.RateLimitItem | None:
    return None if text in {"", NONE} else limits.parse(text)


def _account(email: str) -> str:
    return email[:MAX_ADDRESS].strip().lower()


def _known(account: str, network: str) -> str:
    return f"known/{account}/{network}"
