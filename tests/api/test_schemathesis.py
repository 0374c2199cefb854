"""The short form of `make fuzz`: the same generated requests each time, all checks on."""

from collections.abc import Iterator

import pytest

from tests.fuzz.campaign import ALL_PHASES, Target, as_page, as_script, prepare
from tests.processes.server import running

EXAMPLES = 3  # random requests of an operation and kind; examples and links come on top
SEED = 20261124
# `make soak` adds the boundaries of every constraint, for which it sends a thousand requests.
SHORT = "examples,fuzzing,stateful"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running(tmp_path_factory.mktemp("served"), WORKERS="1") as server:
        yield prepare(server)
        assert "Traceback" not in server.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("phases", "cases"), [(SHORT, 200), pytest.param(ALL_PHASES, 1_000, marks=pytest.mark.soak)]
)
def test_a_script_is_answered_as_described(target: Target, phases: str, cases: int) -> None:
    outcome = as_script(target, examples=EXAMPLES, seed=SEED, phases=phases)
    assert outcome.is_clean, outcome.report
    assert outcome.cases > cases, outcome.report
    assert outcome.links[0] > 0, outcome.report


def test_a_web_page_is_answered_as_described(target: Target) -> None:
    outcome = as_page(target, examples=EXAMPLES, seed=SEED, phases=SHORT)
    assert outcome.is_clean, outcome.report
    assert outcome.cases > 100, outcome.report
