"""The long form (`make fuzz`): thousands of generated requests, different ones each time."""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import as_page, as_script, prepare
from tests.processes.server import running

EXAMPLES = 200
FEWEST = 2_000  # requests; fewer mean that something kept schemathesis from its work


def main() -> int:
    """Run long campaigns as a script and a shorter one as a web page; 0 when all checks passed."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as server:
        target = prepare(server)
        # First: later the org has as many webhooks as an org may have.
        ways = as_script(target, examples=EXAMPLES, seed=None, phases="stateful")
        print(f"As a script, by links:\n{ways.report}", flush=True)
        phases = "examples,coverage,fuzzing"
        script = as_script(target, examples=EXAMPLES, seed=None, phases=phases)
        print(f"As a script:\n{script.report}", flush=True)
        page = as_page(target, examples=EXAMPLES // 4, seed=None)
        print(f"As a web page:\n{page.report}", flush=True)
        log = server.log.read_text("utf-8")
    if "Traceback" in log:
        print(f"The server's log:\n{log[log.index('Traceback') :][:8_000]}", flush=True)
    outcomes = (ways, script, page)
    cases = sum(one.cases for one in outcomes)
    faults = [
        *([] if all(one.is_clean for one in outcomes) else ["a check failed"]),
        *(["the server's log has a traceback"] if "Traceback" in log else []),
        *([f"fewer than {FEWEST:,} requests"] if cases < FEWEST else []),
        # Where nobody went, nothing was tried.
        *(["not every link was followed"] if ways.links[0] < ways.links[1] else []),
    ]
    print(f"{cases:,} requests: {'; '.join(faults) or 'every check held'}.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
