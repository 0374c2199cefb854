"""The product's version, which is written once: in `pyproject.toml`."""

import tomllib
from functools import cache
from importlib import metadata

from orders.settings import PROJECT


@cache
def version() -> str:
    """Return the version, such as `0.1.0`.

    In a clone it is read from `pyproject.toml`, otherwise from what the installed package says of
    itself.
    """
    file = PROJECT / "pyproject.toml"
    if file.exists():
        found: str = tomllib.loads(file.read_text("utf-8"))["project"]["version"]
        return found
    return metadata.version("shortorder")
