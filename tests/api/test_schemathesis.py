"""The short form of `make fuzz`: the same generated requests each time, all checks on."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.fuzz.campaign import ALL_PHASES, Target, as_page, as_script, prepare
from tests.processes.server import running

FEW, SOME = 1, 3  # random requests of an operation and kind; examples and links come on top
SEED = 20261124
# `make soak` sends more random requests, and adds the boundaries of every constraint: a thousand.
SHORT = "examples,fuzzing,stateful"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running(tmp_path_factory.mktemp("served"), WORKERS="1") as server:
        yield prepare(server)
        assert "Traceback" not in server.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("phases", "examples", "cases"),
    [(SHORT, FEW, 150), pytest.param(ALL_PHASES, SOME, 1_000, marks=pytest.mark.soak)],
)
def test_a_script_is_answered_as_described(
    target: Target, phases: str, examples: int, cases: int
) -> None:
    outcome = as_script(target, examples=examples, seed=SEED, phases=phases)
    assert outcome.is_clean, outcome.report
    assert outcome.cases > cases, outcome.report
    # Whether one follows a link depends on the IDs that the server made, so others are tried.
    others = (as_script(target, examples=SOME, seed=SEED + n, phases="stateful") for n in range(9))
    assert any(one.links[0] for one in chain([outcome], others)), outcome.report


@pytest.mark.parametrize("examples", [FEW, pytest.param(SOME, marks=pytest.mark.soak)])
def test_a_web_page_is_answered_as_described(target: Target, examples: int) -> None:
    outcome = as_page(target, examples=examples, seed=SEED, phases=SHORT)
    assert outcome.is_clean, outcome.report
    assert outcome.cases > 100, outcome.report
