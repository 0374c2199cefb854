"""The limit of the disk: one durable SQLite row per transaction, in a bare loop."""

import sqlite3
import time
from pathlib import Path

ROW = "x" * 700  # about the size of an order of three lines


def commits_per_second(folder: Path, commits: int) -> float:
    """Commit one row after the other, as durable as the product's own, and give the rate."""
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, text TEXT)")
    started = time.perf_counter()
    for _ in range(commits):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (text) VALUES (?)", (ROW,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return commits / seconds
