"""How a cart line names a configuration: by a UUID or a short ID."""

import re

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{7,14}")


def read_uuid(text: str) -> str | None:
    """Give a UUID in canonical form, small letters with hyphens; None for any other text."""
    return text.lower() if _UUID.fullmatch(text) else None


def is_short_id(text: str) -> bool:
    """Tell whether the text has the form of a configuration's short ID."""
    return _SHORT_ID.fullmatch(text) is not None


def is_configuration_id(text: str) -> bool:
    """Tell whether the text can name a configuration at all."""
    return _UUID.fullmatch(text) is not None or is_short_id(text)
