"""How many of a configuration: the one rule for counts."""

from orders.rules.texts import Figure, mark

MAX_COUNT = 1_000_000
COUNT_SENTENCE = mark("A whole number from 1 to %(most)s.", most=Figure(MAX_COUNT))


def whole_count(value: object) -> int | None:
    """Give a valid count as an int, None for anything else: 2.0 is 2, "2" and true are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if 1 <= value <= MAX_COUNT else None
