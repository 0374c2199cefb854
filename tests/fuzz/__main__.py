"""The long form (`make fuzz`): thousands of generated requests, other ones each time."""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import as_page, as_script, prepare
from tests.processes.server import running

EXAMPLES = 200
FEWEST = 2_000  # requests; fewer mean that something kept schemathesis from its work


def main() -> int:
    """Run a long campaign as a script and a shorter one as a web page; 0 when all checks held."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as server:
        target = prepare(server)
        script = as_script(target, examples=EXAMPLES, seed=None)
        print(f"As a script with a private token:\n{script.report}", flush=True)
        page = as_page(target, examples=EXAMPLES // 4, seed=None)
        print(f"As a web page with a public token:\n{page.report}", flush=True)
        log = server.log.read_text("utf-8")
    cases = script.cases + page.cases
    faults = [
        *(["a check failed"] if not (script.is_clean and page.is_clean) else []),
        *(["the server's log has a traceback"] if "Traceback" in log else []),
        *([f"fewer than {FEWEST:,} requests"] if cases < FEWEST else []),
        # Where nobody went, nothing was tried.
        *(["not every link was followed"] if script.links[0] < script.links[1] else []),
    ]
    print(f"{cases:,} requests: {'; '.join(faults) or 'every check held'}.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
