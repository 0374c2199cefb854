"""Progress bars of long commands: on standard error, and only at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

# Called with the number of steps; returns what is called with each number of steps done.
Begin = Callable[[int], Callable[[int], object]]


@contextmanager
def progress_bar(label: str) -> Iterator[Begin]:
    """Give a function that shows a bar as soon as it is called, until the `with` block ends.

    Nothing is shown unless standard error is a terminal.
    """
    with ExitStack() as stack:

        def begin(length: int) -> Callable[[int], object]:
            if not sys.stderr.isatty():
                return lambda _: None
            shown = click.progressbar(length=length, label=label, file=sys.stderr)
            return stack.enter_context(shown).update

        yield begin
