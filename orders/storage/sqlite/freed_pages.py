"""Rewrites a database without the pages, and parts of pages, of deleted rows.

SQLite leaves what is deleted where it was until something else needs the place, and the write-ahead
log has it, too. That is fast, and not what an erased person expects.
"""

import sqlite3
import time
from contextlib import closing

TRIES, PAUSE = 50, 0.1  # to empty the log: 5 seconds in all


def rewrite(path: str) -> bool:
    """Rewrite the database at `path`, and empty its log; return whether the log is empty.

    The caller keeps all processes from writing. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as own:
        # The index of the search keeps what was deleted until it merges its parts.
        own.execute("INSERT INTO order_trigram (order_trigram) VALUES ('optimize')")
        own.execute("VACUUM")
        for _ in range(TRIES):
            is_busy, *_ = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not is_busy:
                return True
            time.sleep(PAUSE)
    return False
