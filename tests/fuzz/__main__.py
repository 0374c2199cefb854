"""The long form (`make fuzz`): thousands of generated requests, other ones each time."""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Target, campaign, prepare
from tests.processes.server import running

EXAMPLES = 300
FEWEST = 2_000  # requests; fewer mean that something kept schemathesis from its work


def main() -> int:
    """Run a long campaign as a script and a shorter one as a web page; 0 when all checks held."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as server:
        target = prepare(server)
        cases, is_clean = 0, True
        for caller, headers, examples in _callers(target):
            outcome = campaign(target, Path(name), headers=headers, examples=examples, seed=None)
            print(f"As {caller}:\n{outcome.report}", flush=True)
            cases += outcome.cases
            is_clean &= outcome.is_clean
        log = server.log.read_text("utf-8")
    is_clean &= "Traceback" not in log
    print(f"{cases:,} requests; {'every check held' if is_clean else 'see above'}.")
    return 0 if is_clean and cases >= FEWEST else 1


def _callers(target: Target) -> tuple[tuple[str, dict[str, str], int], ...]:
    return (
        ("a script with a private token", target.private, EXAMPLES),
        ("a web page with a public token", target.public, EXAMPLES // 3),
    )


if __name__ == "__main__":
    sys.exit(main())
