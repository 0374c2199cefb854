"""Addresses of links that call a phone number or write an e-mail (RFC 3966, RFC 6068)."""

import re
from urllib.parse import quote

_EXTENSION = re.compile(r"(?:ext\.?|x) ?([0-9]+)$", re.IGNORECASE)


def phone_address(phone: str) -> str:
    """Return the `tel:` address of a phone number that `phone_fault` accepts.

    A zero in parentheses behind a country code, as in +49 (0)30 1234, is not dialed.
    """
    extension = _EXTENSION.search(phone)
    main = phone[: extension.start()] if extension else phone
    if main.startswith("+"):
        main = main.replace("(0)", "")
    digits = re.sub(r"[^0-9]", "", main)
    plus = "+" if main.startswith("+") else ""
    return f"tel:{plus}{digits}" + (f";ext={extension[1]}" if extension else "")


def mail_address(email: str, subject: str = "") -> str:
    """Return the `mailto:` address of an e-mail address, with a subject unless it is empty."""
    address = f"mailto:{quote(email, safe='@')}"
    return f"{address}?subject={quote(subject)}" if subject else address
