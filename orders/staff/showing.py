"""How the desk's pages show values that may be anything."""

import json


def as_json(value: object) -> str:
    """Give a text as it is, and any other JSON value as JSON text that people can read."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
