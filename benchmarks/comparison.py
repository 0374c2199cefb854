"""`make bench-peers`: the product beside what others build the same with, in one run.

Every round measures each contender once, one after the other, because machines drift: only ratios
of figures of one run count. What the peers do and leave out is in benchmarks/peers/README.md.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.__main__ import BARE_REQUEST, merged, rate
from benchmarks.bare_loop import commits_per_second
from benchmarks.contenders import (
    BIN,
    CONNECTIONS,
    FASTAPI,
    FASTIFY,
    INSTALLED,
    POSTGRESQL,
    PRODUCT,
    SQLITE,
    Contender,
    install,
    peers_on,
    postgresql,
    products_on,
    versions,
)
from benchmarks.load import Result
from benchmarks.product import KEY, PAGE, SCRATCH, bare_flask
from orders.settings import PROJECT

WARM_UP = 300  # requests
LATENCIES = (1, 16, 64)  # connections
PLACED, CHECKED = "orders placed in the form", "fields checked"
# What the product promises, as ratios of medians: of what, over what, at least.
PROMISES = (
    ("creates", (PRODUCT, SQLITE), (FASTIFY, SQLITE), 1.2),
    ("creates", (PRODUCT, SQLITE), (FASTAPI, SQLITE), 7.0),
    ("reads", (PRODUCT, SQLITE), (FASTIFY, SQLITE), 0.6),
    ("creates", (PRODUCT, POSTGRESQL), (PRODUCT, SQLITE), 0.55),
    ("reads", (PRODUCT, POSTGRESQL), (PRODUCT, SQLITE), 0.35),
    ("creates", (PRODUCT, POSTGRESQL), (FASTAPI, POSTGRESQL), 5.0),
)


class Comparison:
    """All contenders and the limits of the machine."""

    def __init__(self, contenders: list[Contender], bare_port: int, folder: Path) -> None:
        self.contenders = contenders
        self._bare_port, self._folder = bare_port, folder
        self.loops: list[float] = []
        self.bare: list[Result] = []

    def run_round(self, requests: int) -> None:
        """Measure all of them once, one after the other."""
        self.loops.append(commits_per_second(self._folder, requests))
        bare = itertools.repeat(BARE_REQUEST, 2 * requests)
        self.bare.append(load.run(self._bare_port, bare, expected=200, connections=CONNECTIONS))
        for one in self.contenders:
            one.keep("creates", one.create(requests))
            one.keep("reads", one.read(2 * requests))
            if one.name == PRODUCT:
                for shape in (PAGE, KEY):
                    one.keep(f"creates, {shape}", one.create(requests, shape))
                one.keep(f"reads, {PAGE}", one.read(2 * requests, PAGE))
            if one.desk is not None:
                one.keep(PLACED, one.ask(one.desk.orders(requests), 303))
                one.keep(CHECKED, one.ask(one.desk.checks(requests), 200))

    def run_latencies(self, requests: int) -> None:
        """Measure creates and reads at several numbers of connections."""
        for connections, one in itertools.product(LATENCIES, self.contenders):
            one.keep(f"creates at {connections}", one.create(requests, connections=connections))
            one.keep(f"reads at {connections}", one.read(requests, connections=connections))

    def errors(self) -> list[str]:
        return [
            f"{one.name}, {one.database}, {what}: {error}"
            for one in self.contenders
            for what, results in one.results.items()
            for result in results
            for error in result.errors
        ]

    def plot(self, file: Path) -> None:
        """Plot the rates of creates and reads into an SVG file."""
        rates = [
            {
                "name": f"{one.name}, {one.database}",
                **{what: [r.rate for r in one.results[what]] for what in ("creates", "reads")},
            }
            for one in self.contenders
        ]
        results = INSTALLED / "results.json"
        results.write_text(json.dumps(rates))
        subprocess.run([BIN / "python", INSTALLED / "plots.py", results, file], check=True)

    def tables(self) -> str:
        """Return everything in Markdown: medians with their ranges, and ratios."""
        loop, bare = statistics.median(self.loops), rate(self.bare)
        lines = [
            "| | creates/s | p99/p50 | reads/s | start, s | memory, MB |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            f"| one durable row a commit; a bare Flask answer | {spread(self.loops)} | |"
            f" {spread([one.rate for one in self.bare])} | | |",
        ]
        for one in self.contenders:
            creates, reads = one.results["creates"], one.results["reads"]
            whole = merged(creates)
            lines.append(
                f"| {one.name}, {one.database} | {spread([r.rate for r in creates])} |"
                f" {whole.percentile(0.99) / whole.percentile(0.5):.1f} |"
                f" {spread([r.rate for r in reads])} | {one.start:.1f} | {one.memory:.0f} |"
            )
            for what in one.results:
                if what not in {"warm-up", "creates", "reads"} and " at " not in what:
                    shown = spread([r.rate for r in one.results[what]])
                    is_read = what.startswith(("reads", CHECKED))
                    before, after = ("| | ", "") if is_read else ("", " | |")
                    lines.append(f"| … {what} | {before}{shown} |{after} | |")
        lines += ["", "| p50; p99 in ms at " + ", ".join(map(str, LATENCIES)) + " connections"
                  " | creates | reads |", "| --- | --- | --- |"]  # fmt: skip
        for one in self.contenders:
            cells = [
                ", ".join(
                    "{:.1f}; {:.1f}".format(
                        *(
                            1000 * merged(one.results[f"{what} at {n}"]).percentile(share)
                            for share in (0.5, 0.99)
                        )
                    )
                    for n in LATENCIES
                )
                for what in ("creates", "reads")
            ]
            lines.append(f"| {one.name}, {one.database} | {cells[0]} | {cells[1]} |")
        lines += ["", "| promise | ratio | kept? |", "| --- | ---: | --- |"]
        own = self._named(PRODUCT, SQLITE)
        ratios = [
            ("creates, SQLite, of bare commits", rate(own.results["creates"]) / loop, 0.42),
            ("reads, SQLite, of bare Flask", rate(own.results["reads"]) / bare, 0.6),
        ]
        for what, whose, of, promise in PROMISES:
            mine, other = (rate(self._named(*one).results[what]) for one in (whose, of))
            ratios.append(
                (f"{what}, {', '.join(whose)}, of {', '.join(of)}", mine / other, promise)
            )
        lines += [
            f"| {what} at least {promise} | {ratio:.2f} | {'yes' if ratio >= promise else 'no'} |"
            for what, ratio, promise in ratios
        ]
        return "\n".join(lines)

    def _named(self, name: str, database: str) -> Contender:
        return next(one for one in self.contenders if (one.name, one.database) == (name, database))


def spread(values: list[float]) -> str:
    """Return the median and the range of rates."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def measure(rounds: int, requests: int, show: Callable[[str], None]) -> bool:
    """Measure all, print the tables, and return whether no request failed."""
    install()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        folder.chmod(0o711)  # for PostgreSQL's user
        urls = stack.enter_context(postgresql(folder))
        contenders = products_on(stack, folder, urls[PRODUCT])
        contenders += peers_on(stack, folder, urls)
        comparison = Comparison(contenders, stack.enter_context(bare_flask()), folder)
        for one in contenders:
            one.keep("warm-up", one.create(WARM_UP))
            one.keep("warm-up", one.read(WARM_UP))
        for at in range(rounds):
            comparison.run_round(requests)
            print(f"round {at + 1} of {rounds}", file=sys.stderr)
        comparison.run_latencies(requests)
        show(versions())
        show(comparison.tables())
        comparison.plot(PROJECT / "docs" / "benchmarks-peers.svg")
        errors = comparison.errors()
        show(f"\n{len(errors)} errors" + "".join(f"\n  {one}" for one in errors[:20]))
    return not errors


def main() -> int:
    """Read the options; exit code 1 when a request failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--requests", type=int, default=1000, help="creates in a round (1000)")
    given = parser.parse_args()
    return 0 if measure(given.rounds, given.requests, print) else 1


if __name__ == "__main__":
    sys.exit(main())
