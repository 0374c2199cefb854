"""How long the long tests take together, and how they say what they have measured."""

import os
from collections.abc import Callable

import pytest

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
# Names of faults, with commas between them; empty: all.
CHOSEN = os.environ.get("SOAK_FAULTS", "").split(",") if os.environ.get("SOAK_FAULTS") else []

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print a line at once, because an hour without one is long."""

    def print_it(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)  # noqa: T201 - what the test is for

    return print_it
