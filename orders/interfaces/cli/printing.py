"""What commands print: one JSON object, or an error as JSON."""

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from orders.domain.errors import InvalidInput, OrderError

Command = Callable[..., dict[str, Any]]


def prints_json(command: Command) -> Callable[..., None]:
    """Return the command wrapped so that it prints its result as one JSON object.

    An OrderError is printed as JSON to standard error, and the exit code is then 1.
    """

    @functools.wraps(command)
    def wrapper(*args: Any, **options: Any) -> None:  # noqa: ANN401 - click's own parameters
        try:
            result = command(*args, **options)
        except OrderError as error:
            refused: dict[str, Any] = {"error": str(error)}
            if isinstance(error, InvalidInput):
                refused["errors"] = [asdict(fault) for fault in error.errors]
            click.echo(json.dumps(refused), err=True)
            sys.exit(1)
        click.echo(json.dumps(result))

    return wrapper
