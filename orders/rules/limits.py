"""Limits that protect the service; each is a setting. Going over one says which and what it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, with their defaults. Sizes are bytes of compact UTF-8 JSON."""

    cart_lines: int = 1_000
    items: int = 1_000
    # Of `metadata`, `derivative`, `platform` and each line's `metadata`.
    metadata_bytes: int = 65_536
    # Levels of objects and arrays in one field.
    nesting: int = 16
    body_bytes: int = 1_048_576
