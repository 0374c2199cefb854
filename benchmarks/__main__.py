"""`make bench`: creates and reads of the product beside the limits of disk and server, in one run.

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
from benchmarks.product import SCRATCH, Product, bare_flask, product

CONNECTIONS = 16
WARM_UP = 500  # requests
BARE_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# What the product promises (docs/benchmarks.md).
CREATES_OF_LOOP, READS_OF_BARE, TAIL = 0.3, 0.5, 5.0


def create(server: Product, count: int, name: str, codes: list[str]) -> Result:
    """Create orders and keep their codes."""
    result = load.run(
        server.port, server.creates(count, name), expected=201, connections=CONNECTIONS
    )
    codes.extend(json.loads(body)["shortId"] for body in result.bodies)
    return result


def rate(results: list[Result]) -> float:
    """Give the median rate of the rounds."""
    return statistics.median(result.rate for result in results)


def spread(results: list[Result]) -> str:
    """Give the 50th and 99th percentile over all rounds, in milliseconds."""
    merged = Result(1.0, [one for result in results for one in result.latencies])
    return f"{merged.percentile(0.5) * 1000:7.1f} {merged.percentile(0.99) * 1000:7.1f}"


def measure(rounds: int, requests: int, creates: int, database_url: str) -> bool:
    """Measure, print the table, and tell whether every promise was kept."""
    loops: list[float] = []
    made: list[Result] = []
    read: list[Result] = []
    bare: list[Result] = []
    codes: list[str] = []
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        (folder / "product").mkdir()
        with (
            product(folder / "product", database_url) as server,
            bare_flask() as port,
        ):
            create(server, WARM_UP, "warm", codes)
            load.run(server.port, server.reads(codes, WARM_UP), expected=200)
            load.run(port, itertools.repeat(BARE_REQUEST, WARM_UP), expected=200)
            for number in range(rounds):
                loops.append(commits_per_second(folder, requests))
                made.append(create(server, requests, f"round {number}", codes))
                reads = server.reads(codes, 2 * requests)
                read.append(load.run(server.port, reads, expected=200, connections=CONNECTIONS))
                answers = itertools.repeat(BARE_REQUEST, 2 * requests)
                bare.append(load.run(port, answers, expected=200, connections=CONNECTIONS))
            if creates:
                made.append(create(server, creates, "long", codes))
    loop = statistics.median(loops)
    errors = [error for result in (*made, *read, *bare) for error in result.errors]
    print(f"{'':34}{'a second':>10}{'p50 ms':>9} {'p99 ms':>7}")
    print(f"{'one durable row a commit, bare':34}{loop:10,.0f}")
    print(f"{'creates (3 lines, 4 attributes)':34}{rate(made):10,.0f}  {spread(made)}")
    print(f"{'bare Flask answer':34}{rate(bare):10,.0f}  {spread(bare)}")
    print(f"{'reads by short ID':34}{rate(read):10,.0f}  {spread(read)}")
    merged = Result(1.0, [one for result in made for one in result.latencies])
    tail = merged.percentile(0.99) / merged.percentile(0.5)
    promises = (
        ("creates / bare commits", rate(made) / loop, "at least", CREATES_OF_LOOP),
        ("creates, p99 / p50", tail, "under", TAIL),
        ("reads / bare Flask answers", rate(read) / rate(bare), "at least", READS_OF_BARE),
    )
    print()
    kept = not errors
    for what, value, word, promise in promises:
        good = value < promise if word == "under" else value >= promise
        kept = kept and good
        print(f"{what:34}{value:10.2f}  {word} {promise}: {'kept' if good else 'MISSED'}")
    total = sum(len(result.latencies) for result in made)
    print(f"{'errors':34}{len(errors):10}  in {total:,} creates")
    for error in errors[:5]:
        print(f"  {error}")
    return kept


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
