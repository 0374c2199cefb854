"""How many requests one token may send: 429 beyond, with the seconds to wait in `Retry-After`."""

import math
import time

import limits
from flask import Flask
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from orders.access import Actor
from orders.settings import Settings


class TokenPace:
    """Counts the requests of each token; without a limit it counts nothing."""

    def __init__(self, settings: Settings) -> None:
        """Take API_LIMIT, and RATE_LIMIT_STORAGE for where to count."""
        self._limit = limits.parse(settings.api_limit) if settings.api_limit else None
        if self._limit is not None:
            storage = storage_from_string(settings.rate_limit_storage)
            self._counter = FixedWindowRateLimiter(storage)

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._limit is not None

    def count(self, actor: Actor) -> None:
        """Count a request. Raises TooManyRequests for one too many."""
        if self._limit is None or self._counter.hit(self._limit, actor.id):
            return
        reset = self._counter.get_window_stats(self._limit, actor.id).reset_time
        raise TooManyRequests(
            f"This token may send {self._limit}. Wait a moment.",
            retry_after=max(1, math.ceil(reset - time.time())),
        )


def pace_of(app: Flask) -> TokenPace:
    """Give the application's pace, which is made once."""
    pace: TokenPace | None = app.extensions.get("token_pace")
    if pace is None:
        pace = app.extensions["token_pace"] = TokenPace(app.config["SETTINGS"])
    return pace
