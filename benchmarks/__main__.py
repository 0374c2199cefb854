"""`make bench`: creates and reads of the product beside the limits of disk and server, in one run.

Machines differ and drift, so what counts are ratios of figures that were measured in turn.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load
from benchmarks.bare_loop import commits_per_second
from benchmarks.load import Result
from benchmarks.product import KEY, PAGE, SCRATCH, SERVER, Product, bare_flask, product

CONNECTIONS = 16
WARM_UP = 500  # requests
BARE_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# What the product promises of each shape of request (docs/benchmarks.md).
CREATES_OF_LOOP = {SERVER: 0.42, KEY: 0.36, PAGE: 0.36}
READS_OF_BARE = {SERVER: 0.60, PAGE: 0.60}
TAIL = 4.0  # of the median


@dataclass
class Figures:
    """The results of all rounds; those of creates and reads by the shape of the request."""

    loops: list[float] = field(default_factory=list)
    bare: list[Result] = field(default_factory=list)
    made: dict[str, list[Result]] = field(default_factory=lambda: {s: [] for s in CREATES_OF_LOOP})
    read: dict[str, list[Result]] = field(default_factory=lambda: {s: [] for s in READS_OF_BARE})

    @property
    def errors(self) -> list[str]:
        """Return the errors of all rounds."""
        results = itertools.chain(self.bare, *self.made.values(), *self.read.values())
        return [error for result in results for error in result.errors]


def run(server: Product, bare_port: int, folder: Path, given: argparse.Namespace) -> Figures:
    """Warm up and measure, everything in turn in each round."""
    figures = Figures()
    codes: list[str] = []

    def create(count: int, name: str, shape: str) -> Result:
        requests = server.creates(count, name, shape)
        result = load.run(server.port, requests, expected=201, connections=CONNECTIONS)
        codes.extend(json.loads(body)["shortId"] for body in result.bodies)
        return result

    def read(count: int, shape: str) -> Result:
        requests = server.reads(codes, count, shape)
        return load.run(server.port, requests, expected=200, connections=CONNECTIONS)

    def ask_bare(count: int) -> Result:
        requests = itertools.repeat(BARE_REQUEST, count)
        return load.run(bare_port, requests, expected=200, connections=CONNECTIONS)

    for shape in figures.made:
        create(WARM_UP, "warm", shape)
    for shape in figures.read:
        read(WARM_UP, shape)
    ask_bare(WARM_UP)
    for number in range(given.rounds):
        figures.loops.append(commits_per_second(folder, given.requests))
        for shape, made in figures.made.items():
            made.append(create(given.requests, f"round {number}", shape))
        for shape, answers in figures.read.items():
            answers.append(read(2 * given.requests, shape))
        figures.bare.append(ask_bare(2 * given.requests))
    if given.creates:
        figures.made[SERVER].append(create(given.creates, "long", SERVER))
    return figures


def rate(results: list[Result]) -> float:
    """Return the median rate of the rounds."""
    return statistics.median(result.rate for result in results)


def merged(results: list[Result]) -> Result:
    """Return the latencies of all rounds as one result."""
    return Result(1.0, [one for result in results for one in result.latencies])


def report(figures: Figures) -> bool:
    """Print the table and the promises; return whether each was kept."""
    loop = statistics.median(figures.loops)
    rows = [("bare Flask answer", figures.bare)]
    rows += [(f"creates, {shape}", results) for shape, results in figures.made.items()]
    rows += [(f"reads, {shape}", results) for shape, results in figures.read.items()]
    print(f"{'':34}{'a second':>10}{'p50 ms':>9} {'p99 ms':>7}")
    print(f"{'one durable row a commit, bare':34}{loop:10,.0f}")
    for name, results in rows:
        spread = [merged(results).percentile(share) * 1000 for share in (0.5, 0.99)]
        print(f"{name:34}{rate(results):10,.0f}  {spread[0]:7.1f} {spread[1]:7.1f}")
    print()
    kept = not figures.errors
    for shape, promise in CREATES_OF_LOOP.items():
        made = figures.made[shape]
        kept &= _promise(f"creates / commits, {shape}", rate(made) / loop, promise)
        tail = merged(made).percentile(0.99) / merged(made).percentile(0.5)
        kept &= _promise(f"creates p99 / p50, {shape}", tail, TAIL, is_most=True)
    for shape, promise in READS_OF_BARE.items():
        share = rate(figures.read[shape]) / rate(figures.bare)
        kept &= _promise(f"reads / bare Flask, {shape}", share, promise)
    total = sum(len(result.latencies) for result in itertools.chain(*figures.made.values()))
    print(f"{'errors':42}{len(figures.errors):6}  in {total:,} creates")
    for error in figures.errors[:5]:
        print(f"  {error}")
    return kept


def _promise(what: str, value: float, promise: float, *, is_most: bool = False) -> bool:
    is_kept = value <= promise if is_most else value >= promise
    word = "at most" if is_most else "at least"
    print(f"{what:42}{value:6.2f}  {word} {promise:.2f}: {'kept' if is_kept else 'MISSED'}")
    return is_kept


def main() -> int:
    """Read the options; exit code 1 when a promise was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--requests", type=int, default=2000, help="creates in a round (2000)")
    parser.add_argument("--creates", type=int, default=0, help="a long run of creates at the end")
    parser.add_argument("--database", default="", help="a PostgreSQL URL in place of SQLite")
    given = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        (folder / "product").mkdir()
        with product(folder / "product", given.database) as server, bare_flask() as port:
            figures = run(server, port, folder, given)
    return 0 if report(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
