"""Connections of SQLite that are kept open for single reads."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from orders.storage.prepared import Parameters, Prepared


class Readers:
    """As many connections as there were reads at once; lent without a pool's book-keeping."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: list[tuple[PoolProxiedConnection, Any]] = []
        self._is_closed = False

    def rows(self, statement: Prepared, parameters: Parameters) -> Sequence[Any]:
        """Read by one statement, outside of any transaction."""
        try:
            lent = self._free.pop()
        except IndexError:
            lent = self._open()
        try:
            found = statement.rows_of_driver(lent[1], parameters)
        except BaseException:
            lent[0].close()
            raise
        if self._is_closed:
            lent[0].close()
        else:
            self._free.append(lent)
        return found

    def close(self) -> None:
        """Close all connections; one that is lent closes when it comes back."""
        self._is_closed = True
        while self._free:
            self._free.pop()[0].close()

    def _open(self) -> tuple[PoolProxiedConnection, Any]:
        proxy = self._engine.raw_connection()
        driver = proxy.driver_connection
        # It is ours now: the pool neither counts it nor waits for it.
        proxy.detach()
        return proxy, driver
