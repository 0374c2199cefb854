"""`make bench`: creates and reads of the product beside the limits of disk and server.

Machines differ and drift, so what counts are ratios of figures that were measured in turn.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import load
from benchmarks.bare_loop import commits_per_second
from benchmarks.load import Result
from benchmarks.product import HEADER, KEY, PAGE, SCRATCH, Product, bare_flask, product

CONNECTIONS = 16
WARM_UP = 500  # requests
BARE_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# What the product promises (docs/benchmarks.md): ratios to the bare loop and the bare answers.
CREATES_OF_LOOP = {HEADER: 0.42, PAGE: 0.36, KEY: 0.36}
READS_OF_BARE = {HEADER: 0.6, PAGE: 0.6}
TAIL = 4.0  # of creates: the 99th percentile to the median


class Bench:
    """The product and its limits, measured in turn: runs by their kind."""

    def __init__(self, server: Product, bare_port: int, folder: Path) -> None:
        self._server, self._bare_port, self._folder = server, bare_port, folder
        self._codes: list[str] = []
        self.loops: list[float] = []
        self.bare: list[Result] = []
        self.creates: dict[str, list[Result]] = {shape: [] for shape in CREATES_OF_LOOP}
        self.reads: dict[str, list[Result]] = {shape: [] for shape in READS_OF_BARE}

    def warm_up(self) -> None:
        """Send some requests of each kind, which do not count."""
        for shape in self.creates:
            self._create(WARM_UP, "warm", shape)
        for shape in self.reads:
            self._read(WARM_UP, shape)
        self._ask_bare(WARM_UP)

    def run_round(self, number: int, requests: int) -> None:
        """Measure the limits and each kind of request once, one after the other."""
        self.loops.append(commits_per_second(self._folder, requests))
        for shape, runs in self.creates.items():
            runs.append(self._create(requests, f"round {number}", shape))
        for shape, runs in self.reads.items():
            runs.append(self._read(2 * requests, shape))
        self.bare.append(self._ask_bare(2 * requests))

    def run_long(self, count: int) -> None:
        """Create many orders in one run."""
        self.creates[HEADER].append(self._create(count, "long", HEADER))

    def _create(self, count: int, name: str, shape: str) -> Result:
        requests = self._server.creates(count, name, shape)
        result = load.run(self._server.port, requests, expected=201, connections=CONNECTIONS)
        self._codes.extend(json.loads(body)["shortId"] for body in result.bodies)
        return result

    def _read(self, count: int, shape: str) -> Result:
        requests = self._server.reads(self._codes, count, shape)
        return load.run(self._server.port, requests, expected=200, connections=CONNECTIONS)

    def _ask_bare(self, count: int) -> Result:
        requests = itertools.repeat(BARE_REQUEST, count)
        return load.run(self._bare_port, requests, expected=200, connections=CONNECTIONS)

    def report(self) -> bool:
        """Print the table; return whether every promise was kept and no request failed."""
        loop = statistics.median(self.loops)
        print(f"{'':44}{'a second':>10}{'p50 ms':>9} {'p99 ms':>7}")
        print(f"{'one durable row a commit, bare':44}{loop:10,.0f}")
        print_rate("bare Flask answer", self.bare)
        for shape, runs in self.creates.items():
            print_rate(f"creates, {shape}", runs)
        for shape, runs in self.reads.items():
            print_rate(f"reads, {shape}", runs)
        print()
        kept = [
            print_ratio(f"creates / commits, {shape}", rate(runs) / loop, CREATES_OF_LOOP[shape])
            for shape, runs in self.creates.items()
        ]
        kept += [
            print_ratio(f"creates, p99 / p50, {shape}", tail(runs), TAIL, is_most=True)
            for shape, runs in self.creates.items()
        ]
        kept += [
            print_ratio(
                f"reads / bare answers, {shape}", rate(runs) / rate(self.bare), READS_OF_BARE[shape]
            )
            for shape, runs in self.reads.items()
        ]
        runs = list(itertools.chain(self.bare, *self.creates.values(), *self.reads.values()))
        errors = [error for result in runs for error in result.errors]
        print(f"{'errors':44}{len(errors):10}  in {sum(len(r.latencies) for r in runs):,} requests")
        for error in errors[:5]:
            print(f"  {error}")
        return all(kept) and not errors


def merged(results: list[Result]) -> Result:
    """Return the latencies of all rounds together."""
    return Result(1.0, [one for result in results for one in result.latencies])


def rate(results: list[Result]) -> float:
    """Return the median rate of the rounds."""
    return statistics.median(result.rate for result in results)


def tail(results: list[Result]) -> float:
    """Return the 99th percentile over all rounds, as a multiple of the median."""
    whole = merged(results)
    return whole.percentile(0.99) / whole.percentile(0.5)


def print_rate(what: str, results: list[Result]) -> None:
    """Print the rate with the 50th and 99th percentile over all rounds, in milliseconds."""
    p50, p99 = (merged(results).percentile(share) * 1000 for share in (0.5, 0.99))
    print(f"{what:44}{rate(results):10,.0f}  {p50:7.1f} {p99:7.1f}")


def print_ratio(what: str, value: float, promise: float, *, is_most: bool = False) -> bool:
    """Print a ratio beside what is promised; return whether the promise was kept."""
    is_kept = value <= promise if is_most else value >= promise
    words = f"at {'most' if is_most else 'least'} {promise}: {'kept' if is_kept else 'MISSED'}"
    print(f"{what:44}{value:10.2f}  {words}")
    return is_kept


def measure(rounds: int, requests: int, creates: int, database_url: str) -> bool:
    """Measure, print the table, and return whether every promise was kept."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        (folder / "product").mkdir()
        with product(folder / "product", database_url) as server, bare_flask() as port:
            bench = Bench(server, port, folder)
            bench.warm_up()
            for number in range(rounds):
                bench.run_round(number, requests)
            if creates:
                bench.run_long(creates)
    return bench.report()


def main() -> int:
    """Read the options; exit code 1 when a promise was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--requests", type=int, default=2000, help="creates in a round (2000)")
    parser.add_argument("--creates", type=int, default=0, help="a long run of creates at the end")
    parser.add_argument("--database", default="", help="a PostgreSQL URL in place of SQLite")
    given = parser.parse_args()
    return 0 if measure(given.rounds, given.requests, given.creates, given.database) else 1


if __name__ == "__main__":
    sys.exit(main())
