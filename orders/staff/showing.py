"""How the desk's pages show values that may be anything, and the names of the statuses."""

import json

from orders.rules.status import STATUS_TEXTS, Status, read_status
from orders.web.language import translated


def status_names() -> dict[Status, str]:
    """Give the states in their order, with what people read in the page's language."""
    return {status: translated(text) for status, text in STATUS_TEXTS.items()}


def status_name(value: str) -> str:
    """Give what people read for a wire name; anything else as it is."""
    status = read_status(value)
    return value if status is None else translated(STATUS_TEXTS[status])


def as_json(value: object) -> str:
    """Give a text as it is, and any other JSON value as JSON text that people can read."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
