"""E-mail addresses: which texts may stand as the one receiver of a message."""

import re

MAX_ADDRESS = 254  # characters (RFC 5321)
# Plain addresses only: no names, no lists, no quotes, nothing that could end a header.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_mail_address(text: str) -> bool:
    """Tell whether the text is exactly one e-mail address."""
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None
