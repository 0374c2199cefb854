"""How long a miss takes: the same for a mistyped code and for one that nobody knows."""

import time
from collections.abc import Callable
from dataclasses import dataclass

# Seconds from a request's start to the answer of a miss. A look-up of an unknown code takes two to
# five milliseconds more than noticing a typing error; both are answered after this time.
MISS_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class MissPace:
    """Holds an answer back until its time has come.

    A database so busy that it takes longer is not hidden by this. Nothing secret hangs on it:
    anyone can compute a code's check character, and a code that exists shows its order.
    """

    seconds: float = MISS_SECONDS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def hold_back(self, started: float) -> None:
        """Wait until `seconds` after `started`, a reading of `clock`; not at all if it is later."""
        rest = started + self.seconds - self.clock()
        if rest > 0:
            self.sleep(rest)
