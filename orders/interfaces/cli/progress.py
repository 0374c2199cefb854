"""Progress bars of long commands: on standard error, and only at a terminal."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from orders.services.progress import Begin, Step, no_steps


@contextmanager
def progress_bars() -> Iterator[Begin]:
    """Provide a function that shows a bar until it is called again, or until the `with` block ends.

    Nothing is shown unless standard error is a terminal.
    """
    with ExitStack() as stack:

        def begin(what: str, steps: int) -> Step:
            stack.close()
            if not steps or not sys.stderr.isatty():
                return no_steps
            shown = click.progressbar(length=steps, label=what, file=sys.stderr)
            return stack.enter_context(shown).update

        yield begin
