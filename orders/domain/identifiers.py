"""UUIDs, and the two ways in which a cart line names its configuration: by a UUID or a short ID."""

import re
import secrets
import uuid
from datetime import datetime

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{7,14}")
_RANDOM_BITS = 74


def read_uuid(text: str) -> str | None:
    """Return a UUID in canonical form, lowercase with hyphens; None for any other text."""
    return text.lower() if _UUID.fullmatch(text) else None


def is_short_id(text: str) -> bool:
    """Return whether the text has the form of a configuration's short ID."""
    return _SHORT_ID.fullmatch(text) is not None


def canonical_configuration_id(text: str) -> str | None:
    """Return a UUID in lowercase and a short ID as it is; None for any other text."""
    return read_uuid(text) or (text if is_short_id(text) else None)


def new_uuid(at: datetime) -> str:
    """Return a new UUID of version 7 (RFC 9562, section 5.7), which begins with the time.

    Rows that are inserted one after the other are then neighbors in every index that contains the
    ID, so that a group of new orders writes a few pages of the database.
    """
    milliseconds, random = int(at.timestamp() * 1000), secrets.randbits(_RANDOM_BITS)
    version, variant = 7, 0b10
    first, second = random >> 62, random & (1 << 62) - 1
    return str(
        uuid.UUID(int=milliseconds << 80 | version << 76 | first << 64 | variant << 62 | second)
    )
