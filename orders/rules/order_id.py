"""An order's UUID: version 7 (RFC 9562, section 5.7), which begins with the time.

Neighbours in time are neighbours in every index that holds the ID, so that a group of new orders
touches a few pages of the database in place of one for each index entry.
"""

import secrets
import uuid
from datetime import datetime

_RANDOM_BITS = 74


def new_order_id(at: datetime) -> str:
    """Give a UUID for an order that is made at this moment, in canonical form."""
    milliseconds = int(at.timestamp() * 1000)
    random = secrets.randbits(_RANDOM_BITS)
    version, variant = 7, 0b10
    first, second = random >> 62, random & (1 << 62) - 1
    return str(
        uuid.UUID(int=milliseconds << 80 | version << 76 | first << 64 | variant << 62 | second)
    )
