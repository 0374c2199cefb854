"""Two ways for two processes to share SQLite's one writer, in alternating rounds.

`python -m benchmarks.write_queue`. Either each thread begins for itself and waits by SQLite's own
back-off, or the product groups waiting writes and the processes queue for a file lock.
"""

import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from benchmarks.product import SCRATCH
from orders.storage import database  # noqa: F401 - it makes every SQLite connection durable
from orders.storage.sqlite.group_commit import GroupWriter

PROCESSES, THREADS = 2, 8
SECONDS = 3.0
ROUNDS = 3
INSERT = text("INSERT INTO written (text) VALUES (:text)")
ROW = {"text": "x" * 700}

Write = Callable[[], None]


def work(connection: Connection) -> None:
    """Insert one row."""
    connection.execute(INSERT, ROW)


def each_for_itself(engine: Engine) -> Write:
    """Return a write that begins at once and waits for the lock by itself."""
    immediate = engine.execution_options(sqlite_begin="IMMEDIATE")

    def write() -> None:
        with immediate.connect() as connection, connection.begin():
            work(connection)

    return write


def grouped(engine: Engine) -> Write:
    """Return a write by the product's own writer."""
    writer = GroupWriter(engine)
    return lambda: writer.run(work)


def load(way: Callable[[Engine], Write], file: Path, pipe: Pipe) -> None:
    """Write from THREADS threads for SECONDS and send every write's seconds."""
    write = way(create_engine(f"sqlite:///{file}", pool_size=THREADS + 1))
    ends = time.monotonic() + SECONDS
    taken: list[float] = []

    def run() -> None:
        while time.monotonic() < ends:
            started = time.perf_counter()
            write()
            taken.append(time.perf_counter() - started)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(taken)


def measure(way: Callable[[Engine], Write], folder: Path) -> tuple[float, float, float]:
    """Return writes per second, 99th over 50th percentile, and the slower process's share."""
    file = folder / f"{time.monotonic_ns()}.sqlite3"
    file.touch()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection, connection.begin():
        connection.execute(text("CREATE TABLE written (id INTEGER PRIMARY KEY, text TEXT)"))
    engine.dispose()
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(PROCESSES):
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=load, args=(way, file, sending))
        process.start()
        pipes.append(receiving)
        processes.append(process)
    taken: list[list[float]] = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    merged = sorted(one for times in taken for one in times)
    tail = merged[int(len(merged) * 0.99)] / merged[len(merged) // 2]
    return len(merged) / SECONDS, tail, min(map(len, taken)) / len(merged)


def main() -> None:
    """Measure both ways in turn and print the medians."""
    ways = {"each thread for itself": each_for_itself, "grouped, in turns": grouped}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        for _ in range(ROUNDS):
            for name, way in ways.items():
                found[name].append(measure(way, Path(folder)))
    print(f"{'':26}{'writes/s':>10}{'p99 / p50':>11}{'slower process':>16}")
    for name, results in found.items():
        rate, tail, share = (statistics.median(column) for column in zip(*results, strict=True))
        print(f"{name:26}{rate:10,.0f}{tail:11.1f}{share:15.0%}")


if __name__ == "__main__":
    main()
