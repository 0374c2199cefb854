"""The short form of `make fuzz`: the same generated requests each time, all checks on."""

from collections.abc import Callable, Iterator

import pytest

from tests.fuzz.campaign import Outcome, Target, as_page, as_script, prepare
from tests.processes.server import running

EXAMPLES = 8  # random requests of an operation and kind; boundaries and links come on top
SEED = 20261124


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running(tmp_path_factory.mktemp("served")) as server:
        yield prepare(server)
        assert "Traceback" not in server.log.read_text("utf-8")


@pytest.mark.parametrize("campaign", [as_script, as_page])
def test_every_generated_request_is_answered_as_described(
    target: Target, campaign: Callable[..., Outcome]
) -> None:
    outcome = campaign(target, examples=EXAMPLES, seed=SEED)
    assert outcome.is_clean, outcome.report
    assert outcome.cases > 1_000, outcome.report
    assert outcome.links[0] > 0, outcome.report
