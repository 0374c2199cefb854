"""The cost of the request log: the product with the log switched on and off while it serves.

Run by `python -m benchmarks.request_log`. What counts are the ratios: of the rates, and of the
processors' time for one request, which other programs on the machine disturb less.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load
from benchmarks.load import Result
from benchmarks.product import SCRATCH, Product, product, served_by
from benchmarks.switched_log import SWITCH

WARM_UP = 2000  # requests
# Seconds after a switch until every process has seen it and what had gathered is written.
SETTLED = 1.5


@dataclass
class Measured:
    """Runs of one kind of request, each with the processors' seconds that the product took."""

    runs: list[Result] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return the median rate, the percentiles, and the CPU time of one request."""
        merged = Result(1.0, [one for run in self.runs for one in run.latencies])
        p50, p99 = (merged.percentile(share) * 1000 for share in (0.5, 0.99))
        rate = statistics.median(run.rate for run in self.runs)
        cost = sum(self.seconds) / len(merged.latencies) * 1_000_000
        errors = sum(len(run.errors) for run in self.runs)
        return f"{rate:8,.0f}/s {p50:6.1f} ms {p99:6.1f} ms {cost:6.0f} µs {errors:6} errors"


class Bench:
    """The served product with the codes of its orders."""

    def __init__(self, server: Product, switch: Path) -> None:
        self._server, self._switch = server, switch
        self._codes: list[str] = []

    def turn(self, *, on: bool) -> None:
        """Switch the log on or off."""
        if on:
            self._switch.touch()
        else:
            self._switch.unlink(missing_ok=True)
        time.sleep(SETTLED)

    def create(self, count: int) -> Result:
        """Create orders and keep their codes."""
        result = load.run(self._server.port, self._server.creates(count, "order"), expected=201)
        self._codes.extend(json.loads(body)["shortId"] for body in result.bodies)
        return result

    def read(self, count: int) -> Result:
        """Read orders by their codes."""
        return load.run(self._server.port, self._server.reads(self._codes, count), expected=200)

    def measure(self, into: Measured, run: Callable[[int], Result], count: int) -> None:
        """Run once and keep what it took, with the writing of what had gathered at its end."""
        before = self._server.processor_seconds()
        into.runs.append(run(count))
        time.sleep(SETTLED)
        into.seconds.append(self._server.processor_seconds() - before)


def measure(rounds: int, requests: int) -> None:
    """Measure with the log and without it in turn, and print the ratios."""
    creates = {on: Measured() for on in (False, True)}
    reads = {on: Measured() for on in (False, True)}
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        with product(folder, "") as server:
            secret = server.secret
        switch = folder / "log-is-on"
        factory = "benchmarks.switched_log:create_app"
        with served_by(factory, folder, secret, **{SWITCH: str(switch)}) as server:
            bench = Bench(server, switch)
            bench.create(WARM_UP)
            bench.read(WARM_UP)
            for number in range(2 * rounds):
                on = number % 4 in {1, 2}  # off, on, on, off: a drift favours neither
                bench.turn(on=on)
                bench.measure(creates[on], bench.create, requests)
                bench.measure(reads[on], bench.read, 2 * requests)
    print(f"{'':22}{'rate':>10} {'p50':>9} {'p99':>9} {'processor':>9}")
    show("creates", creates[True], creates[False])
    show("reads", reads[True], reads[False])


def show(what: str, with_log: Measured, without: Measured) -> None:
    """Print both sides and their ratios: the median of the rounds' rates, the sum of the costs."""
    print(f"{what + ' without the log':22}{without.line()}")
    print(f"{what + ' with the log':22}{with_log.line()}")
    rates = [on.rate / off.rate for on, off in zip(with_log.runs, without.runs, strict=True)]
    cost = sum(with_log.seconds) / sum(without.seconds)
    print(f"{'':22}rate x {statistics.median(rates):.2f}, processor x {cost:.2f}")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.request_log", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="alternating rounds of each (10)")
    parser.add_argument("--requests", type=int, default=4000, help="creates in a round (4000)")
    given = parser.parse_args()
    measure(given.rounds, given.requests)


if __name__ == "__main__":
    main()
