"""Keeps the hooks of extensions to the doors that need them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask


@contextmanager
def hooks_for(app: Flask, blueprints: Iterable[str]) -> Iterator[None]:
    """Let the hooks that extensions add inside this block run for these blueprints alone.

    Extensions hook into every request of the application. The JSON door has no forms, sessions and
    limits, and would pay a fifth of its time for them. The hooks come before those that the
    blueprints have already.
    """
    tables: tuple[dict[Any, list[Any]], ...] = (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
    )
    had = [len(table.get(None, [])) for table in tables]
    yield
    for table, count in zip(tables, had, strict=True):
        added = table.get(None, [])[count:]
        del table.get(None, [])[count:]
        for name in blueprints:
            table[name] = [*added, *table.get(name, [])]
