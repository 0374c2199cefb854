"""How services report the progress of what takes long; only commands show it."""

from collections.abc import Callable

Step = Callable[[int], object]
# Called with what is done, for people, and the number of its steps, 0 if that is unknown. It
# returns what is called with each number of steps that were done.
Begin = Callable[[str, int], Step]


def no_steps(_steps: int) -> None:
    """Report nothing."""


def no_progress(_what: str, _steps: int) -> Step:
    """Report nothing."""
    return no_steps
