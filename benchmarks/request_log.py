"""What the request log costs: the same product with the log and without it, in turn, in one run.

Run by `python -m benchmarks.request_log`. What counts are the ratios: of the rates, and of the
processors' time for one request, which other programs on the machine disturb less.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load
from benchmarks.load import Result
from benchmarks.product import SCRATCH, Product, product

WARM_UP = 500  # requests
WITHOUT, WITH = "0", "14"  # days for which the log is kept


@dataclass
class Measured:
    """Runs of one kind of request, each with the processors' seconds that the product took."""

    runs: list[Result] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Give the median rate, the percentiles and the processors' time of one request."""
        merged = Result(1.0, [one for run in self.runs for one in run.latencies])
        p50, p99 = (merged.percentile(share) * 1000 for share in (0.5, 0.99))
        rate = statistics.median(run.rate for run in self.runs)
        cost = sum(self.seconds) / len(merged.latencies) * 1_000_000
        errors = sum(len(run.errors) for run in self.runs)
        return f"{rate:8,.0f}/s {p50:6.1f} ms {p99:6.1f} ms {cost:6.0f} µs {errors:6} errors"


class Side:
    """One of the two products, with the codes of its orders; `creates` and `reads` are filled."""

    def __init__(self, server: Product, creates: Measured, reads: Measured) -> None:
        self.server, self.creates, self.reads = server, creates, reads
        self.codes: list[str] = []

    def create(self, count: int) -> Result:
        """Create orders and keep their codes."""
        result = load.run(self.server.port, self.server.creates(count, "order"), expected=201)
        self.codes.extend(json.loads(body)["shortId"] for body in result.bodies)
        return result

    def read(self, count: int) -> Result:
        """Read orders by their codes."""
        return load.run(self.server.port, self.server.reads(self.codes, count), expected=200)

    def measure(self, into: Measured, run: Callable[[int], Result], count: int) -> None:
        """Run once and keep what it took."""
        before = self.server.processor_seconds()
        into.runs.append(run(count))
        into.seconds.append(self.server.processor_seconds() - before)


def measure(starts: int, rounds: int, requests: int) -> None:
    """Measure both sides in turn and print the ratios.

    Two processes of one program differ by a tenth in speed, by where their memory happens to lie.
    So both sides are started anew several times, and every second time in the other order.
    """
    creates = {days: Measured() for days in (WITHOUT, WITH)}
    reads = {days: Measured() for days in (WITHOUT, WITH)}
    SCRATCH.mkdir(exist_ok=True)
    for start in range(starts):
        sequence = (WITHOUT, WITH) if start % 2 else (WITH, WITHOUT)
        with ExitStack() as stack:
            sides = []
            for days in sequence:
                folder = stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH))
                server = stack.enter_context(product(Path(folder), "", REQUEST_LOG_DAYS=days))
                sides.append(Side(server, creates[days], reads[days]))
            for side in sides:
                side.create(WARM_UP)
                side.read(WARM_UP)
            for number in range(rounds):
                order = sides if number % 2 else sides[::-1]
                for side in order:
                    side.measure(side.creates, side.create, requests)
                for side in order:
                    side.measure(side.reads, side.read, 2 * requests)
    print(f"{'':22}{'rate':>10} {'p50':>9} {'p99':>9} {'processor':>9}")
    show("creates", creates[WITH], creates[WITHOUT])
    show("reads", reads[WITH], reads[WITHOUT])


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
    parser.add_argument("--starts", type=int, default=8, help="fresh starts of both (8)")
    parser.add_argument("--rounds", type=int, default=2, help="alternating rounds of each (2)")
    parser.add_argument("--requests", type=int, default=4000, help="creates in a round (4000)")
    given = parser.parse_args()
    measure(given.starts, given.rounds, given.requests)


if __name__ == "__main__":
    main()
