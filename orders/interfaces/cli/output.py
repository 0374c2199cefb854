"""What commands print: for people by `shortorder`, and JSON by `--json` or `flask --app app`."""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from orders.domain.errors import InvalidInput, OrderError

Row = dict[str, Any]
Command = Callable[..., Row | list[Row] | None]
# A key of `click.Context.meta`; it is there if people read what is printed.
FOR_PEOPLE = "orders.for_people"
ABBREVIATIONS = {"id": "ID", "url": "URL", "e mail": "e-mail"}
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


def prints(
    sentence: str | Callable[[Row], str] = "", *, empty: str = "There are none."
) -> Callable[[Command], Callable[..., None]]:
    """Return a decorator that prints what a command returns: an object, or a list of objects.

    People get `sentence`, a format string with the keys of the object, or a function that returns
    one for an object; without it they get a table. An empty list is the sentence `empty`. With the
    option `--json`, which is added, and always in `flask --app app`, it is printed as JSON. An
    OrderError is printed to standard error, likewise, and the exit code is then 1.
    """

    def decorate(command: Command) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapper(*args: Any, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's own parameters
            is_json = not is_for_people(as_json=as_json)
            try:
                result = command(*args, **options)
            except OrderError as error:
                fail(error, is_json=is_json)
            if result is None:  # the command has written to standard output itself
                return
            if is_json:
                click.echo(json.dumps(result, default=_as_json))
            elif sentence and isinstance(result, dict):
                said = sentence(result) if callable(sentence) else sentence
                click.echo(said.format_map({key: _text(one) for key, one in result.items()}))
            elif isinstance(result, dict):
                click.echo(
                    aligned(
                        [
                            (click.style(_title(key), bold=True), _text(value))
                            for key, value in result.items()
                        ]
                    )
                )
            else:
                click.echo(table(result) if result else empty)

        return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(wrapper)

    return decorate


def is_for_people(*, as_json: bool) -> bool:
    """Return whether people read what is printed; `as_json` is the option `--json`."""
    return not as_json and FOR_PEOPLE in click.get_current_context().meta


def table(rows: list[Row]) -> str:
    """Return rows with the same keys as a table with a heading, whose columns are aligned."""
    heading = [click.style(_title(key), bold=True) for key in rows[0]]
    return aligned([heading, *([_text(value) for value in row.values()] for row in rows)])


def aligned(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of texts, which may have styles, with columns of the same width."""
    lines = [list(row) for row in rows]
    widths = [max(len(click.unstyle(one)) for one in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            one + " " * (width - len(click.unstyle(one)))
            for one, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def fail(error: OrderError, *, is_json: bool) -> NoReturn:
    """Print an error to standard error, as JSON or for people, and exit with the code 1."""
    faults = error.errors if isinstance(error, InvalidInput) else ()
    if is_json:
        refused: Row = {"error": str(error)}
        if isinstance(error, InvalidInput):
            refused["errors"] = [asdict(fault) for fault in faults]
        click.echo(json.dumps(refused), err=True)
        sys.exit(1)
    lines = [f"{one.path}: {one.message}" for one in faults] or [str(error)]
    raise click.ClickException("\n".join(map(_printable, lines)))


def _title(key: str) -> str:
    words = _CAPITAL.sub(r" \1", key).lower()
    return "ID" if words == "id" else words[:1].upper() + words[1:]


def _text(value: object) -> str:
    """Return a value as people read it, in one line and without control characters."""
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
